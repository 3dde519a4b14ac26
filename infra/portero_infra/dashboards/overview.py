"""The dashboard *Overview*: health, latency and cost; check-ins, reviews, visitors and attendance."""

from __future__ import annotations

from portero_infra.dashboards.attendance import ATTENDANCE
from portero_infra.dashboards.check_ins import CHECK_INS
from portero_infra.dashboards.model import Dashboard, Limits, Look, Panel, Query, Section, Unit
from portero_infra.dashboards.queries import percentile, rate, share
from portero_infra.dashboards.reviews import REVIEWS
from portero_infra.dashboards.visitors import VISITORS

_FAULTS = 'grpc_code=~"UNKNOWN|INTERNAL|UNAVAILABLE|DEADLINE_EXCEEDED|DATA_LOSS"'
_AVOIDED = rate('portero_frames_total{outcome=~"duplicate|unchanged|skipped|empty"}')
_NEVER = Limits(1e9, 1e12)
"""For what is neither good nor bad."""

_HEALTH = Section(
    "Is it healthy?",
    (
        Panel(
            "How many cameras are down?",
            (Query("sum(max by (camera) (portero_camera_up) == bool 0) or vector(0)"),),
            Unit.NUMBER,
            Limits(1, 3),
            Look.NUMBER,
            width=4,
            height=4,
            note="Registered, not disabled, and without a stream at any server.",
        ),
        Panel(
            "How many cameras stream?",
            (Query("sum(portero_streams)"),),
            Unit.NUMBER,
            Limits(1, 1, falling=True),
            Look.NUMBER,
            width=4,
            height=4,
        ),
        Panel(
            "How many calls fail by our fault?",
            (Query(share(rate(f"grpc_server_handled_total{{{_FAULTS}}}"), rate("grpc_server_handled_total"))),),
            Unit.RATIO,
            Limits(0.001, 0.01),
            Look.NUMBER,
            width=4,
            height=4,
        ),
        Panel(
            "How old is the oldest unsaved frame?",
            (Query("max(portero_watermark_age_seconds)"),),
            Unit.SECONDS,
            Limits(3, 10),
            Look.NUMBER,
            width=4,
            height=4,
        ),
        Panel(
            "Does the database answer?",
            (Query(rate('portero_database_units_total{outcome=~"unavailable|unknown"}'), "unanswered"),),
            Unit.A_SECOND,
            Limits(0.01, 0.1),
            Look.NUMBER,
            width=4,
            height=4,
            note="Units of work without an answer, a second.",
        ),
        Panel(
            "What does today cost?",
            (Query("max(portero_spent_today_dollars)"),),
            Unit.DOLLARS,
            Limits(10, 50),
            Look.NUMBER,
            width=4,
            height=4,
        ),
    ),
)

_TIME = Section(
    "Is it on time?",
    (
        Panel(
            "How long until a face has its name?",
            (
                Query(percentile(0.5, "portero_time_to_name_seconds", where='named="true"'), "half of them"),
                Query(percentile(0.95, "portero_time_to_name_seconds", where='named="true"'), "95 %"),
            ),
            Unit.SECONDS,
            Limits(0.5, 1.0),
            width=12,
        ),
        Panel(
            "Where does the time go?",
            (
                Query(percentile(0.95, "portero_capture_to_receive_seconds"), "camera and network"),
                Query(percentile(0.95, "portero_stage_seconds", "stage"), "{{stage}}"),
            ),
            Unit.SECONDS,
            Limits(0.25, 1.0),
            width=12,
            note="95th percentile of each stage of a frame's life.",
        ),
        Panel(
            "How fast are frames durable?",
            (
                Query(percentile(0.5, "portero_stage_seconds", where='stage="ack"'), "half of them"),
                Query(percentile(0.99, "portero_stage_seconds", where='stage="ack"'), "99 %"),
            ),
            Unit.SECONDS,
            Limits(0.06, 2.5),
            width=12,
        ),
        Panel(
            "What becomes of the frames?",
            (Query(rate("portero_frames_total", "outcome"), "{{outcome}}"),),
            Unit.FRAMES_A_SECOND,
            _NEVER,
            width=12,
        ),
        Panel(
            "How many people are recognized?",
            (Query(rate("portero_recognitions_total", "outcome"), "{{outcome}}"),),
            Unit.A_SECOND,
            _NEVER,
        ),
        Panel(
            "How many frames are lost, and why?",
            (
                Query(rate("portero_frames_missing_total", "reason"), "missing: {{reason}}"),
                Query(rate("portero_frames_rejected_total", "reason"), "refused: {{reason}}"),
            ),
            Unit.FRAMES_A_SECOND,
            Limits(0.1, 1),
        ),
        Panel(
            "Which calls are slow?",
            (Query(percentile(0.95, "grpc_server_handling_seconds", "grpc_method"), "{{grpc_method}}"),),
            Unit.SECONDS,
            Limits(0.5, 2.5),
        ),
    ),
)

_COST = Section(
    "What does it cost?",
    (
        Panel(
            "What will this month cost?",
            (Query("max(portero_projected_month_dollars)"),),
            Unit.DOLLARS,
            Limits(300, 1000),
            Look.NUMBER,
        ),
        Panel(
            "How much of the budget is spent?",
            (Query("max by (scope) (portero_budget_spent_dollars / (portero_budget_dollars > 0))", "{{scope}}"),),
            Unit.RATIO,
            Limits(0.7, 0.95),
            Look.BARS,
            note="0 where there is no budget.",
        ),
        Panel(
            "How many frames cost nothing?",
            (Query(share(_AVOIDED, rate("portero_frames_total"))),),
            Unit.RATIO,
            Limits(0.8, 0.5, falling=True),
            Look.NUMBER,
            note="Stopped by the gate, or searched here without finding a face.",
        ),
    ),
)

OVERVIEW = Dashboard(
    "portero-overview",
    "Portero: Overview",
    "Is it healthy, is it on time, what does it cost.",
    (_HEALTH, _TIME, _COST, CHECK_INS, REVIEWS, VISITORS, ATTENDANCE),
)
