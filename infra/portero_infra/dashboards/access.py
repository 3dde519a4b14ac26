"""The dashboard *Access and privacy*: refused callers, the audit trail, erasures and retention."""

from __future__ import annotations

from portero_infra.dashboards.model import Dashboard, Limits, Look, Panel, Query, Section, Unit
from portero_infra.dashboards.queries import rate

_NEVER = Limits(1e9, 1e12)
_DAY = 86400.0
_ANCHORED = "portero_audit_anchored_timestamp_seconds"

_ACCESS = Section(
    "Who is turned away?",
    (
        Panel(
            "Whose credentials are worth nothing?",
            (Query(rate("portero_failed_logins_total", "reason"), "{{reason}}"),),
            Unit.A_SECOND,
            Limits(0.2, 5),
            note="One bridge with a revoked key comes back every few seconds; more than that is somebody who tries.",
        ),
        Panel(
            "Who asks for what is not theirs?",
            (Query(rate("portero_denials_total", "reason"), "{{reason}}"),),
            Unit.A_SECOND,
            Limits(0.1, 1),
            note="Known callers: a role or a camera is missing in their key.",
        ),
        Panel(
            "Who asks for too much?",
            (Query(rate("portero_limit_refusals_total", "limit"), "{{limit}}"),),
            Unit.A_SECOND,
            Limits(0.1, 10),
        ),
        Panel(
            "Who finds no place?",
            (Query(rate("portero_call_refusals_total", "reason"), "{{reason}}"),),
            Unit.A_SECOND,
            Limits(0.1, 1),
            note="Calls refused or ended for the place they take, whoever made them.",
        ),
        Panel(
            "Who calls for nothing?",
            (
                Query(rate("portero_wasted_calls_total", "waste"), "{{waste}}"),
                Query("sum(rate(portero_flooding_connections_closed_total[$__rate_interval]))", "connections closed"),
            ),
            Unit.A_SECOND,
            Limits(10, 100),
            note="Calls canceled or refused at once, health checks among them; and connections closed for too many.",
        ),
        Panel(
            "How long do certificates hold?",
            (
                Query(
                    "min by (certificate) (portero_tls_not_after_timestamp_seconds) - time() or vector(0)",
                    "{{certificate}}",
                ),
            ),
            Unit.SECONDS,
            Limits(14 * _DAY, 3 * _DAY, falling=True),
            Look.NUMBER,
            note="0 where the server has none: on one machine, or behind something that encrypts.",
        ),
        Panel(
            "Are renewed certificates taken up?",
            (Query("sum by (outcome) (portero_tls_reloads_total)", "{{outcome}}"),),
            Unit.NUMBER,
            _NEVER,
            Look.NUMBER,
        ),
    ),
)

_AUDIT = Section(
    "Is it written down?",
    (
        Panel(
            "How much is written to the audit trail?",
            (Query(rate("portero_audit_entries_total"), "entries"),),
            Unit.A_SECOND,
            _NEVER,
        ),
        Panel(
            "Was anything not written?",
            (
                Query("sum(increase(portero_audit_failures_total[1h]))", "could not be written, and was refused"),
                Query("sum(increase(portero_audit_overflowed_total[1h]))", "counted together, being too many"),
                Query("sum(increase(portero_audit_anchor_failures_total[1h]))", "anchors that failed"),
            ),
            Unit.NUMBER,
            Limits(1, 10),
            note="Within the last hour.",
        ),
        Panel(
            "How old is the last anchor?",
            (Query(f"max((time() - {_ANCHORED}) * ({_ANCHORED} > bool 0))"),),
            Unit.SECONDS,
            Limits(2 * _DAY, 7 * _DAY),
            Look.NUMBER,
            note="0: nothing was anchored since the start, or anchoring is not set up.",
        ),
    ),
)

_PRIVACY = Section(
    "Are the promises to people kept?",
    (
        Panel(
            "What is past its time?",
            (Query("max by (purpose) (portero_retention_overdue_seconds)", "{{purpose}}"),),
            Unit.SECONDS,
            Limits(3600, _DAY),
            note="By how much the oldest row of each purpose is too old, after the last round.",
        ),
        Panel(
            "What was removed?",
            (Query(rate("portero_retention_removed_rows_total", "purpose"), "{{purpose}}"),),
            Unit.A_SECOND,
            _NEVER,
            note="Rows.",
        ),
        Panel(
            "Which erasures are unfinished?",
            (Query("max(portero_erasures_unfinished)"),),
            Unit.NUMBER,
            Limits(10, 100),
            Look.NUMBER,
        ),
    ),
)

ACCESS = Dashboard(
    "portero-access",
    "Portero: Access and privacy",
    "Who is turned away, and whether promises are kept.",
    (_ACCESS, _AUDIT, _PRIVACY),
)
