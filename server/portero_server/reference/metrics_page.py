"""Writes server/METRICS.md from the declared metrics; with --check, fails when the committed page differs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import Metric

from portero_server.reference.committed_page import keep
from portero_server.telemetry.metrics import Metrics

PAGE = Path(__file__).resolve().parents[2] / "METRICS.md"
_INTRODUCTION = """# Metrics of the server

`GET /metrics` at `PORTERO_ADMIN_LISTEN`, as text or OpenMetrics. Generated from `telemetry/` by `make reference`; not
edited. Every value of a label that is known beforehand exists from zero, so that rates are right from the first event;
these values stand in brackets, and others may join them.
`portero_camera_…` series exist for registered cameras only, at most `PORTERO_METRICS_MAX_CAMERAS` of them. Metrics
that begin with `process_` and `python_` are the Python client's own. A histogram also has `_bucket`, `_sum` and
`_count`. The bridge's are in [clients/portero_bridge/METRICS.md](../clients/portero_bridge/METRICS.md).
"""


def page() -> str:
    """Returns the reference page in Markdown."""
    metrics = Metrics(version="", engine="")
    # What is exported by method and by camera, is shown by one of each.
    metrics.rpc.rpc_known("", "", "unary")
    metrics.tls.certificate_loaded(datetime.fromtimestamp(0, UTC), None)
    metrics.cameras.roster_is([""], 0)
    metrics.cameras.cameras_are({})
    ours = [each for each in metrics.registry.collect() if not each.name.startswith(("process_", "python_"))]
    rows = [_row(each) for each in sorted(ours, key=lambda each: each.name)]
    return "\n".join([_INTRODUCTION, "| metric | type | labels | meaning |", "|---|---|---|---|", *rows]) + "\n"


def exported_name(metric: Metric) -> str:
    """Returns a metric's name as queries write it."""
    return f"{metric.name}_total" if metric.type == "counter" else metric.name


def _row(metric: Metric) -> str:
    labels = ", ".join(_labels(metric))
    return f"| `{exported_name(metric)}` | {metric.type} | {labels} | {metric.documentation} |"


def _labels(metric: Metric) -> Iterable[str]:
    """Yields each label, with those of its values that are exported before anything has happened."""
    known: dict[str, dict[str, None]] = {}
    for sample in metric.samples:
        for name, value in sample.labels.items():
            known.setdefault(name, {})[value] = None
    # The bounds of buckets are no news, and an info's values are those of this very machine.
    known.pop("le", None)
    for name, values in known.items():
        listed = [] if metric.type == "info" or metric.name.endswith("_info") else [value for value in values if value]
        yield f"`{name}`" + (f" ({', '.join(listed)})" if listed else "")


if __name__ == "__main__":
    raise SystemExit(keep(PAGE, page(), str(__doc__)))
