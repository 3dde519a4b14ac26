"""The row of a second collection on *Engine and cost*: whether it could take over."""

from __future__ import annotations

from portero_infra.dashboards.model import Limits, Look, Panel, Query, Section, Unit
from portero_infra.dashboards.queries import rate, share

_NEVER = Limits(1e9, 1e12)


def _searches(outcomes: str) -> str:
    return f'sum(increase(portero_shadow_searches_total{{outcome=~"{outcomes}"}}[1h]))'


STANDBY = Section(
    "Could the second collection take over?",
    (
        Panel(
            "What is the second collection?",
            (Query("max by (state) (portero_standby_state) == 1", "{{state}}"),),
            Unit.NUMBER,
            _NEVER,
            Look.BARS,
            width=4,
            note="none, preparing, kept since a switch, or dropping; `portero faces collections` names it.",
        ),
        Panel(
            "Which collection do servers search?",
            (Query("portero_collection_number", "{{instance}}"),),
            Unit.NUMBER,
            _NEVER,
            width=8,
            note="1 is that of the settings. Servers follow a switch within PORTERO_GALLERY_REFRESH.",
        ),
        Panel(
            "What does it lack?",
            (
                Query("max(portero_standby_missing_faces)", "faces"),
                Query("max(portero_standby_missing_people)", "people"),
            ),
            Unit.NUMBER,
            Limits(1, 1e12),
            width=6,
            note="Those without a face there are unknown after a switch; `portero faces prepare` teaches what it can.",
        ),
        Panel(
            "What becomes of enrollments there?",
            (Query(rate("portero_standby_enrollments_total", "outcome"), "{{outcome}}"),),
            Unit.A_SECOND,
            _NEVER,
            width=6,
            note="refused and failed ones are missing there until the next `portero faces prepare`.",
        ),
        Panel(
            "How do both answer the same search?",
            (Query(rate("portero_shadow_searches_total", "outcome"), "{{outcome}}"),),
            Unit.A_SECOND,
            _NEVER,
            width=16,
            note="Of the share PORTERO_SHADOW_SHARE; unasked: no room, no money or no answer.",
        ),
        Panel(
            "How many names differ?",
            (
                Query(share(_searches("other"), _searches("same|other|only_in_use|only_standby")), "another person"),
                Query(share(_searches("only_in_use"), _searches("same|only_in_use")), "unknown there"),
            ),
            Unit.RATIO,
            Limits(0.001, 0.02),
            Look.NUMBER,
            width=8,
            note="In the last hour. `portero faces collections` adds up all since it stands by, and advises.",
        ),
    ),
)
