"""What must be stored, worked out from the script, the clocks and the ledger by a tracker of its own."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from portero_server.domain.tracking.policy import IdentityPolicy, TrackPolicy
from tests.support.model.clocks import RIGHT_CLOCKS, CameraClocks
from tests.support.model.script import VISIT_GAP, Shown, Sight, camera_name, shown

_POLICY = TrackPolicy()
_PAUSE = IdentityPolicy().pause
_BACK = 0.5
"""Seconds by which a capture time may go back without its clock having been set."""


@dataclass(slots=True)
class ExpectedTrack:
    """A track that the server must have formed, or may have where frames were given up.

    Attributes:
        looks: The sequences that showed its face.
        moments: Its `last_seen` at each frame that showed it.
        stretch: How often the camera's clock had been set before it began.
        sure: Whether it must be stored exactly so; else it is one of the ways in which frames that were given up may
            have had their effects or not, or a clock that was set may have been noticed or not.
    """

    track_id: str
    person: str | None
    first_seen: datetime
    last_seen: datetime
    looks: list[int]
    moments: set[datetime]
    stretch: int = 0
    sure: bool = True


@dataclass(slots=True)
class Stay:
    """Somebody at one place of a camera, from before whom to after whom nobody is followed there, whatever was seen.

    Attributes:
        tracks: The ways to follow them, by track id; one, if no frame was given up.
        kept: Frames that were not given up and show them however the others are taken: the sequence, whether it is a
            look, the least `last_seen` there, and the tracks that it belongs to.
    """

    tracks: dict[str, ExpectedTrack] = field(default_factory=dict)
    kept: list[tuple[int, bool, datetime, frozenset[str]]] = field(default_factory=list)

    @property
    def sure(self) -> bool:
        """Whether there is one way only."""
        return all(track.sure for track in self.tracks.values())


@dataclass(frozen=True, slots=True)
class _Frame:
    sequence: int
    shown: Shown
    captured: datetime
    given_up: bool


@dataclass(frozen=True, slots=True)
class _Followed:
    """A track in one of the ways to follow a place.

    Attributes:
        missed: Whether a look found nobody where it was, since it was seen.
        unsure: Whether a frame was given up since it was seen.
    """

    track_id: str
    person: str | None
    first_seen: datetime
    last_seen: datetime
    stretch: int
    visible: bool = True
    misses: int = 0
    missed: bool = False
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class _State:
    """One way in which the frames up to here may have been taken, as it matters at one place."""

    track: _Followed | None = None
    latest: datetime | None = None
    stretch: int = 0


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


def foreseen_stays(
    camera: int,
    epoch: str,
    index_of: Mapping[int, int],
    *,
    rejected: Collection[int] = (),
    given_up: Collection[int] = (),
    forgotten: Collection[int] = (),
    clocks: CameraClocks = RIGHT_CLOCKS,
    compares: bool = False,
) -> list[Stay]:
    """Follows the faces that a stream shows, frame by frame.

    Args:
        camera: Whose stream.
        epoch: Its numbering.
        index_of: What frame each sequence is; what is missing was never seen.
        rejected: Sequences that were rejected before they were looked at.
        given_up: Sequences that were rejected since what follows from them could not be stored. Each for itself may
            have been looked at or not, and what it showed may be stored or not.
        forgotten: Watermarks at which a session was resumed by a bridge whose clock had been set back, or with which
            the store did not take who was in view. With the next frame everybody may be somebody anew, or not, if
            another session resumed there again, or none did.
        clocks: How the camera dates its frames.
        compares: Whether the server compares faces where somebody else could be.
    """
    frames = [
        _Frame(sequence, frame, clocks.captured(camera, index), sequence in given_up)
        for sequence, index in sorted(index_of.items())
        if (frame := shown(camera, index)).sight is not Sight.BROKEN
        and sequence not in rejected
        and not clocks.impossible(camera, index)
    ]
    places = {frame.shown.place for frame in frames if frame.shown.sight is Sight.FACE}
    prefix = f"{camera_name(camera)}.{epoch}"
    cuts = sorted(forgotten)
    return [stay for place in sorted(places) for stay in _stays(place, frames, prefix, cuts, compares=compares)]


def foreseen_tracks(
    camera: int, epoch: str, index_of: Mapping[int, int], *, clocks: CameraClocks = RIGHT_CLOCKS
) -> list[ExpectedTrack]:
    """Returns the tracks of a stream of which no frame was given up."""
    stays = foreseen_stays(camera, epoch, index_of, clocks=clocks)
    return [track for stay in stays for track in stay.tracks.values()]


def _stays(
    place: int, frames: Iterable[_Frame], prefix: str, forgotten: Sequence[int], *, compares: bool
) -> list[Stay]:
    """Follows whoever is at one place, in all ways in which the frames that were given up may have been taken.

    Faces at different places never meet, so that each place can be followed by itself.
    """
    stays: list[Stay] = []
    states = {_State()}
    stay = Stay()
    cuts = deque(forgotten)
    for frame in frames:
        if cuts and frame.sequence > cuts[0]:
            # Which visits go on, too, depends on whether it was noticed.
            states = {replace(state, stretch=state.stretch + 1) for state in states}
            states |= {_State(None, None, state.stretch) for state in states}
            while cuts and frame.sequence > cuts[0]:
                cuts.popleft()
        taken = {(each, True) for state in states for each in _taken(state, frame, place, prefix, compares=compares)}
        if frame.given_up:
            taken |= {(_unsure(state), False) for state in states}
        followed = {state.track.track_id for state, _ in taken if state.track is not None}
        if stay.tracks and followed.isdisjoint(stay.tracks):
            stays.append(stay)
            stay = Stay()
        showing = {state.track for state, seen in taken if seen and _shows(state)}
        for track in showing:
            _add(stay, track, frame)
        if showing and not all(_shows(state) for state, _ in taken):
            # Whoever forgot the face before does not see it in a frame that was not looked at.
            for each in stay.tracks.values():
                each.sure = False
        if not frame.given_up and all(_shows(state) for state, _ in taken):
            least = min(track.last_seen for track in showing if track is not None)
            ids = frozenset(track.track_id for track in showing if track is not None)
            stay.kept.append((frame.sequence, frame.shown.sight is Sight.FACE, least, ids))
        states = {_without_lost(state, frame.captured) if seen else state for state, seen in taken}
    return stays + ([stay] if stay.tracks else [])


def _add(stay: Stay, followed: _Followed | None, frame: _Frame) -> None:
    if followed is None:
        return
    track = stay.tracks.get(followed.track_id)
    if track is None:
        first = followed.first_seen
        track = ExpectedTrack(followed.track_id, followed.person, first, first, [], set(), followed.stretch)
        stay.tracks[followed.track_id] = track
    track.last_seen = max(track.last_seen, followed.last_seen)
    track.moments.add(followed.last_seen)
    if frame.shown.sight is Sight.FACE and track.looks[-1:] != [frame.sequence]:
        track.looks.append(frame.sequence)
    if frame.given_up or len(stay.tracks) > 1:
        for each in stay.tracks.values():
            each.sure = False


def _taken(state: _State, frame: _Frame, place: int, prefix: str, *, compares: bool) -> set[_State]:
    """Returns the states that may follow when a frame is looked at; a track that is lost with it is still there."""
    captured, track = frame.captured, state.track
    latest, stretch = state.latest, state.stretch
    moved = 0.0 if latest is None else (captured - latest).total_seconds()
    if moved < -_BACK:
        # Nobody's age can be told any more: whoever is there now is somebody anew.
        track, latest = None, captured
    latest = captured if latest is None else max(latest, captured)
    stretch += moved < -_BACK or moved > _POLICY.longest_gap
    if track is not None and (captured - track.last_seen).total_seconds() > _POLICY.longest_gap:
        track = None
    sight = frame.shown.sight
    if sight is Sight.FACE and frame.shown.place == place:
        begun = _Followed(f"{prefix}.{frame.sequence}.0", frame.shown.person, captured, captured, stretch)
        followed = {begun} if track is None else _found(track, begun, compares=compares)
        return {_State(each, latest, stretch) for each in followed}
    if track is not None:
        looked = sight in (Sight.FACE, Sight.EMPTY)
        unsure = track.unsure or frame.given_up
        if not looked and track.visible:
            track = replace(track, last_seen=max(track.last_seen, captured), unsure=unsure)
        else:
            track = replace(track, visible=False, misses=track.misses + 1, missed=track.missed or looked, unsure=unsure)
    return {_State(track, latest, stretch)}


def _found(track: _Followed, begun: _Followed, *, compares: bool) -> set[_Followed]:
    """Returns who may be followed when a face is found where a track was; `begun` is the track that it may begin.

    Where faces are not compared, the place alone says that it is the same. Where they are, nobody is taken for somebody
    whom a look has missed. After a mere pause the place is trusted only if the face before is not known any more, as
    after frames were given up with which an earlier session had seen the track end. Then the same face may also be
    taken for somebody else.
    """
    goes_on = replace(
        track, visible=True, misses=0, last_seen=max(track.last_seen, begun.first_seen), missed=False, unsure=False
    )
    paused = (begun.first_seen - track.last_seen).total_seconds() > _PAUSE
    if not compares or not (track.missed or paused):
        return {goes_on}
    if track.person == begun.person:
        return {goes_on, begun} if track.unsure else {goes_on}
    return {begun} if track.missed or not track.unsure else {goes_on, begun}


def _unsure(state: _State) -> _State:
    """Returns the state when a frame that was given up was not looked at."""
    return state if state.track is None else replace(state, track=replace(state.track, unsure=True))


def _shows(state: _State) -> bool:
    """Whether the frame that was looked at last shows the track."""
    return state.track is not None and state.track.visible


def _without_lost(state: _State, captured: datetime) -> _State:
    track = state.track
    if track is None or track.misses < _POLICY.max_misses:
        return state
    lost = (captured - track.last_seen).total_seconds() > _POLICY.max_lost
    return replace(state, track=None) if lost else state


def foreseen_visits(
    camera: int, tracks: Iterable[ExpectedTrack], unanswered: frozenset[str], visit_gap: timedelta = VISIT_GAP
) -> list[ForeseenVisit]:
    """Joins the tracks of one camera, of all its epochs, as the visit gap says.

    Args:
        camera: Which.
        tracks: All that must have a sighting.
        unanswered: Track ids of people whom the engine, for lack of time, was never heard to name: strangers.
        visit_gap: Of the camera.
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
        for joined in _within_gap(of_one, visit_gap):
            certain = len({track.stretch for track in joined}) == 1 and all(track.sure for track in joined)
            visits.append(ForeseenVisit(name, person, {track.track_id: track for track in joined}, certain))
    return visits


def _within_gap(tracks: Iterable[ExpectedTrack], visit_gap: timedelta) -> list[list[ExpectedTrack]]:
    joined: list[list[ExpectedTrack]] = []
    until: datetime | None = None
    for track in sorted(tracks, key=lambda track: track.first_seen):
        if until is None or track.first_seen - until > visit_gap:
            joined.append([])
            until = track.last_seen
        joined[-1].append(track)
        until = max(until, track.last_seen)
    return joined
