"""The row of judged names on the overview: what people say of sightings, and whether other thresholds are tried."""

from __future__ import annotations

from portero_infra.dashboards.model import Limits, Panel, Query, Section, Unit
from portero_infra.dashboards.queries import rate

_NEVER = Limits(1e9, 1e12)

REVIEWS = Section(
    "Are the names right?",
    (
        Panel(
            "What do people say of sightings?",
            (Query(rate("portero_sighting_reviews_total", "action"), "{{action}}"),),
            Unit.A_SECOND,
            _NEVER,
            width=12,
            note="this_is and not correct a name, ignore leaves it, undo takes a review back.",
        ),
        Panel(
            "How often are other thresholds tried?",
            (
                Query(rate("portero_what_if_calls_total"), "what-if calls"),
                Query(rate("portero_what_if_decisions_total"), "decisions replayed"),
            ),
            Unit.A_SECOND,
            _NEVER,
            width=12,
            note="A call replays stored decisions; it changes nothing and asks no engine.",
        ),
    ),
)
