"""The alerts fire when they should and only then, as Prometheus's own tool sees it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.infra.alert_scenarios import DATABASE_STOPPED, SCENARIOS, Scenario
from tests.support.processes.prometheus_tools import RULES, program
from tests.support.repository import ROOT

_LONG = 60
"""Minutes beyond which a trial is evaluated every minute, which takes a quarter of the time."""
_FIRING = 'sum by (alertname) (min by (alertname) (ALERTS{alertstate="firing"}))'


def _rules() -> list[dict[str, Any]]:
    groups = (group for file in RULES for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"])
    return [rule for group in groups for rule in group["rules"]]


def _trial(series: Mapping[str, str], minute: int, alerts: Sequence[str]) -> dict[str, Any]:
    return {
        "interval": "15s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": _FIRING,
                "eval_time": f"{minute}m",
                "exp_samples": [{"labels": f'{{alertname="{alert}"}}', "value": 1} for alert in alerts],
            }
        ],
    }


def _run(folder: Path, trials: Sequence[Mapping[str, Any]], interval: str = "15s") -> None:
    file = folder / "trials.yaml"
    document = {"rule_files": [str(rules) for rules in RULES], "evaluation_interval": interval, "tests": list(trials)}
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    done = subprocess.run([program("promtool"), "test", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_are_sound() -> None:
    """`promtool check rules` finds nothing wrong."""
    done = subprocess.run([program("promtool"), "check", "rules", *RULES], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.alert)
def test_an_alert_fires_alone_and_rests_otherwise(scenario: Scenario, tmp_path: Path) -> None:
    """Under its fault an alert fires and no other does; just below its threshold nothing fires."""
    _run(
        tmp_path,
        [
            _trial(scenario.fires, scenario.minute, [scenario.alert]),
            _trial(scenario.rests, scenario.minute, []),
        ],
        "1m" if scenario.minute > _LONG else "15s",
    )


def test_one_fault_is_one_message(tmp_path: Path) -> None:
    """A stopped database silences the errors, the stuck watermark and the silent cameras that follow from it."""
    _run(tmp_path, [_trial(DATABASE_STOPPED, 20, ["PorteroDatabaseFailing"])])


def test_every_alert_is_tried() -> None:
    """Each alert has a scenario of its own."""
    assert {rule["alert"] for rule in _rules()} == {scenario.alert for scenario in SCENARIOS}


def test_every_alert_says_what_to_do() -> None:
    """Each has a severity, a family, a sentence, and an entry in the runbook that it names."""
    runbook = (ROOT / "infra/ALERTS.md").read_text(encoding="utf-8")
    for rule in _rules():
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["labels"]["role"] in ("cause", "symptom")
        assert rule["labels"]["family"]
        assert rule["annotations"]["summary"].endswith(".")
        assert f"\n## {rule['alert']}\n" in runbook
        assert rule["annotations"]["runbook"] == f"infra/ALERTS.md#{rule['alert'].lower()}"
