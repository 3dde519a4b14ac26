"""A door with everything behind it made up: streams over scripted looks, a scripted engine and a store in memory."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Protocol

import cv2
import numpy as np

from portero_server.clock import Clock
from portero_server.domain.cameras import Camera, CameraMode, Lane
from portero_server.domain.detection.detections import Candidate, FaceQuality, FoundFace, MatchPolicy, Text
from portero_server.domain.detection.geometry import Box
from portero_server.domain.gate.cadence import CadencePolicy, When
from portero_server.domain.recording.sightings import CommitResult, StreamCommit, StreamRow
from portero_server.domain.streams.frames import Frame, FrameLimits, FrameOutcome, FrameRefused
from portero_server.domain.streams.messages import Message
from portero_server.domain.tracking.policy import TrackPolicy
from portero_server.engines.base import CallContext, EngineTraits, FaceCrop, Identification, Pixels
from portero_server.errors import NotFound, StoreUnavailable
from portero_server.recognition.frame_follower import FrameFollower
from portero_server.recognition.identity import KnownFaces
from portero_server.recognition.name_lookup import NameOf
from portero_server.streaming.followers import CostPolicy, StreamEngine
from portero_server.streaming.orphans import FollowedStreams, OrphanReaper
from portero_server.streaming.recorder import CommitStore, Recorder
from portero_server.streaming.registry import StreamPolicy, Streams, StreamSource
from portero_server.streaming.session import Session
from portero_server.streaming.session_parts import SessionParts
from portero_server.streaming.steering import UNSTEERED, Steering
from portero_server.telemetry.metrics import Metrics
from portero_server.telemetry.traces import NO_TRACES, Traces
from portero_server.vision.analysis import AnalyzerSource, FrameAnalysis
from tests.support.store.memory import StoreInMemory
from tests.support.time.virtual_time import running_clock

EPOCH_START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TRAITS = EngineTraits("scripted", "1", 8, False, MatchPolicy(0.5, 0.1), False)
PIXELS: Pixels = np.zeros((480, 640, 3), np.uint8)


@cache
def jpeg() -> bytes:
    """Returns a small sound JPEG file."""
    done, data = cv2.imencode(".jpg", np.full((96, 96, 3), 127, np.uint8))
    assert done
    return bytes(data)


def face(left: float = 0.2, quality: float = 1.0) -> FoundFace:
    """Returns a face of a tenth of the picture's width."""
    return FoundFace(Box(left, 0.3, 0.1, 0.13), 0.9, FaceQuality(quality, 1.0, 1.0, 1.0))


def looked(*faces: FoundFace) -> FrameAnalysis:
    """Returns a look that found these faces."""
    if not faces:
        return FrameAnalysis(FrameOutcome.EMPTY)
    return FrameAnalysis(FrameOutcome.WITH_FACES, faces, PIXELS)


UNCHANGED = FrameAnalysis(FrameOutcome.UNCHANGED)


def camera(camera_id: str = "door", mode: CameraMode = CameraMode.FACES) -> Camera:
    """Returns a camera with the server's own settings."""
    return Camera(camera_id, "StreamHarness", "", mode, Lane.VISITOR, False, None, None, EPOCH_START, EPOCH_START)


class MemoryCameras:
    """Registered cameras."""

    def __init__(self, *cameras: Camera) -> None:
        self.cameras = {each.camera_id: each for each in cameras}

    async def get(self, camera_id: str) -> Camera:
        """Returns a camera; raises NotFound."""
        if camera_id not in self.cameras:
            raise NotFound(f"cameras/{camera_id}")
        return self.cameras[camera_id]

    async def list(self, limit: int, *, within: frozenset[str]) -> Sequence[Camera]:
        """Returns those that exist."""
        return [camera for camera_id, camera in self.cameras.items() if camera_id in within][:limit]


class MemoryStore(StoreInMemory):
    """Streams and what was committed, by the store's rules, and its faults on command.

    Attributes:
        commits: What was written, in order; of a superseded session nothing.
    """

    def __init__(self) -> None:
        super().__init__(lambda person_id: None if person_id == "deleted" else person_id.title())
        self.commits: list[StreamCommit] = []
        self.unavailable = 0
        self.refusals = 0
        self.poisoned: set[str] = set()
        self.unstorable: set[int] = set()

    async def open(self, camera_id: str, epoch: str, session: str) -> StreamRow:
        """Makes the session the stream's owner."""
        return self.taken(camera_id, epoch, session)

    async def followed(self) -> Sequence[StreamRow]:
        """Returns the streams with open tracks that are not absent."""
        return self.with_somebody()

    async def commit(self, commits: Sequence[StreamCommit]) -> CommitResult:
        """Writes all, or fails as told."""
        if self.unavailable:
            self.unavailable -= 1
            raise StoreUnavailable("the database does not answer")
        if any(commit.camera_id in self.poisoned for commit in commits):
            raise ValueError("unwritable")
        if self.refusals:
            self.refusals -= 1
            raise OverflowError("date value out of range")
        if any(not self.unstorable.isdisjoint(_frames_of(commit)) for commit in commits):
            raise OverflowError("date value out of range")
        self.commits += self.owned(commits)
        return self.write(commits)

    def outcomes(self) -> Counter[FrameOutcome]:
        """Returns how many sequences were stored with which outcome."""
        return sum(self.counted.values(), Counter())

    @property
    def durable(self) -> int:
        """The only stream's watermark."""
        (row,) = self.rows.values()
        return row.durable_sequence


def _frames_of(part: StreamCommit) -> set[int]:
    findings: list[Any] = [*part.decided, *part.seen, *part.left, *part.recognitions, *part.texts]
    return {each.sequence for each in findings}


class HarnessStore(CommitStore, StreamSource, FollowedStreams, Protocol):
    """A store for streams and what they commit."""


class ScriptedScene:
    """Answers looks from a script by sequence; what is not scripted is unchanged."""

    def __init__(self, script: dict[int, FrameAnalysis | FrameRefused]) -> None:
        self._script = script
        self.looked_at: list[int] = []

    def scene(self) -> ScriptedScene:
        """Begins a scene: the same for every stream."""
        return self

    async def look(self, frames: Sequence[Frame], when: When, *, text: bool) -> Sequence[FrameAnalysis | FrameRefused]:
        """Returns the scripted looks, up to the first that found what the next one depends on."""
        looks: list[FrameAnalysis | FrameRefused] = []
        for frame in frames:
            self.looked_at.append(frame.sequence)
            scripted = self._script.get(frame.sequence, UNCHANGED)
            if isinstance(scripted, FrameRefused) or scripted is UNCHANGED:
                looks.append(scripted)
            elif not when(frame.time).look:
                looks.append(FrameAnalysis(FrameOutcome.SKIPPED))
            else:
                looks.append(scripted)
                break
        return looks


def named(person: str, similarity: float = 0.8) -> Identification:
    """Returns an answer with one candidate."""
    return Identification((Candidate(person, f"{person}-face", similarity),))


UNKNOWN = Identification(())


@dataclass
class StreamHarness:
    """Everything behind the door, and what is said at it."""

    clock: Clock
    streams: Streams
    recorder: Recorder
    store: MemoryStore
    cameras: MemoryCameras
    scene: ScriptedScene
    metrics: Metrics
    said: list[Message] = field(default_factory=list)

    async def open(self, camera_id: str = "door", epoch: str = "e1") -> Session:
        """Opens a stream."""
        session = await self.streams.open(camera_id, epoch)
        session.opened()
        return session

    def send(self, session: Session, *sequences: int, data: bytes | None = None) -> None:
        """Sends frames captured at five a second, all arriving now."""
        for sequence in sequences:
            captured = EPOCH_START + timedelta(seconds=sequence / 5)
            session.receive(sequence, captured, jpeg() if data is None else data)

    async def listen(self, session: Session) -> None:
        """Collects what the session says until it ends."""
        while messages := await session.outbox.take():
            self.said.extend(messages)

    def heard(self, kind: type[Message]) -> list[Message]:
        """Returns what was said of one kind."""
        return [message for message in self.said if isinstance(message, kind)]


async def title_of(person_id: str) -> str | None:
    """Returns the name of everybody but the person "deleted"."""
    return None if person_id == "deleted" else person_id.title()


class _Uncounted:
    def avoided(self, camera_id: str, reason: str, count: int = 1) -> None:
        """Counts nothing."""


class _Silent:
    def notify(self, position: int) -> None:
        """Hears nothing."""


async def _no_text(pixels: Pixels, context: CallContext) -> Sequence[Text]:
    return ()


@asynccontextmanager
async def stream_harness(
    script: dict[int, FrameAnalysis | FrameRefused] | None = None,
    identify: Callable[[FaceCrop], Awaitable[Identification]] | None = None,
    *,
    cameras: Sequence[Camera] = (),
    read_text: Callable[[Pixels, CallContext], Awaitable[Sequence[Text]]] = _no_text,
    window: int = 32,
    max_streams: int = 4,
    idle_timeout: float = 60.0,
    clock: Clock | None = None,
    cost_policy: CostPolicy | None = None,
    name_of: NameOf | None = None,
    visit_gap: timedelta = timedelta(seconds=60),
    store: HarnessStore | None = None,
    scene: AnalyzerSource | None = None,
    traces: Traces = NO_TRACES,
    steering: Steering = UNSTEERED,
    tracks: TrackPolicy | None = None,
    match: MatchPolicy = TRAITS.policy,
    known: dict[str, KnownFaces] | None = None,
    capture: Callable[[str, FrameFollower], FrameFollower] | None = None,
) -> AsyncIterator[StreamHarness]:
    """Runs streams and recorder, in virtual time unless another clock is given.

    `known`: the faces of tracks by camera, to be shared with another life of this server, which would not know them.
    `capture`: prepares the follower of each stream.
    """
    clock = clock or running_clock()
    metrics = Metrics(version="0", engine="scripted")
    memory, script_scene = MemoryStore(), ScriptedScene(script or {})
    rows = store or memory
    registered = MemoryCameras(*(cameras or [camera()]))
    recorder = Recorder(rows, clock, metrics.store, _Silent(), interval=0.015, traces=traces, jitter=random.Random(1))

    async def nobody(crop: FaceCrop) -> Identification:
        return UNKNOWN

    streams = Streams(
        registered,
        rows,
        SessionParts(clock, recorder, metrics, FrameLimits(), keep_texts=True, steering=steering, capture=capture),
        scene or script_scene,
        StreamEngine(
            replace(TRAITS, encodes=tracks is not None and tracks.identity is not None),
            identify or nobody,
            read_text,
            name_of or title_of,
        ),
        StreamPolicy(
            max_streams=max_streams,
            window_frames=window,
            window_bytes=1_000_000,
            total_window_bytes=10_000_000,
            idle_timeout=idle_timeout,
            visit_gap=visit_gap,
            match=match,
            tracks=tracks or TrackPolicy(),
            cadence=CadencePolicy(),
        ),
        cost_policy or CostPolicy(_Uncounted()),
    )
    if known is not None:
        streams._followers.known = known
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(recorder.run()), group.create_task(streams.run())]
        tasks.append(group.create_task(OrphanReaper(rows, recorder, clock).run()))
        yield StreamHarness(clock, streams, recorder, memory, registered, script_scene, metrics)
        for task in tasks:
            task.cancel()
