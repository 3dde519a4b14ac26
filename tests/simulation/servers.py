"""Servers of the simulation: the real streams, sessions and recorder over the simulated store, without gRPC."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from portero_server.domain.detection.detections import FaceQuality, FoundFace
from portero_server.domain.streams.frames import Frame, FrameOutcome, GapReason
from portero_server.domain.streams.messages import Message
from portero_server.domain.tracking.policy import IdentityPolicy, TrackPolicy
from portero_server.engines.base import FaceCrop, Identification
from portero_server.errors import PorteroError
from portero_server.recognition.identity import KnownFaces
from portero_server.streaming.session import Session
from portero_server.vision.analysis import FrameAnalysis
from tests.simulation.network import Broken, Pipe
from tests.simulation.store import SimulatedStore
from tests.support.model.script import PEOPLE_PER_CAMERA, VISIT_GAP, Sight, camera_name, person_name, read_mark, shown
from tests.support.model.scripted_vision import ScriptedVision
from tests.support.server.stream_harness import StreamHarness, camera, named, stream_harness

_HEARTBEAT = 2.0


@dataclass(frozen=True, slots=True)
class Open:
    """The first message."""

    camera: str
    epoch: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A frame on its way."""

    sequence: int
    captured_at: datetime
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Lost:
    """A gap on its way."""

    first: int
    last: int


class Finish:
    """Nothing more comes."""


class Beat:
    """A sign of life."""


class Alive:
    """The server's sign of life."""


Request = Open | Sent | Lost | Finish | Beat


class Link:
    """A connection: two pipes."""

    def __init__(self, up: Pipe[Request], down: Pipe[Message | Alive | None]) -> None:
        self.up = up
        self.down = down

    def reset(self) -> None:
        """Breaks it for both ends."""
        self.up.break_off()
        self.down.break_off()


def _look(frame: Frame) -> FrameAnalysis:
    """Sees what the chaos rig's script foresees; who stands there, and in which frame, is in the pixels."""
    number, index = read_mark(frame.jpeg)
    seen = shown(number, index)
    if seen.sight is not Sight.FACE:
        return FrameAnalysis(FrameOutcome(seen.sight.value))
    value = 0 if seen.person is None else 1 + number * PEOPLE_PER_CAMERA + int(seen.person.rpartition("-")[2])
    face = FoundFace(seen.box, 0.99, FaceQuality(1.0, 1.0, 1.0, 1.0))
    pixels = np.empty((96, 128, 3), np.uint8)
    pixels[:] = (value, *divmod(index, 256))
    return FrameAnalysis(FrameOutcome.WITH_FACES, (face,), pixels)


def _frame_of(crop: FaceCrop) -> tuple[int, int]:
    """Returns camera and index of the frame that a crop is from."""
    _, high, low = crop.pixels[0, 0].tolist()
    camera_id = crop.context.camera_id or ""
    return int(camera_id.rpartition("-")[2]), 256 * high + low


class Engine:
    """Answers after its latency, which the simulation changes.

    Attributes:
        encodes: Whether it describes faces too, so that they are compared where somebody else could be.
        known: The faces of tracks. They outlive a server here: one that does not know them makes another track of a
            face that was missed in a look, in the same visit, which the model does not foresee.
    """

    def __init__(self, *, encodes: bool = False) -> None:
        self.latency = 0.05
        self.encodes = encodes
        self.known: dict[str, KnownFaces] = {}

    async def identify(self, crop: FaceCrop) -> Identification:
        """Says who it is."""
        await asyncio.sleep(self.latency)
        value = int(crop.pixels[0, 0, 0])
        embedding = np.array([float(value), 0.0], np.float32)
        if value == 0:
            return Identification((), embedding=embedding)
        return replace(named(person_name(*divmod(value - 1, PEOPLE_PER_CAMERA))), embedding=embedding)


class Answers:
    """What the engine named to one life of a server, and what of it has to be stored whatever else fails."""

    def __init__(self, engine: Engine, promised: set[tuple[int, int]]) -> None:
        """Adds to `promised` the camera and index of frames that were answered to sessions that came to their end."""
        self._engine = engine
        self._promised = promised
        self._named: list[tuple[float, tuple[int, int]]] = []

    async def identify(self, crop: FaceCrop) -> Identification:
        """Asks the engine and notes the answer."""
        answer = await self._engine.identify(crop)
        if answer.candidates:
            self._named.append((asyncio.get_running_loop().time(), _frame_of(crop)))
        return answer

    def finished(self, camera_id: str, opened: float) -> None:
        """A session that opened then has come to its end."""
        self._promised.update(
            frame for time, frame in self._named if time > opened and camera_name(frame[0]) == camera_id
        )


class SimulatedServer:
    """One life of a server."""

    def __init__(self, at: StreamHarness, answers: Answers) -> None:
        self._at = at
        self._answers = answers
        self._calls: dict[asyncio.Task[None], Link] = {}

    def connect(self, link: Link) -> None:
        """Takes a connection in."""
        task = asyncio.create_task(self._serve(link))
        self._calls[task] = link
        task.add_done_callback(self._calls.pop)

    async def drain(self, seconds: float) -> None:
        """Sends everybody elsewhere."""
        await self._at.streams.drain(self._at.clock.now() + timedelta(seconds=seconds), seconds)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await self._at.recorder.idle()

    async def aclose(self) -> None:
        """Dies: every connection breaks, and nothing is brought to an end."""
        calls = dict(self._calls)
        for task, link in calls.items():
            link.reset()
            task.cancel()
        if calls:
            await asyncio.wait(calls)

    async def _serve(self, link: Link) -> None:
        try:
            opening = await link.up.receive()
            assert isinstance(opening, Open)
            session = await self._at.streams.open(opening.camera, opening.epoch)
        except (Broken, PorteroError):
            link.reset()
            return
        ending, opened = "cut", asyncio.get_running_loop().time()
        try:
            link.down.send(session.opened())
            await self._converse(session, link)
            ending = "finished"
            self._answers.finished(opening.camera, opened)
        except (Broken, PorteroError):
            pass
        finally:
            self._at.streams.close(session, ending)
            link.reset()

    async def _converse(self, session: Session, link: Link) -> None:
        # As rpc/stream.py does it.
        try:
            async with asyncio.TaskGroup() as group:
                reader = group.create_task(_read(session, link))
                writer = group.create_task(_write(session, link))
                await session.run()
                await writer
                reader.cancel()
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        # The status, after which the connection is over.
        link.down.send(None)
        await asyncio.sleep(0.1)


async def _read(session: Session, link: Link) -> None:
    while True:
        message = await link.up.receive()
        match message:
            case Sent():
                session.receive(message.sequence, message.captured_at, message.jpeg)
                await session.outbox.room()
            case Lost():
                session.gap(message.first, message.last, GapReason.SPOOL_FAILED)
            case Finish():
                session.finish()
            case Beat():
                session.heartbeat()
            case Open():
                raise AssertionError("the bridge opened twice")


async def _write(session: Session, link: Link) -> None:
    while True:
        try:
            async with asyncio.timeout(_HEARTBEAT):
                messages = await session.outbox.take()
        except TimeoutError:
            link.down.send(Alive())
            continue
        if not messages:
            return
        for message in messages:
            link.down.send(message)


@asynccontextmanager
async def simulated_server(
    store: SimulatedStore,
    engine: Engine,
    cameras: int,
    promised: set[tuple[int, int]] | None = None,
    visit_gap: timedelta = VISIT_GAP,
) -> AsyncIterator[SimulatedServer]:
    """Runs a server until the end of the block, which kills it; see `Answers` for `promised`."""
    answers = Answers(engine, set() if promised is None else promised)
    async with stream_harness(
        identify=answers.identify,
        name_of=store.name_of,
        cameras=[camera(camera_name(number)) for number in range(cameras)],
        idle_timeout=6.0,
        visit_gap=visit_gap,
        store=store,
        scene=ScriptedVision(_look),
        tracks=TrackPolicy(identity=IdentityPolicy()) if engine.encodes else None,
        known=engine.known,
    ) as at:
        server = SimulatedServer(at, answers)
        try:
            yield server
        finally:
            await server.aclose()
