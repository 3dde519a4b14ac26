"""The row of visitors on the overview: strangers who are known again, and who is let go."""

from __future__ import annotations

from portero_infra.dashboards.model import Limits, Look, Panel, Query, Section, Unit
from portero_infra.dashboards.queries import rate, share

_NEVER = Limits(1e9, 1e12)
_NO_ID = 'portero_visitor_strangers_total{outcome=~"unsure|unstored|full|dropped"}'


def _strangers(outcomes: str) -> str:
    return f"sum(increase(portero_visitor_strangers_total{{{outcomes}}}[1h]))"


VISITORS = Section(
    "Are strangers known again?",
    (
        Panel(
            "How do strangers' visits end?",
            (
                Query(rate('portero_visitor_strangers_total{outcome="known"}'), "known again"),
                Query(rate('portero_visitor_strangers_total{outcome="new"}'), "new"),
                Query(rate(_NO_ID), "no id"),
            ),
            Unit.A_SECOND,
            _NEVER,
            note="All 0 where PORTERO_VISITORS is off. Whoever turns out to be a person is in none.",
        ),
        Panel(
            "Why does a stranger get no id?",
            (Query(rate(_NO_ID, "outcome"), "{{outcome}}"),),
            Unit.A_SECOND,
            _NEVER,
            note="unsure is right where two strangers are much alike. full: PORTERO_VISITOR_LIMIT is reached.",
        ),
        Panel(
            "How many strangers have been here before?",
            (Query(share(_strangers('outcome="known"'), _strangers('outcome=~"known|new"'))),),
            Unit.RATIO,
            _NEVER,
            Look.NUMBER,
            width=4,
            note="Of those with an id, in the last hour.",
        ),
        Panel(
            "Which visitors are let go?",
            (
                Query(rate("portero_visitor_forgotten_total"), "forgotten on request"),
                Query(rate("portero_visitor_promoted_total"), "promoted to a person"),
                Query(rate('portero_retention_removed_rows_total{purpose="visitors"}'), "past their time"),
            ),
            Unit.A_SECOND,
            _NEVER,
            width=4,
        ),
    ),
)
