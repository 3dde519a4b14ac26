"""Shows a film to a follower in this process, in virtual time: the server's eyes, tracks and visits, without a wire."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from portero_server.clock import Clock
from portero_server.domain.cameras import Lane
from portero_server.domain.clocks.camera_clock import DEFAULT_CLOCK_POLICY, FrameClock
from portero_server.domain.detection.geometry import Box
from portero_server.domain.gate.cadence import Cadence, CadencePolicy
from portero_server.domain.recording.sightings import StreamCommit, TrackDecided, TrackLeft, TrackSeen
from portero_server.domain.streams.frames import Frame, FrameRefused
from portero_server.domain.streams.messages import TrackUpdate
from portero_server.domain.tracking.policy import IdentityPolicy, TrackPolicy
from portero_server.domain.tracking.track import TrackState
from portero_server.domain.tracking.tracks import Tracker
from portero_server.engines.base import EngineTraits
from portero_server.recognition.follower import Follower
from portero_server.recognition.frame_follower import Findings, Rules, Work
from portero_server.recognition.tiered import FreeEngine, TieredRecognizer
from portero_server.vision.analysis import FrameAnalyzer
from portero_server.vision.analyzer import VisionPool
from tests.benchmarks.identity.account import Account, Followed, Stored, Tell
from tests.benchmarks.identity.eyes import Answers, KeptDetector, KeptEngine
from tests.benchmarks.identity.people import Company
from tests.benchmarks.identity.truth import Place
from tests.support.store.memory import StoreInMemory
from tests.support.time.virtual_time import run_in_virtual_time, running_clock

_CAMERA = "identity"
_EPOCH_START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
_TICK = 0.1
_FREE_SECONDS, _PAID_SECONDS = 0.1, 0.25
"""How long an answer takes: of the local engine on a worker, and of a paid one over the network."""


def account_of(
    frames: Iterable[bytes],
    size: tuple[int, int],
    rate: float,
    company: Company,
    answers: Answers,
    traits: EngineTraits,
    visit_gap: timedelta,
    *,
    paid: bool,
) -> Account:
    """Shows frames at a rate and returns what was told and stored.

    Args:
        frames: JPEG files.
        size: Their width and height, pixels.
        rate: Frames a second.
        company: Whom to enroll.
        answers: Keeps what detector and encoder said.
        traits: The local engine's.
        visit_gap: Of the camera.
        paid: Whether the engine costs money and the local one stands behind it; it answers as the local one does.
    """

    async def run() -> Account:
        pool = VisionPool(KeptDetector(answers), running_clock(), threads=1)
        try:
            door = _Door(company, answers, traits, visit_gap, paid=paid)
            return await door.watch(frames, size, rate, pool.scene())
        finally:
            await pool.aclose()

    return run_in_virtual_time(run())


class _Uncounted:
    def avoided(self, camera_id: str, reason: str, count: int = 1) -> None:
        """Counts nothing."""


class _Door:
    """One stream's follower, its engine, and the store."""

    def __init__(
        self, company: Company, answers: Answers, traits: EngineTraits, visit_gap: timedelta, *, paid: bool
    ) -> None:
        self._clock: Clock = running_clock()
        self._start = self._clock.monotonic()
        self._engine = KeptEngine(company, answers, _PAID_SECONDS if paid else _FREE_SECONDS)
        self._behind = KeptEngine(company, answers, _FREE_SECONDS)
        free = FreeEngine(traits, self._behind.identify) if paid else None
        traits = replace(traits, name="paid", paid=True) if paid else traits
        self._follower = Follower(
            _CAMERA,
            Rules(traits.name, traits.policy, Lane.VISITOR, visit_gap),
            Tracker(f"{_CAMERA}.e1", TrackPolicy(identity=IdentityPolicy())),
            Cadence(CadencePolicy()),
            self._clock,
            TieredRecognizer(_CAMERA, traits, self._engine.identify, self._clock, _Uncounted(), free=free),
            _name_of,
        )
        self._store = StoreInMemory(lambda person: person)
        self._row = self._store.taken(_CAMERA, "e1", "session")
        self._account = Account()
        self._calls: set[asyncio.Task[None]] = set()

    async def watch(
        self, frames: Iterable[bytes], size: tuple[int, int], rate: float, analyzer: FrameAnalyzer
    ) -> Account:
        """Processes all frames, waits for what is still open, and returns what came of it."""
        ticking = asyncio.create_task(self._tick())
        dates = FrameClock(DEFAULT_CLOCK_POLICY, lossless=False)
        for index, jpeg in enumerate(frames):
            await asyncio.sleep(self._start + index / rate - self._clock.monotonic())
            captured, received = _EPOCH_START + timedelta(seconds=index / rate), self._clock.monotonic()
            time = dates.date(captured.timestamp(), received)
            await self._look(Frame(index + 1, captured, jpeg, *size, received, 0.0, time), analyzer)
        self._take_in(self._follower.leave_all())
        ticking.cancel()
        while self._follower.busy or self._calls:
            await asyncio.sleep(_TICK)
            self._take_in(self._follower.tick(self._clock.monotonic()))
        self._account.stored = self._stored()
        self._account.calls = self._engine.calls
        self._account.encodings = self._behind.calls
        return self._account

    async def _look(self, frame: Frame, analyzer: FrameAnalyzer) -> None:
        (look,) = await analyzer.look((frame,), self._follower.when, text=False)
        assert not isinstance(look, FrameRefused)
        self._take_in(self._follower.observe(frame, look))
        if look.searched:
            self._account.followed += [
                Followed(track.track_id, self._since(frame.captured_at), _place(track.box))
                for track in self._follower.tracks
                if track.visible and not track.unverified
            ]

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            self._take_in(self._follower.tick(self._clock.monotonic()))

    def _take_in(self, found: Findings | None) -> None:
        """Records what happened; of kinds it does not know, only the parts that it does."""
        if found is None:
            return
        for event in found.events:
            for part in event if isinstance(event, tuple) else (event,):
                if isinstance(part, TrackUpdate):
                    self._account.tells.append(self._tell(part))
                elif isinstance(part, TrackDecided):
                    self._write(decided=(part,))
                elif isinstance(part, TrackSeen):
                    self._write(seen=(part,))
                elif isinstance(part, TrackLeft):
                    self._write(left=(part,))
        for work in found.work:
            call = asyncio.create_task(self._call(work))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    async def _call(self, work: Work) -> None:
        self._take_in(await work())

    def _write(
        self,
        decided: tuple[TrackDecided, ...] = (),
        seen: tuple[TrackSeen, ...] = (),
        left: tuple[TrackLeft, ...] = (),
    ) -> None:
        stream, session = self._row.stream_id, self._row.session
        self._store.write([StreamCommit(stream, _CAMERA, session, 0, decided=decided, seen=seen, left=left)])

    def _tell(self, update: TrackUpdate) -> Tell:
        return Tell(
            update.track_id,
            self._clock.monotonic() - self._start,
            self._since(update.last_seen),
            _place(update.box),
            update.named.match.person_id if update.named is not None else "",
            update.state is TrackState.CLOSED,
        )

    def _stored(self) -> list[Stored]:
        return [
            Stored(
                sighting.person_id or "",
                self._since(sighting.first_seen),
                self._since(sighting.last_seen),
                frozenset(link.track_id for link in self._store.links.values() if link.sighting_id == sighting_id),
            )
            for sighting_id, sighting in self._store.sightings.items()
        ]

    @staticmethod
    def _since(time: datetime) -> float:
        return (time - _EPOCH_START).total_seconds()


async def _name_of(person_id: str) -> str | None:
    return person_id


def _place(box: Box) -> Place:
    return Place(*box.center, box.width, box.height)
