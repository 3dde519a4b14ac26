"""What must be stored, worked out from the script, the clocks and the ledger by a tracker of its own."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from portero_server.domain.tracking.tracks import TrackPolicy
from tests.support.model.clocks import RIGHT_CLOCKS, CameraClocks
from tests.support.model.script import VISIT_GAP, Shown, Sight, camera_name, shown

_POLICY = TrackPolicy()
_BACK = 0.5
"""Seconds by which a capture time may go back without its clock having been set."""


@dataclass(slots=True)
class ExpectedTrack:
    """A track that the server must have formed.

    Attributes:
        looks: The sequences that showed its face.
        last_sequence: The last sequence in which it was there.
        stretch: How often the camera's clock had been set before it began.
        sure: Whether it must be stored exactly so. Of a track whose findings the database refused, with a frame that
            answers for them, any part may be missing.
    """

    track_id: str
    person: str | None
    first_seen: datetime
    last_seen: datetime
    looks: list[int]
    last_sequence: int = 0
    stretch: int = 0
    sure: bool = True
    visible: bool = True
    misses: int = 0


@dataclass(frozen=True, slots=True)
class ForeseenVisit:
    """Tracks of one person at one camera that lie within the visit gap of each other, or one track of a stranger.

    Attributes:
        certain: Whether they must be one sighting. When the clock was set between them, or findings were refused, which
            of them are one depends on what had been stored when the next was decided; they may be several, and none
            may hold others.
    """

    camera: str
    person: str | None
    tracks: Mapping[str, ExpectedTrack]
    certain: bool


def foreseen_tracks(
    camera: int,
    epoch: str,
    index_of: Mapping[int, int],
    *,
    rejected: Collection[int] = (),
    given_up: Collection[int] = (),
    clocks: CameraClocks = RIGHT_CLOCKS,
) -> list[ExpectedTrack]:
    """Follows the faces that a stream shows, frame by frame.

    Args:
        camera: Whose stream.
        epoch: Its numbering.
        index_of: What frame each sequence is; what is missing was never seen.
        rejected: Sequences that were rejected before they were looked at.
        given_up: Sequences that were rejected since what follows from them could not be stored; whether they had been
            looked at is not known, so that both is foreseen.
        clocks: How the camera dates its frames.
    """
    unseen = frozenset(rejected)
    found = _followed(camera, epoch, index_of, unseen, clocks)
    if not given_up:
        return found
    others = _followed(camera, epoch, index_of, unseen.union(given_up), clocks)
    return _either(found, others, given_up)


def _followed(
    camera: int, epoch: str, index_of: Mapping[int, int], unseen: Collection[int], clocks: CameraClocks
) -> list[ExpectedTrack]:
    done: list[ExpectedTrack] = []
    present: dict[int, ExpectedTrack] = {}
    latest: datetime | None = None
    stretch = 0
    for sequence, index in sorted(index_of.items()):
        frame = shown(camera, index)
        if frame.sight is Sight.BROKEN or sequence in unseen or clocks.impossible(camera, index):
            continue
        captured = clocks.captured(camera, index)
        moved = 0.0 if latest is None else (captured - latest).total_seconds()
        if moved < -_BACK:
            # Nobody's age can be told any more: whoever is there now is somebody anew.
            done += present.values()
            present.clear()
            latest = captured
        latest = captured if latest is None else max(latest, captured)
        stretch += moved < -_BACK or moved > _POLICY.longest_gap
        for place, track in tuple(present.items()):
            if (captured - track.last_seen).total_seconds() > _POLICY.longest_gap:
                done.append(present.pop(place))
        if frame.sight in (Sight.FACE, Sight.EMPTY):
            _look(present, frame, captured, sequence, f"{camera_name(camera)}.{epoch}", stretch)
        else:
            _still(present.values(), captured, sequence)
        for place, track in tuple(present.items()):
            lost = (captured - track.last_seen).total_seconds() > _POLICY.max_lost
            if track.misses >= _POLICY.max_misses and lost:
                done.append(present.pop(place))
    return done + list(present.values())


def _either(
    found: Iterable[ExpectedTrack], others: Iterable[ExpectedTrack], given_up: Collection[int]
) -> list[ExpectedTrack]:
    """Joins what was foreseen in two ways; what both agree on and no frame that was given up touches is sure."""
    refused = sorted(given_up)
    by_id = {track.track_id: track for track in others}
    joined: list[ExpectedTrack] = []
    for track in found:
        first = track.looks[0]
        other = by_id.pop(track.track_id, None)
        # A finding answers with the frame in which the face was seen last, which may be any from its first to its last.
        touched = bisect_right(refused, track.last_sequence) > bisect_left(refused, first)
        track.sure = not touched and other is not None and other.looks == track.looks
        joined.append(track)
    for track in by_id.values():
        track.sure = False
        joined.append(track)
    return joined


def foreseen_visits(camera: int, tracks: Iterable[ExpectedTrack], unanswered: frozenset[str]) -> list[ForeseenVisit]:
    """Joins the tracks of one camera, of all its epochs, as the visit gap says.

    Args:
        camera: Which.
        tracks: All that must have a sighting.
        unanswered: Track ids of people whom the engine, for lack of time, was never heard to name: strangers.
    """
    of_person: dict[str, list[ExpectedTrack]] = defaultdict(list)
    visits: list[ForeseenVisit] = []
    name = camera_name(camera)
    for track in tracks:
        if track.person is None or track.track_id in unanswered:
            visits.append(ForeseenVisit(name, None, {track.track_id: track}, track.sure))
        else:
            of_person[track.person].append(track)
    for person, of_one in of_person.items():
        for joined in _within_gap(of_one):
            certain = len({track.stretch for track in joined}) == 1 and all(track.sure for track in joined)
            visits.append(ForeseenVisit(name, person, {track.track_id: track for track in joined}, certain))
    return visits


def _within_gap(tracks: Iterable[ExpectedTrack]) -> list[list[ExpectedTrack]]:
    joined: list[list[ExpectedTrack]] = []
    until: datetime | None = None
    for track in sorted(tracks, key=lambda track: track.first_seen):
        if until is None or track.first_seen - until > VISIT_GAP:
            joined.append([])
            until = track.last_seen
        joined[-1].append(track)
        until = max(until, track.last_seen)
    return joined


def _look(
    present: dict[int, ExpectedTrack], frame: Shown, captured: datetime, sequence: int, prefix: str, stretch: int
) -> None:
    for track in present.values():
        track.visible = False
        track.misses += 1
    if frame.sight is not Sight.FACE:
        return
    known = present.get(frame.place)
    if known is None:
        track_id = f"{prefix}.{sequence}.0"
        present[frame.place] = ExpectedTrack(track_id, frame.person, captured, captured, [sequence], sequence, stretch)
        return
    known.visible = True
    known.misses = 0
    known.last_seen = max(known.last_seen, captured)
    known.last_sequence = sequence
    known.looks.append(sequence)


def _still(present: Iterable[ExpectedTrack], captured: datetime, sequence: int) -> None:
    for track in present:
        if track.visible:
            track.last_seen = max(track.last_seen, captured)
            track.last_sequence = sequence
        else:
            track.misses += 1
