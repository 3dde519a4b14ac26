"""Two enrolled people who are the same person: what speaks against it, and what holds for the one who stays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from portero_server.domain.people.people import MOST_LABELS
from portero_server.domain.people.photos import KEEP_PHOTOS
from portero_server.domain.people.privacy import Consent
from portero_server.errors import FailedPrecondition

_APART = timedelta(days=7)
"""What is stored of a person in between is soon read; what is stored in years is not."""


@dataclass(frozen=True, slots=True)
class MergeCounts:
    """What a merge moved to the person who stays.

    Attributes:
        dropped_photos: Photos of the vault that are deleted instead.
        joined_sightings: Those of the sightings that are part of another one now.
        ended_consents: Consents that ended by it, of either.
    """

    faces: int = 0
    photos: int = 0
    dropped_photos: int = 0
    sightings: int = 0
    joined_sightings: int = 0
    reviews: int = 0
    consents: int = 0
    ended_consents: int = 0
    attendance_records: int = 0


class NamedTrack(NamedTuple):
    """A face that was followed in a stream; `first` and `last`: the answers that named the person."""

    stream_id: int
    track_id: str
    first: datetime
    last: datetime


class Span(NamedTuple):
    """A time, with both ends."""

    first: datetime
    last: datetime


def covering(spans: Iterable[Span]) -> list[Span]:
    """Returns as few spans, in order, as cover all of these: what is less than a week apart is one."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.first - found[-1].last < _APART:
            found[-1] = Span(found[-1].first, max(found[-1].last, span.last))
        else:
            found.append(span)
    return found


def seen_together(one: Iterable[NamedTrack], other: Iterable[NamedTrack]) -> NamedTrack | None:
    """Returns a track of one person that was followed while one of the other person was, in the same stream.

    Two faces at the same time are two people. A track that was named as both is one face, and says nothing.

    Returns:
        The later one of the first two such tracks; None: there are none.
    """
    sides = (list(one), list(other))
    both = {each.track_id for each in sides[0]} & {each.track_id for each in sides[1]}
    tracks = [(track, side) for side in (0, 1) for track in sides[side] if track.track_id not in both]
    lasting: dict[tuple[int, int], datetime] = {}
    for track, side in sorted(tracks, key=lambda each: (each[0].first, each[0].track_id)):
        until = lasting.get((track.stream_id, 1 - side))
        if until is not None and until >= track.first:
            return track
        own = (track.stream_id, side)
        lasting[own] = max(track.last, lasting.get(own, track.last))
    return None


def merged_labels(kept: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    """Returns the labels of both people; of a label that both have, the value of the one who is kept.

    Raises:
        FailedPrecondition: They are too many.
    """
    labels = {**other, **kept}
    if len(labels) > MOST_LABELS:
        raise FailedPrecondition(
            f"the two have {len(labels)} labels together, and a person has at most {MOST_LABELS}; remove some first",
            reason="TOO_MANY_LABELS",
        )
    return labels


def ended_consents(one: Iterable[Consent], other: Iterable[Consent]) -> frozenset[str]:
    """Returns the ids of the consents that do not hold any more once two people are one.

    Whoever withdrew a consent meant all that they had given before, under whichever id. To be recognized and to have
    photos kept are two purposes; a withdrawal ends the consents of its own purpose only.
    """
    sides = (list(one), list(other))
    ended: set[str] = set()
    for own, others in (sides, sides[::-1]):
        withdrawn: dict[bool, datetime] = {}
        for consent in others:
            if consent.withdrawn_at is not None:
                purpose = consent.purpose == KEEP_PHOTOS
                withdrawn[purpose] = max(consent.withdrawn_at, withdrawn.get(purpose, consent.withdrawn_at))
        for consent in own:
            until = withdrawn.get(consent.purpose == KEEP_PHOTOS)
            if consent.withdrawn_at is None and until is not None and consent.given_at <= until:
                ended.add(consent.consent_id)
    return frozenset(ended)
