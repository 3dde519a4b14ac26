"""The row of check-ins on the overview: how they end, why, how soon, and whether documents are read at all."""

from __future__ import annotations

from portero_infra.dashboards.model import Limits, Look, Panel, Query, Section, Unit
from portero_infra.dashboards.queries import percentile, rate, share

_NEVER = Limits(1e9, 1e12)
_NOT_READ = 'sum(increase(portero_document_readings_total{outcome=~"failed|unreadable"}[30m]))'
_READ = "sum(increase(portero_document_readings_total[30m]))"

CHECK_INS = Section(
    "Do guests check in?",
    (
        Panel(
            "How do check-ins end?",
            (Query(rate("portero_check_ins_total", "result"), "{{result}}"),),
            Unit.A_SECOND,
            _NEVER,
        ),
        Panel(
            "Why are they not accepted?",
            (Query(rate("portero_check_in_reasons_total", "reason"), "{{reason}}"),),
            Unit.A_SECOND,
            _NEVER,
        ),
        Panel(
            "How soon is the answer there?",
            (
                Query(percentile(0.5, "portero_check_in_seconds"), "p50"),
                Query(percentile(0.95, "portero_check_in_seconds"), "p95"),
            ),
            Unit.SECONDS,
            Limits(10, 30),
            note="From the beginning of the check-in, so the guest's own time is in it.",
        ),
        Panel(
            "How many documents are not read?",
            (Query(share(_NOT_READ, _READ)),),
            Unit.RATIO,
            Limits(0.2, 0.5),
            Look.NUMBER,
            note="Unreadable, or the engine failed; of the last half hour.",
        ),
    ),
)
