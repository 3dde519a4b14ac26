"""Sightings that turn out to be longer than they were, or one visit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from portero_server.domain.recording.sightings import Sighting


class JoinedVisit(NamedTuple):
    """Sightings that are one.

    Attributes:
        stays: The one seen last, with the tracks of all.
        others: The others as they were, in order of their ends.
    """

    stays: Sighting
    others: tuple[Sighting, ...]


def joined_visits(sightings: Iterable[Sighting], gap: timedelta) -> list[JoinedVisit]:
    """Returns which sightings of one person at one camera are one visit.

    Args:
        sightings: Those that have tracks, in any order.
        gap: One that begins later than this after the end of those before is another visit.
    """
    runs: list[list[Sighting]] = []
    until: datetime | None = None
    for sighting in sorted(sightings, key=lambda each: (each.first_seen, each.sighting_id)):
        if until is None or sighting.first_seen - until > gap:
            runs.append([])
        runs[-1].append(sighting)
        until = sighting.last_seen if until is None else max(until, sighting.last_seen)
    return [_joined(run) for run in runs if len(run) > 1]


def united(sighting: Sighting, other: Sighting) -> Sighting:
    """Returns a sighting that has also the tracks of another one of the same person."""
    best = max(sighting, other, key=lambda each: each.similarity)
    return replace(
        extended(sighting, other.first_seen, other.last_seen),
        similarity=best.similarity,
        margin=best.margin,
        track_count=sighting.track_count + other.track_count,
        box=best.box,
        reviewed=sighting.reviewed or other.reviewed,
    )


def extended(sighting: Sighting, first_seen: datetime, last_seen: datetime) -> Sighting:
    """Returns a sighting that lasts at least from `first_seen` to `last_seen`."""
    return replace(
        sighting, first_seen=min(sighting.first_seen, first_seen), last_seen=max(sighting.last_seen, last_seen)
    )


def _joined(run: list[Sighting]) -> JoinedVisit:
    # The one seen last stays: its tracks may still be open, so that bridges and boards hold it.
    *others, stays = sorted(run, key=lambda each: (each.last_seen, each.sighting_id))
    for other in others:
        stays = united(stays, other)
    return JoinedVisit(stays, tuple(others))
