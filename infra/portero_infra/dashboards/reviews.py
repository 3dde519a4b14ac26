"""The row of judged names on the overview: what waits to be reviewed, what is said, and thresholds that are tried."""

from __future__ import annotations

from portero_infra.dashboards.model import Limits, Look, Panel, Query, Section, Unit
from portero_infra.dashboards.queries import rate

_NEVER = Limits(1e9, 1e12)

REVIEWS = Section(
    "Are the names right?",
    (
        Panel(
            "How many sightings wait to be reviewed?",
            (Query("max(portero_review_queue)"),),
            Unit.NUMBER,
            _NEVER,
            Look.NUMBER,
            note="Of the latest thousand; `portero review list` shows them.",
        ),
        Panel(
            "What do people say of sightings?",
            (Query(rate("portero_sighting_reviews_total", "action"), "{{action}}"),),
            Unit.A_SECOND,
            _NEVER,
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
            note="A call replays stored decisions; it changes nothing and asks no engine.",
        ),
    ),
)
