"""Writes down when the cameras of rooms watched, from frames that were searched and are settled and stored.

Frames are noted in memory and counted when the stream's durable watermark has passed them. A server that dies loses the
notes of the last seconds: that time is unproven, and nothing is ever taken for watched that was not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import structlog

from portero_server.attendance.coverage_follower import CoverageFollower
from portero_server.domain.attendance.frame_notes import FrameNotes, WatchHole
from portero_server.domain.attendance.known_view import KnownView, ViewWatch
from portero_server.domain.attendance.spans import TimeSpan
from portero_server.domain.attendance.unproven import UnprovenCause, UnprovenSpan
from portero_server.domain.cameras import TimeSource
from portero_server.domain.clocks.clock_watch import ClockState
from portero_server.domain.detection.glimpse import ViewState
from portero_server.errors import StoreUnavailable
from portero_server.recognition.frame_follower import FrameFollower
from portero_server.store.attendance.coverage import CoverageStore
from portero_server.store.attendance.settled import DurableStream, SettledFrames
from portero_server.store.attendance.views import ViewStore
from portero_server.vision import view_edges

_log = structlog.get_logger(__name__)

_INTERVAL = 5.0
_LOOKS_AT_ONCE = 100
"""Of one camera; a comparison of views that differ takes half a millisecond."""
_ROUNDS_AFTER = 12
"""Rounds in which frames of a stream that ended may still be settled, by its last commit or by a session after it."""


@dataclass(frozen=True, slots=True)
class OpenStream:
    """The open stream of a camera: its session, and the state of the bridge's clock."""

    session: str
    clock_state: ClockState


class OpenStreams(Protocol):
    """Looks up the open streams of this server."""

    def __call__(self, camera_id: str) -> OpenStream | None:
        """Returns the open stream of a camera; None: it has none."""
        ...


@dataclass(slots=True)
class _Noted:
    """What is noted of one stream, and what of it is still to be written."""

    notes: FrameNotes = field(default_factory=FrameNotes)
    session: str | None = None
    stream_id: int | None = None
    clock_wrong: bool = False
    rounds: int = _ROUNDS_AFTER
    seen: list[TimeSpan] = field(default_factory=list)
    faults: list[UnprovenSpan] = field(default_factory=list)
    views: dict[datetime, KnownView] = field(default_factory=dict)
    view: ViewState = ViewState.UNSPECIFIED


class CoverageRecorder:
    """Notes frames, and writes down what they show."""

    def __init__(self, settled: SettledFrames, coverage: CoverageStore, views: ViewStore) -> None:
        self._settled = settled
        self._coverage = coverage
        self._views = views
        self._open: OpenStreams = _none_open
        # By camera, the newest last.
        self._noted: dict[str, list[_Noted]] = {}

    def follows(self, streams: OpenStreams) -> None:
        """Says where the open streams are looked up."""
        self._open = streams

    def follower(self, camera_id: str, inner: FrameFollower) -> FrameFollower:
        """Returns what a new stream's frames are shown to: notes of them, and then the camera's own follower."""
        if inner.reads_text:
            # It looks for nobody.
            return inner
        noted = _Noted()
        self._noted.setdefault(camera_id, []).append(noted)
        return CoverageFollower(inner, noted.notes, lambda: self._look(camera_id, noted), lambda: noted.view)

    async def run(self) -> None:
        """Works until canceled."""
        while True:
            await asyncio.sleep(_INTERVAL)
            try:
                await self.round()
            except StoreUnavailable as error:
                # The notes wait.
                _log.warning("coverage_waits_for_database", reason=error.reason)

    async def round(self) -> None:
        """Writes down what has been settled since the last round.

        Raises:
            StoreUnavailable: The database does not answer; what is not written is kept.
        """
        if not self._noted:
            return
        placed = await self._settled.placed()
        self._bind(placed)
        everything = [(camera_id, each) for camera_id in placed for each in self._noted.get(camera_id, ())]
        sessions = {each.session for _, each in everything if each.session is not None and each.stream_id is None}
        stream_ids = {each.stream_id for _, each in everything if each.stream_id is not None}
        durable = await self._settled.durable(sessions, stream_ids)
        stored = await self._views.views({camera_id for camera_id, _ in everything})
        views = {camera_id: dict(known) for camera_id, known in stored.items()}
        for camera_id, each in everything:
            # Where frames are dated by their arrival, the bridge's clock does not matter.
            believed = placed[camera_id] is not TimeSource.ARRIVAL
            await self._take(each, durable, views.setdefault(camera_id, {}), believed=believed)
            if each.seen or each.faults or each.views:
                await self._coverage.add(camera_id, tuple(each.seen), tuple(each.faults), tuple(each.views.values()))
                each.seen, each.faults, each.views = [], [], {}

    def _bind(self, placed: Mapping[str, TimeSource]) -> None:
        """Finds out whose notes are whose, without waiting: the newest notes are those of the open stream."""
        for camera_id, noted in tuple(self._noted.items()):
            if camera_id not in placed:
                for each in noted:
                    each.notes.clear()
            self._look(camera_id, noted[-1])
            for each in noted if self._open(camera_id) is None else noted[:-1]:
                each.rounds -= 1
            self._noted[camera_id] = [each for each in noted if each.rounds > 0]
            if not self._noted[camera_id]:
                del self._noted[camera_id]

    def _look(self, camera_id: str, noted: _Noted) -> None:
        """Looks at the stream that notes are of: the open one, if they are the camera's newest."""
        stream, held = self._open(camera_id), self._noted.get(camera_id)
        if stream is not None and held and held[-1] is noted:
            noted.session = stream.session
            noted.clock_wrong = stream.clock_state is not ClockState.STEADY

    async def _take(
        self,
        noted: _Noted,
        durable: Iterable[DurableStream],
        views: dict[datetime, KnownView],
        *,
        believed: bool,
    ) -> None:
        """Takes what is settled of a stream's notes; `views` are those of its camera, and are changed."""
        stream = _stream_of(noted, durable)
        if stream is None:
            return
        noted.stream_id = stream.stream_id
        seen, holes, looks = noted.notes.settled(stream.durable_sequence)
        noted.seen += seen
        if noted.clock_wrong and believed:
            noted.faults += [UnprovenSpan(each.start, each.end, (UnprovenCause.CLOCK_FAULT,)) for each in seen]
        elif looks:
            # What an earlier round could not write is newer than what is stored.
            views |= noted.views
            watch = ViewWatch(view_edges, views)
            for start in range(0, len(looks), _LOOKS_AT_ONCE):
                noted.faults += watch.blind(looks[start : start + _LOOKS_AT_ONCE])
                # A day that was uploaded late has thousands; streams must not wait for them.
                await asyncio.sleep(0)
            noted.views |= watch.changed
            noted.view = watch.state
        for hole in holes:
            if causes := await self._causes(stream.stream_id, hole):
                noted.faults.append(UnprovenSpan(hole.span.start, hole.span.end, causes))

    async def _causes(self, stream_id: int, hole: WatchHole) -> tuple[UnprovenCause, ...]:
        if hole.first_sequence is not None and hole.last_sequence is not None:
            return await self._settled.missing(stream_id, hole.first_sequence, hole.last_sequence)
        # Where no frame was taken, that nothing is known says enough.
        return (UnprovenCause.UNSEARCHED,) if hole.unsearched else ()


def _stream_of(noted: _Noted, durable: Iterable[DurableStream]) -> DurableStream | None:
    for stream in durable:
        if stream.stream_id == noted.stream_id or (noted.stream_id is None and stream.session == noted.session):
            return stream
    return None


def _none_open(camera_id: str) -> OpenStream | None:
    return None
