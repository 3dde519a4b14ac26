"""The dashboards are what the code says, and every panel asks something."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from portero_infra.dashboards.__main__ import DASHBOARDS, FOLDER, drifted, text_of
from portero_infra.dashboards.model import Dashboard
from portero_infra.dashboards.queries import INSTANCES, at_instances
from tests.support.repository import ROOT

by_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.uid)


def test_the_committed_files_are_what_the_code_says() -> None:
    """No file of infra/grafana/dashboards differs from its code, is missing, or is left over."""
    assert drifted(FOLDER) == []


def test_a_changed_a_missing_and_a_foreign_file_are_drift(tmp_path: Path) -> None:
    """Each of the three is named."""
    kept, changed, missing, *_ = DASHBOARDS
    for dashboard in DASHBOARDS:
        (tmp_path / f"{dashboard.uid}.json").write_text(text_of(dashboard), encoding="utf-8")
    (tmp_path / f"{changed.uid}.json").write_text("{}", encoding="utf-8")
    (tmp_path / f"{missing.uid}.json").unlink()
    (tmp_path / "foreign.json").write_text("{}", encoding="utf-8")
    assert drifted(tmp_path) == sorted([f"{changed.uid}.json", f"{missing.uid}.json", "foreign.json"])
    assert f"{kept.uid}.json" not in drifted(tmp_path)


@by_dashboard
def test_every_panel_asks_a_question(dashboard: Dashboard) -> None:
    """Titles end with a question mark and are asked once; each panel has a unit, thresholds and queries."""
    questions = [panel.question for panel in dashboard.panels]
    assert all(question.endswith("?") for question in questions)
    assert len(set(questions)) == len(questions)
    for panel in json.loads(text_of(dashboard))["panels"]:
        if panel["type"] == "row":
            continue
        defaults = panel["fieldConfig"]["defaults"]
        assert defaults["unit"]
        assert len(defaults["thresholds"]["steps"]) == 3
        assert panel["targets"]


@by_dashboard
def test_no_panel_covers_another(dashboard: Dashboard) -> None:
    """Panels lie within 24 columns, side by side or below each other."""
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(text_of(dashboard))["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert max(x for x, _ in cells) < 24
        assert not cells & taken
        taken |= cells


@by_dashboard
def test_a_dashboard_names_nothing_of_one_grafana(dashboard: Dashboard) -> None:
    """Imported anywhere, it asks the data source and the servers that its reader chooses, all of them at first."""
    told = json.loads(text_of(dashboard))
    variables = {variable["name"]: variable for variable in told["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert (variables["instance"]["multi"], variables["instance"]["allValue"]) == (True, ".*")
    assert "id" not in told
    assert set(re.findall(r'"uid": "([^"]+)"', text_of(dashboard))) == {dashboard.uid, "${datasource}"}
    known = set(variables) | {"__rate_interval", "__all"}
    assert set(re.findall(r"\$\{?(\w+)", text_of(dashboard))) <= known


@by_dashboard
def test_every_series_of_a_server_is_that_of_the_chosen_ones(dashboard: Dashboard) -> None:
    """No selector of a server's metric lacks the matcher; those of bridges, which are other instances, have none."""
    for panel in json.loads(text_of(dashboard))["panels"]:
        for target in panel.get("targets", ()):
            series = re.findall(r"\b(?:portero|grpc_server|process)_\w+(?:\{[^}]*\})?", target["expr"])
            assert series
            for selector in series:
                of_bridge = selector.startswith("portero_bridge_") and not selector.startswith("portero_bridge_streams")
                assert (INSTANCES in selector) is not of_bridge, selector


def test_a_matcher_joins_those_that_are_there() -> None:
    """With, without and with empty matchers, the expression stays one that Prometheus takes."""
    given = 'sum by (camera) (a_total) + rate(portero_x_total{a="b"}[5m]) / portero_y{} - portero_bridge_z{c="d"}'
    assert at_instances(given) == (
        'sum by (camera) (a_total) + rate(portero_x_total{a="b", instance=~"$instance"}[5m]) / '
        'portero_y{instance=~"$instance"} - portero_bridge_z{c="d"}'
    )


def test_grafana_is_told_where_they_are_and_what_they_read() -> None:
    """The provisioned data source is of the kind that the dashboards let their reader choose, and the first choice."""
    file = ROOT / "infra/grafana/provisioning/datasources/prometheus.yaml"
    [source] = yaml.safe_load(file.read_text(encoding="utf-8"))["datasources"]
    assert source["isDefault"]
    for dashboard in DASHBOARDS:
        for panel in json.loads(text_of(dashboard))["panels"]:
            for target in panel.get("targets", ()):
                assert target["datasource"] == {"type": source["type"], "uid": "${datasource}"}
