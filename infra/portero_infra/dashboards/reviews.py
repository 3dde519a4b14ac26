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
        Panel(
            "What becomes of the pictures to review?",
            (Query(rate("portero_review_pictures_offered_total", "outcome"), "{{outcome}}"),),
            Unit.A_SECOND,
            _NEVER,
            note="All 0 where PORTERO_REVIEW_PICTURES is off. clear is right: most names are sure. dropped, full and "
            "failed are pictures that a reviewer misses.",
        ),
        Panel(
            "What becomes of snapshots?",
            (
                Query(rate("portero_snapshots_offered_total", "outcome"), "{{outcome}}"),
                Query(rate("portero_snapshots_failures_total", "operation"), "failed: {{operation}}"),
            ),
            Unit.A_SECOND,
            _NEVER,
            note="All 0 where PORTERO_SNAPSHOTS is not set. Failures are of the folder or bucket: `portero doctor` "
            "says why. Sightings are stored all the same.",
        ),
        Panel(
            "Are snapshots deleted that must go?",
            (
                Query("max(portero_snapshots_leaving)", "to be deleted"),
                Query("max(portero_snapshots_stored)", "kept"),
            ),
            Unit.NUMBER,
            _NEVER,
            note="To be deleted should be 0 but for moments: receipts of erasures wait for it.",
        ),
        Panel(
            "How much do pictures to review take?",
            (
                Query("max(portero_review_pictures_stored_bytes)", "stored"),
                Query("sum(portero_review_pictures_waiting_bytes)", "waiting in memory"),
            ),
            Unit.BYTES,
            _NEVER,
        ),
    ),
)
