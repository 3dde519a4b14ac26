"""Writes infra/grafana/dashboards; with --check, fails when the committed files differ."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from portero_infra.dashboards.access import ACCESS
from portero_infra.dashboards.camera import CAMERA
from portero_infra.dashboards.engine import ENGINE
from portero_infra.dashboards.model import Dashboard
from portero_infra.dashboards.overview import OVERVIEW
from portero_infra.dashboards.process import PROCESS

DASHBOARDS = (OVERVIEW, CAMERA, ENGINE, PROCESS, ACCESS)
FOLDER = Path(__file__).resolve().parents[2] / "grafana" / "dashboards"


def text_of(dashboard: Dashboard) -> str:
    """Returns the contents of a dashboard's file."""
    return json.dumps(dashboard.as_json(), indent=2) + "\n"


def drifted(folder: Path) -> list[str]:
    """Returns the names of files that do not match the code: changed, missing or left over."""
    wanted = {f"{dashboard.uid}.json": text_of(dashboard) for dashboard in DASHBOARDS}
    present = {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*.json")}
    return sorted(name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name))


def main() -> int:
    """Writes or checks the files. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    if not parser.parse_args().check:
        for dashboard in DASHBOARDS:
            (FOLDER / f"{dashboard.uid}.json").write_text(text_of(dashboard), encoding="utf-8")
        return 0
    if names := drifted(FOLDER):
        sys.stderr.write(f"infra/grafana/dashboards drifted ({', '.join(names)}): run `make reference` and commit\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
