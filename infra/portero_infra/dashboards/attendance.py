"""The row of attendance on the overview: what sessions say, what they leave open, and whether deciding keeps up."""

from __future__ import annotations

from portero_infra.dashboards.model import Limits, Look, Panel, Query, Section, Unit
from portero_infra.dashboards.queries import percentile, rate

_NEVER = Limits(1e9, 1e12)

ATTENDANCE = Section(
    "Who attended?",
    (
        Panel(
            "What do records say?",
            (Query("sum by (status) (increase(portero_attendance_records_total[1h]))", "{{status}}"),),
            Unit.NUMBER,
            _NEVER,
            note="Published or changed within an hour. Unproven: nobody can tell, since no camera watched.",
        ),
        Panel(
            "How much of a session is unproven?",
            (
                Query(percentile(0.5, "portero_attendance_unproven_share"), "half of the sessions"),
                Query(percentile(0.95, "portero_attendance_unproven_share"), "95 %"),
            ),
            Unit.RATIO,
            Limits(0.1, 0.25),
            note="When it was decided for the first time; late frames prove more.",
        ),
        Panel(
            "What changed published records?",
            (Query(rate("portero_attendance_changes_total", "cause"), "{{cause}}"),),
            Unit.A_SECOND,
            _NEVER,
            note="`portero attendance changes` has each with its old and new status.",
        ),
        Panel(
            "Does deciding keep up?",
            (Query("max(portero_attendance_waiting_sessions)"),),
            Unit.NUMBER,
            Limits(100, 500),
            Look.NUMBER,
            width=6,
            note="Sessions that were due or stale at the last look, at most 500.",
        ),
        Panel(
            "How long does it take to decide a session?",
            (Query(percentile(0.95, "portero_attendance_decide_seconds"), "95 %"),),
            Unit.SECONDS,
            Limits(0.25, 1),
            width=6,
        ),
    ),
)
