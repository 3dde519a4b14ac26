"""Writes METRICS.md from the declared metrics; with --check, fails when the committed page differs."""

import argparse
import sys
from pathlib import Path

from prometheus_client import Metric

from portero_bridge.metrics import BridgeMetrics

PAGE = Path(__file__).resolve().parent / "METRICS.md"
_INTRODUCTION = """# Metrics of the bridge

`GET /metrics` at the address of `--metrics-listen`. Generated from `metrics.py` by `make reference`; not edited.
Metrics that begin with `process_` are the Python client's own.

| metric | type | labels | meaning |
|---|---|---|---|
"""


def page() -> str:
    """Returns the reference page, Markdown."""
    metrics = BridgeMetrics()
    metrics.camera("door").frame_rejected("not_jpeg")
    ours = (each for each in metrics.registry.collect() if not each.name.startswith("process_"))
    return _INTRODUCTION + "".join(_row(each) for each in sorted(ours, key=lambda each: each.name))


def _row(metric: Metric) -> str:
    name = f"{metric.name}_total" if metric.type == "counter" else metric.name
    labels = {f"`{label}`": None for sample in metric.samples for label in sample.labels}
    return f"| `{name}` | {metric.type} | {', '.join(labels)} | {metric.documentation} |\n"


def main() -> int:
    """Writes the page, or checks it; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    if not parser.parse_args().check:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page():
        return 0
    sys.stderr.write("clients/portero_bridge/METRICS.md drifted: run `make reference` and commit the result\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
