"""The dashboards are what the code says, and every panel asks something."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from portero_infra.dashboards.__main__ import DASHBOARDS, FOLDER, drifted, text_of
from portero_infra.dashboards.model import Dashboard
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


def test_grafana_is_told_where_they_are_and_what_they_read() -> None:
    """The provisioned data source has the identifier that every query names."""
    file = ROOT / "infra/grafana/provisioning/datasources/prometheus.yaml"
    [source] = yaml.safe_load(file.read_text(encoding="utf-8"))["datasources"]
    for dashboard in DASHBOARDS:
        for panel in json.loads(text_of(dashboard))["panels"]:
            for target in panel.get("targets", ()):
                assert target["datasource"] == {"type": source["type"], "uid": source["uid"]}
