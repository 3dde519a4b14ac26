"""Tables of decisions, and of what other thresholds would have made of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from portero_cli.screen.sheet import Sheet, table
from portero_cli.screen.tables import STRANGER, local_time
from portero_client import Decision, QueuedSighting, SightingReview, WhatIf, WhatIfChange, WhatIfResult, WhatIfTally
from portero_client.names import CAMERAS, PEOPLE, REVIEWS, SIGHTINGS


def decisions_table(decisions: Iterable[Decision]) -> Sheet:
    """Returns the table of decisions."""
    return table(
        "time",
        "camera",
        "outcome",
        "reason",
        "candidates",
        "threshold",
        "margin",
        "quality",
        "face",
        "shot",
        "track",
        rows=(
            (
                local_time(each.capture_time),
                CAMERAS.identifier(each.camera),
                each.outcome,
                each.reason.value.replace("_", " "),
                _candidates(each),
                f"{each.similarity_threshold:.3g}",
                f"{each.margin_threshold:.3g}",
                f"{each.quality:.2f}",
                f"{each.face_pixels} px",
                each.shot,
                each.track_id,
            )
            for each in decisions
        ),
        spare=("track", "shot", "face", "quality", "margin", "threshold"),
    )


def what_if_table(results: Sequence[WhatIfResult]) -> Sheet:
    """Returns the table of one threshold by camera, or of several thresholds."""
    if len(results) == 1:
        (only,) = results
        tallies = [*only.cameras, only.total] if len(only.cameras) > 1 else only.cameras
        rows = [(CAMERAS.identifier(each.camera) if each.camera else "all", *_numbers(each)) for each in tallies]
        return _tallies("camera", rows)
    return _tallies("threshold", [(f"{each.similarity_threshold:.4g}", *_numbers(each.total)) for each in results])


def queue_table(queued: Iterable[QueuedSighting]) -> Sheet:
    """Returns the table of sightings to review; of each, the decision that is most like somebody."""
    rows = []
    for each in queued:
        best = max(each.decisions, key=_likeness, default=None)
        rows.append(
            (
                local_time(each.sighting.first_seen_time),
                CAMERAS.identifier(each.sighting.camera),
                each.sighting.display_name or STRANGER,
                each.reason.value.replace("_", " "),
                "" if best is None else _candidates(best),
                "" if best is None else f"{best.similarity_threshold:.3g}",
                "" if best is None else f"{best.quality:.2f}",
                "yes" if each.has_picture else "",
                SIGHTINGS.identifier(each.sighting.name),
            )
        )
    headings = ("time", "camera", "who", "reason", "candidates", "threshold", "quality", "picture", "sighting")
    return table(*headings, rows=rows, spare=("quality", "threshold", "picture"))


def reviews_table(reviews: Iterable[SightingReview]) -> Sheet:
    """Returns the table of reviews."""
    return table(
        "time",
        "said",
        "person",
        "decided was",
        "by",
        "why",
        "undone",
        "sighting",
        "review",
        rows=(
            (
                local_time(each.review_time),
                each.action.value.replace("_", " "),
                PEOPLE.identifier(each.person) if each.person else "",
                _who(each.decided_person),
                each.reviewer,
                each.note,
                "" if each.undo_time is None else local_time(each.undo_time),
                SIGHTINGS.identifier(each.sighting),
                REVIEWS.identifier(each.name),
            )
            for each in reviews
        ),
        spare=("undone", "why", "by", "sighting"),
    )


def reviewed_lines(what_if: WhatIf) -> list[str]:
    """Returns what reviewed names say of the thresholds, in sentences; nothing where none was reviewed."""
    lines = []
    for each in what_if.results:
        named = each.total.reviewed_right + each.total.reviewed_wrong
        if named:
            at = f"at {each.similarity_threshold:.4g}" if each.similarity_threshold else "as decided"
            lines.append(
                f"{at}: {each.total.reviewed_wrong} of {named} reviewed names would be wrong "
                f"({each.wrong_share_low:.1%} to {each.wrong_share_high:.1%}, confidence 95 %)"
            )
    if what_if.recommended_threshold is not None:
        lines.append(f"recommended of these: {what_if.recommended_threshold:.4g}")
    elif lines:
        lines.append("too few names were reviewed to recommend one of these")
    return lines


def changes_table(changes: Iterable[WhatIfChange]) -> Sheet:
    """Returns the table of tracks that would have been named otherwise."""
    return table(
        "time",
        "camera",
        "was",
        "would be",
        "track",
        rows=(
            (
                local_time(each.capture_time),
                CAMERAS.identifier(each.camera),
                _who(each.person_before),
                _who(each.person_after),
                each.track_id,
            )
            for each in changes
        ),
        spare=("track",),
    )


def _tallies(first: str, rows: Iterable[Sequence[object]]) -> Sheet:
    headings = ("tracks", "named", "would be", "gained", "lost", "changed", "right", "wrong", "missed")
    left_out = ("remembered", "incomplete")
    return table(first, *headings, *left_out, rows=rows, spare=("incomplete", "remembered", "missed"))


def _numbers(tally: WhatIfTally) -> tuple[int, ...]:
    return (
        tally.tracks,
        tally.named_before,
        tally.named_after,
        tally.gained,
        tally.lost,
        tally.changed,
        tally.reviewed_right,
        tally.reviewed_wrong,
        tally.reviewed_missed,
        tally.remembered,
        tally.incomplete,
    )


def _candidates(decision: Decision) -> str:
    known = [f"{PEOPLE.identifier(each.person)} {each.similarity:.3f}" for each in decision.candidates]
    return ", ".join([*known, *(["(gone)"] if decision.incomplete else [])])


def _likeness(decision: Decision) -> float:
    return max((each.similarity for each in decision.candidates), default=0.0)


def _who(person: str) -> str:
    return PEOPLE.identifier(person) if person else STRANGER
