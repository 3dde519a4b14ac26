"""The open streams of this server: admission, shared limits, supersession and draining."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import uuid4

import structlog

from portero_server.domain.cameras import Camera
from portero_server.domain.detection.detections import MatchPolicy
from portero_server.domain.gate.cadence import CadencePolicy
from portero_server.domain.recording.sightings import StreamRow
from portero_server.domain.streams.credit import CreditPolicy
from portero_server.domain.tracking.policy import TrackPolicy
from portero_server.errors import (
    FailedPrecondition,
    InvalidInput,
    LimitReached,
    NotFound,
    SessionSuperseded,
    StoreUnavailable,
    Unavailable,
)
from portero_server.privacy.name_revocation import NameHolder
from portero_server.streaming.followers import CostPolicy, Followers, StreamEngine
from portero_server.streaming.handover import awaits_answers, take_over
from portero_server.streaming.session import Session
from portero_server.streaming.session_parts import SessionParts
from portero_server.streaming.status import CameraSource, LiveStatus, figures_of, log_opened, registered, status_of
from portero_server.streaming.stream_clock import UNDECLARED, Opening, StreamClock, check_time_source
from portero_server.vision.analysis import AnalyzerSource

_log = structlog.get_logger(__name__)

_TICK = 0.1
_REFRESH = 5.0
_ABSENCE = 10.0
"""Seconds without a stream after which its faces are reported as left."""
_EPOCH = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class StreamSource(Protocol):
    """Assigns the ownership of streams."""

    async def open(self, camera_id: str, epoch: str, session: str) -> StreamRow:
        """Makes `session` the owner of the stream and returns its durable state."""
        ...


@dataclass(frozen=True, slots=True)
class StreamPolicy:
    """Settings that apply to all streams.

    Attributes:
        max_streams: Most open streams.
        window_frames, window_bytes: What may wait of one stream.
        total_window_bytes: What may wait of all together.
        idle_timeout: Seconds of silence after which a stream is ended.
        visit_gap: Default of the cameras.
        match: Threshold and margin, where a camera has none of its own.
        tracks, cadence: How faces are followed and how often is looked.
    """

    max_streams: int
    window_frames: int
    window_bytes: int
    total_window_bytes: int
    idle_timeout: float
    visit_gap: timedelta
    match: MatchPolicy
    tracks: TrackPolicy
    cadence: CadencePolicy


class Streams:
    """Opens sessions, enforces limits, and drains them. There is at most one open session per camera."""

    def __init__(
        self,
        cameras: CameraSource,
        rows: StreamSource,
        parts: SessionParts,
        analyzers: AnalyzerSource,
        engine: StreamEngine,
        policy: StreamPolicy,
        cost_policy: CostPolicy,
    ) -> None:
        self._cameras = cameras
        self._rows = rows
        self._parts = parts
        self._analyzers = analyzers
        self._policy = policy
        self._followers = Followers(
            engine,
            parts,
            cost_policy,
            match=policy.match,
            visit_gap=policy.visit_gap,
            tracks=policy.tracks,
            cadence=policy.cadence,
        )
        # By camera: `StreamClock.offset` of its last session.
        self._clocks: dict[str, float] = {}
        # By camera: when the last frame of its last session that had one was captured.
        self._last_pictures: dict[str, datetime] = {}
        self._sessions: dict[str, Session] = {}
        # Interrupted streams by camera, with the time at which their faces count as left unless a session resumes.
        self._cut: dict[str, tuple[float, Session]] = {}
        self._opening = 0
        self._leave_by: datetime | None = None
        self._empty = asyncio.Event()
        self._empty.set()

    def status(self, camera_id: str) -> LiveStatus | None:
        """Returns the status of a camera's stream, or None if it has no open stream on this server."""
        session = self._sessions.get(camera_id)
        return None if session is None else status_of(session, self._parts.clock.monotonic())

    def last_picture(self, camera_id: str) -> datetime | None:
        """Returns when the last frame of a camera's closed sessions on this server was captured, or None."""
        return self._last_pictures.get(camera_id)

    def name_holders(self) -> Iterator[NameHolder]:
        """Yields every object in this process that holds people's names in memory."""
        yield from self._sessions.values()
        yield from self._followers.memories.values()
        yield from self._followers.known.values()

    def report(self) -> None:
        """Updates the gauges before a scrape."""
        now, metrics = self._parts.clock.monotonic(), self._parts.metrics
        sessions = self._sessions.values()
        intakes = [session.state.intake for session in sessions]
        metrics.streams.streams_are(
            limit=self._policy.max_streams,
            lag=sum(each.lag for each in intakes),
            age=max((each.arrivals.oldest(now) for each in intakes), default=0.0),
            buffered=sum(each.waiting_bytes for each in intakes),
            left=[each.credit for each in intakes],
        )
        metrics.steering.streams_are((each.steering.opening.agent, each.steering.asked.causes) for each in sessions)
        metrics.cameras.cameras_are({camera: figures_of(session, now) for camera, session in self._sessions.items()})

    async def open(self, camera_id: str, epoch: str, opening: Opening = UNDECLARED) -> Session:
        """Opens the stream of a camera; an earlier session of the camera ends as superseded.

        Raises:
            InvalidInput: The epoch is malformed.
            Unavailable: The server drains.
            LimitReached: Too many streams are open.
            NotFound: No such camera.
            FailedPrecondition: The camera is disabled, or dates frames by their arrival and the bridge sends them late.
            StoreUnavailable: The database does not answer.
        """
        if not _EPOCH.fullmatch(epoch):
            raise InvalidInput("open.epoch", "open.epoch must be 1 to 64 characters of [A-Za-z0-9_.-]")
        if self._leave_by is not None:
            raise Unavailable("this server is going away; connect again", reason="DRAINING")
        with self._place(camera_id):
            camera = await self._camera(camera_id)
            if camera.disabled:
                raise FailedPrecondition(f"cameras/{camera_id} is disabled", reason="CAMERA_DISABLED")
            check_time_source(camera, opening)
            session_id = uuid4().hex
            row = await self._rows.open(camera_id, epoch, session_id)
            names = await self._followers.names(row)
        if (earlier := self._sessions.get(camera_id)) is not None:
            earlier.stop(SessionSuperseded(f"a later session of cameras/{camera_id} took over"))
        session = Session(
            row,
            camera,
            self._parts,
            self._analyzers.scene(),
            self._followers.follower(camera, row, names),
            self._clock(camera_id, opening, row),
            self._credit(len(self._sessions) + 1),
        )
        _, cut = self._cut.pop(camera_id, (0.0, None))
        session.steering.open(opening)
        take_over(session, earlier or cut)
        self._sessions[camera_id] = session
        self._empty.clear()
        self._rebalance()
        log_opened(session)
        self._ask_to_leave(session)
        return session

    def close(self, session: Session, ending: str) -> None:
        """Removes a session that ended and logs its totals."""
        camera_id = session.camera.camera_id
        if (captured := session.state.intake.arrivals.captured_at) is not None:
            self._last_pictures[camera_id] = captured
        if self._sessions.get(camera_id) is session:
            del self._sessions[camera_id]
            if not session.follower.tracks:
                self._followers.known.pop(camera_id, None)
            if session.follower.tracks or awaits_answers(session):
                self._cut[camera_id] = (self._parts.clock.monotonic() + _ABSENCE, session)
        if not self._sessions:
            self._empty.set()
        self._rebalance()
        self._parts.metrics.streams.sessions.labels(ending).inc()
        _log.info(
            "stream_closed",
            camera=camera_id,
            session=session.row.session,
            ending=ending,
            received=session.state.intake.received,
            recognitions=session.state.recognitions,
            account={outcome.value: count for outcome, count in session.state.intake.account.items()},
        )

    async def run(self) -> None:
        """Ticks the sessions and refreshes their camera settings until canceled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tick())
            group.create_task(self._follow_cameras())

    async def drain(self, deadline: datetime, seconds: float) -> None:
        """Asks all bridges to reconnect elsewhere, waits for them, and ends the remaining sessions after `seconds`."""
        self._leave_by = deadline
        for session in self._sessions.values():
            self._ask_to_leave(session)
        try:
            async with asyncio.timeout(seconds):
                await self._empty.wait()
        except TimeoutError:
            for session in tuple(self._sessions.values()):
                session.stop(Unavailable("this server went away; connect again", reason="DRAINING"))
            await self._empty.wait()

    def _ask_to_leave(self, session: Session) -> None:
        """Asks a new session to leave if the server is draining: it may have missed the general request."""
        if self._leave_by is not None:
            session.drain(self._leave_by)

    @contextmanager
    def _place(self, camera_id: str) -> Iterator[None]:
        """Reserves a place while a stream opens, so that concurrent opens cannot exceed the limit."""
        others = len(self._sessions.keys() - {camera_id}) + self._opening
        if others >= self._policy.max_streams:
            raise LimitReached(
                f"{self._policy.max_streams} streams are open, the most PORTERO_MAX_STREAMS allows",
                retry_after=5.0,
                reason="TOO_MANY_STREAMS",
            )
        self._opening += 1
        try:
            yield
        finally:
            self._opening -= 1

    async def _camera(self, camera_id: str) -> Camera:
        try:
            return await self._cameras.get(camera_id)
        except NotFound as error:
            raise NotFound(error.resource, reason="CAMERA_NOT_FOUND") from None

    def _clock(self, camera_id: str, opening: Opening, row: StreamRow) -> StreamClock:
        clock = StreamClock(
            self._parts.clocks, opening, row.open_tracks, self._clocks.get(camera_id), self._parts.now()
        )
        if clock.was_set:
            _log.warning("camera_clock_set_back", camera=camera_id, since="the session before")
        if clock.offset is not None:
            self._clocks[camera_id] = clock.offset
        return clock

    def _credit(self, streams: int) -> CreditPolicy:
        policy = self._policy
        return CreditPolicy(
            window_frames=policy.window_frames,
            window_bytes=min(policy.window_bytes, policy.total_window_bytes // max(1, streams)),
            # Frames held by an undecided track must not stop the stream: two seconds of a fast camera fit.
            max_unsettled=4 * policy.window_frames,
        )

    def _rebalance(self) -> None:
        credit = self._credit(len(self._sessions))
        for session in self._sessions.values():
            session.state.intake.bound(credit)
        self._parts.metrics.streams.streams.set(len(self._sessions))

    async def _tick(self) -> None:
        clock, metrics = self._parts.clock, self._parts.metrics
        while True:
            before = clock.monotonic()
            await asyncio.sleep(_TICK)
            now = clock.monotonic()
            metrics.process.loop_late(max(0.0, now - before - _TICK))
            for session in tuple(self._sessions.values()):
                session.tick(now, self._policy.idle_timeout)
            self._abandon(now)

    def _abandon(self, now: float) -> None:
        for camera_id, (due, session) in tuple(self._cut.items()):
            if now >= due:
                del self._cut[camera_id]
                # If another server has resumed the stream, the database refuses this server's commits.
                session.abandon()
                self._followers.known.pop(camera_id, None)

    async def _follow_cameras(self) -> None:
        while True:
            await asyncio.sleep(_REFRESH)
            # What the streams know of their cameras is good enough until the database is back.
            with suppress(StoreUnavailable):
                async for camera_id, camera in registered(self._cameras, tuple(self._sessions)):
                    if (session := self._sessions.get(camera_id)) is not None:
                        self._apply(session, camera)

    def _apply(self, session: Session, camera: Camera | None) -> None:
        if camera is None:
            session.stop(NotFound(f"cameras/{session.camera.camera_id}", reason="CAMERA_NOT_FOUND"))
        elif camera.disabled:
            session.stop(FailedPrecondition(f"cameras/{camera.camera_id} is disabled", reason="CAMERA_DISABLED"))
        elif camera.mode is not session.camera.mode or camera.time_source is not session.camera.time_source:
            session.stop(Unavailable("the camera's settings changed; connect again", reason="CAMERA_CHANGED"))
        else:
            session.apply(camera, self._followers.rules(camera))
