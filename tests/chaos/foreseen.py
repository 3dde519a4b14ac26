"""What must be stored, worked out from the script and the ledger by a tracker of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from portero_server.domain.tracks import TrackPolicy
from tests.chaos.script import VISIT_GAP, Shown, Sight, camera_name, shown

_POLICY = TrackPolicy()


@dataclass(slots=True)
class ForeseenTrack:
    """A track that the server must have formed; `looks` are the sequences that showed its face."""

    track_id: str
    person: str | None
    first_seen: datetime
    last_seen: datetime
    looks: list[int]
    visible: bool = True
    misses: int = 0


@dataclass(frozen=True, slots=True)
class ForeseenSighting:
    """A sighting that must be stored."""

    camera: str
    person: str | None
    first_seen: datetime
    last_seen: datetime
    tracks: frozenset[str]


def foreseen_tracks(camera: int, epoch: str, index_of: Mapping[int, int]) -> list[ForeseenTrack]:
    """Follows the faces that a stream shows, frame by frame; what is missing was never seen."""
    done: list[ForeseenTrack] = []
    present: dict[int, ForeseenTrack] = {}
    for sequence, index in sorted(index_of.items()):
        frame = shown(camera, index)
        if frame.sight is Sight.BROKEN:
            continue
        for place, track in tuple(present.items()):
            if (frame.captured - track.last_seen).total_seconds() > _POLICY.longest_gap:
                done.append(present.pop(place))
        if frame.sight in (Sight.FACE, Sight.EMPTY):
            _look(present, frame, sequence, f"{camera_name(camera)}.{epoch}")
        else:
            _still(present.values(), frame)
        for place, track in tuple(present.items()):
            lost = (frame.captured - track.last_seen).total_seconds() > _POLICY.max_lost
            if track.misses >= _POLICY.max_misses and lost:
                done.append(present.pop(place))
    return done + list(present.values())


def foreseen_sightings(
    camera: int, tracks: Iterable[ForeseenTrack], unanswered: frozenset[str]
) -> list[ForeseenSighting]:
    """Joins the tracks of one camera, of all its epochs, as the visit gap says.

    Args:
        camera: Which.
        tracks: All that must have a sighting.
        unanswered: Track ids of people whom the engine, for lack of time, was never heard to name: strangers.
    """
    sightings: list[ForeseenSighting] = []
    open_visits: dict[str, ForeseenSighting] = {}
    for track in sorted(tracks, key=lambda track: track.first_seen):
        person = None if track.track_id in unanswered else track.person
        fresh = ForeseenSighting(
            camera_name(camera), person, track.first_seen, track.last_seen, frozenset({track.track_id})
        )
        before = open_visits.get(person) if person is not None else None
        if before is not None and track.first_seen - before.last_seen <= VISIT_GAP:
            sightings.remove(before)
            fresh = ForeseenSighting(
                before.camera,
                person,
                min(before.first_seen, fresh.first_seen),
                max(before.last_seen, fresh.last_seen),
                before.tracks | fresh.tracks,
            )
        if person is not None:
            open_visits[person] = fresh
        sightings.append(fresh)
    return sightings


def _look(present: dict[int, ForeseenTrack], frame: Shown, sequence: int, prefix: str) -> None:
    for track in present.values():
        track.visible = False
        track.misses += 1
    if frame.sight is not Sight.FACE:
        return
    known = present.get(frame.place)
    if known is None:
        track_id = f"{prefix}.{sequence}.0"
        present[frame.place] = ForeseenTrack(track_id, frame.person, frame.captured, frame.captured, [sequence])
        return
    known.visible = True
    known.misses = 0
    known.last_seen = frame.captured
    known.looks.append(sequence)


def _still(present: Iterable[ForeseenTrack], frame: Shown) -> None:
    for track in present:
        if track.visible:
            track.last_seen = frame.captured
        else:
            track.misses += 1
