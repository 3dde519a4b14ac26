"""The dashboard *Engine and cost*: calls to the recognizer, their results and their cost; a second collection."""

from __future__ import annotations

from portero_infra.dashboards.model import Dashboard, Limits, Look, Panel, Query, Section, Unit
from portero_infra.dashboards.queries import percentile, rate, share
from portero_infra.dashboards.standby import STANDBY

_NEVER = Limits(1e9, 1e12)
_CALLS = rate("portero_engine_calls_total", "operation")

_CALLED = Section(
    "Does the recognizer answer?",
    (
        Panel(
            "How many paid calls are made?",
            (Query(_CALLS, "{{operation}}"),),
            Unit.A_SECOND,
            Limits(40, 50),
            note="The default quota of a search is 50 a second.",
        ),
        Panel(
            "How do they end?",
            (Query(rate("portero_engine_calls_total", "code"), "{{code}}"),),
            Unit.A_SECOND,
            _NEVER,
        ),
        Panel(
            "How long does a call take?",
            (Query(percentile(0.95, "portero_engine_call_seconds", "operation"), "{{operation}}"),),
            Unit.SECONDS,
            Limits(0.5, 2),
            note="95th percentile.",
        ),
        Panel(
            "Are we near the quota?",
            (
                Query(
                    f"{_CALLS} / clamp_min(max by (operation) (portero_engine_quota), 1)",
                    "{{operation}}",
                ),
            ),
            Unit.RATIO,
            Limits(0.8, 0.95),
        ),
        Panel(
            "How long do calls wait for their turn?",
            (Query(percentile(0.95, "portero_engine_wait_seconds", "lane"), "{{lane}}"),),
            Unit.SECONDS,
            Limits(0.3, 1),
            note="95th percentile, by lane: check-ins go first.",
        ),
        Panel(
            "Which calls were not made, and why?",
            (
                Query(rate("portero_engine_refusals_total", "reason"), "{{reason}}"),
                Query(rate("portero_recognitions_dropped_total", "reason"), "in the batcher: {{reason}}"),
            ),
            Unit.A_SECOND,
            Limits(0.1, 1),
        ),
        Panel(
            "Is a breaker open?",
            (Query('max by (operation) (portero_engine_breaker_state{state=~"open|half_open"})', "{{operation}}"),),
            Unit.STATE,
            Limits(1, 1),
        ),
        Panel(
            "How many calls repeat one that failed?",
            (Query(rate("portero_engine_call_retries_total", "operation"), "{{operation}}"),),
            Unit.A_SECOND,
            Limits(0.1, 1),
        ),
        Panel(
            "How many calls a second does the scheduler allow?",
            (Query("max by (operation) (portero_engine_rate_limit)", "{{operation}}"),),
            Unit.A_SECOND,
            _NEVER,
            note="0 before the first call. It falls when the service throttles and recovers by itself.",
        ),
    ),
)

_SHARED = Section(
    "Do cameras share their calls?",
    (
        Panel(
            "How many faces are in a call?",
            (Query(percentile(0.5, "portero_recognition_batch_size"), "half of them"),),
            Unit.NUMBER,
            _NEVER,
        ),
        Panel(
            "How long does a face wait for company?",
            (Query(percentile(0.95, "portero_recognition_wait_seconds"), "95 %"),),
            Unit.SECONDS,
            Limits(0.1, 0.5),
        ),
        Panel(
            "How does it answer?",
            (Query(rate("portero_recognitions_total", "outcome"), "{{outcome}}"),),
            Unit.A_SECOND,
            _NEVER,
        ),
    ),
)

_MONEY = Section(
    "What does it cost, and what was saved?",
    (
        Panel(
            "What does it cost a day?",
            (Query(f"86400 * {rate('portero_spent_dollars_total', 'operation')}", "{{operation}}"),),
            Unit.DOLLARS,
            Limits(10, 50),
            note="At the present rate.",
        ),
        Panel(
            "What has today cost?",
            (Query("max(portero_spent_today_dollars)"),),
            Unit.DOLLARS,
            Limits(10, 50),
            Look.NUMBER,
            width=4,
        ),
        Panel(
            "How much of each budget is spent?",
            (Query("max by (scope) (portero_budget_spent_dollars / (portero_budget_dollars > 0))", "{{scope}}"),),
            Unit.RATIO,
            Limits(0.7, 0.95),
            Look.BARS,
            width=6,
        ),
        Panel(
            "How far has service degraded to save money?",
            (Query("max by (scope) (portero_budget_step)", "{{scope}}"),),
            Unit.NUMBER,
            Limits(1, 3),
            Look.NUMBER,
            width=6,
            note="0 normal, 1 fewer retries, 2 longer deadlines, 3 local only, 4 stopped.",
        ),
        Panel(
            "Why were calls not needed?",
            (Query(rate("portero_recognitions_avoided_total", "reason"), "{{reason}}"),),
            Unit.A_SECOND,
            _NEVER,
            width=12,
        ),
        Panel(
            "Does the gate miss faces?",
            (
                Query(
                    share(rate('portero_gate_audits_total{missed="true"}'), rate("portero_gate_audits_total")),
                    "of the audited frames",
                ),
            ),
            Unit.RATIO,
            Limits(0.01, 0.02),
            width=12,
        ),
    ),
)

ENGINE = Dashboard(
    "portero-engine",
    "Portero: Engine and cost",
    "What the recognizer is asked, how it answers, and what that costs.",
    (_CALLED, _SHARED, _MONEY, STANDBY),
)
