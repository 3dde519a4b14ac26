"""Makes what follows the faces, or reads the text, of each stream's camera."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from portero_server.domain.cameras import Camera, CameraMode
from portero_server.domain.detection.detections import MatchPolicy, Text
from portero_server.domain.gate.cadence import Cadence, CadencePolicy
from portero_server.domain.gate.sampling import SamplingPolicy
from portero_server.domain.recording.resuming import revived_tracks
from portero_server.domain.recording.sightings import StreamRow
from portero_server.domain.tracking.memory import FaceMemory, MemoryPolicy
from portero_server.domain.tracking.policy import TrackPolicy
from portero_server.domain.tracking.tracks import Tracker
from portero_server.engines.base import CallContext, EngineTraits, FaceCrop, Identification, Pixels
from portero_server.recognition.follower import Follower
from portero_server.recognition.frame_follower import FrameFollower, Rules
from portero_server.recognition.gate_sampling import Detect, GateSampler
from portero_server.recognition.identity import KnownFaces
from portero_server.recognition.text_reader import TextFollower
from portero_server.recognition.tiered import AvoidedCalls, FreeEngine, TieredRecognizer
from portero_server.streaming.session_parts import SessionParts


@dataclass(frozen=True, slots=True)
class StreamEngine:
    """The engine operations that sessions use."""

    traits: EngineTraits
    identify: Callable[[FaceCrop], Awaitable[Identification]]
    read_text: Callable[[Pixels, CallContext], Awaitable[Sequence[Text]]]
    name_of: Callable[[str], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class CostPolicy:
    """What limits paid calls, and counts the calls that were avoided.

    Attributes:
        avoided_calls: Counts calls that were not needed.
        free: The engine behind a paid one; None: no faces are remembered.
        memory: How long faces are remembered.
        sampling: Which frames are shown to the engine although they were held back; None: none.
        detect: Finds every face of a whole frame; for `sampling`.
        chance: Random source for `sampling`.
    """

    avoided_calls: AvoidedCalls
    free: FreeEngine | None = None
    memory: MemoryPolicy = field(default_factory=MemoryPolicy)
    sampling: SamplingPolicy | None = None
    detect: Detect | None = None
    chance: random.Random = field(default_factory=random.Random)


class Followers:
    """Makes the follower of a stream, and keeps what outlives it.

    Attributes:
        memories: Faces remembered at each camera, so that an interrupted stream continues with what it knew.
        known: The faces of each camera's tracks, likewise.
    """

    def __init__(
        self,
        engine: StreamEngine,
        parts: SessionParts,
        cost_policy: CostPolicy,
        *,
        match: MatchPolicy,
        visit_gap: timedelta,
        tracks: TrackPolicy,
        cadence: CadencePolicy,
    ) -> None:
        """Prepares to make followers; the policies apply where a camera has none of its own."""
        self.memories: dict[str, FaceMemory] = {}
        self.known: dict[str, KnownFaces] = {}
        self._engine = engine
        self._parts = parts
        self._cost_policy = cost_policy
        self._match, self._visit_gap = match, visit_gap
        self._tracks, self._cadence = tracks, cadence

    async def names(self, row: StreamRow) -> dict[str, str]:
        """Returns the display names of those people on resumed tracks who still exist."""
        people = {track.match.person_id for track in row.open_tracks if track.match is not None}
        names = {person_id: await self._engine.name_of(person_id) for person_id in people}
        return {person_id: name for person_id, name in names.items() if name is not None}

    def follower(self, camera: Camera, row: StreamRow, names: Mapping[str, str]) -> FrameFollower:
        """Returns the follower of a stream, with the tracks that were open; `names` are those of its people."""
        follower = self._follower(camera, row, names)
        capture = self._parts.capture
        return follower if capture is None else capture(camera.camera_id, follower)

    def _follower(self, camera: Camera, row: StreamRow, names: Mapping[str, str]) -> FrameFollower:
        if camera.mode is CameraMode.TEXT:
            return TextFollower(camera.camera_id, self.rules(camera), self._engine.read_text)
        resumed = revived_tracks(row.open_tracks, names, self._parts.clock.monotonic())
        known = self.known.setdefault(camera.camera_id, KnownFaces())
        known.resume(resumed)
        follower = Follower(
            camera.camera_id,
            self.rules(camera),
            Tracker(f"{camera.camera_id}.{row.epoch}", self._tracks, resumed),
            Cadence(self._cadence),
            self._parts.clock,
            self._recognizer(camera.camera_id),
            self._engine.name_of,
            self._sampler(camera.camera_id),
            known,
        )
        follower.recall(names)
        return follower

    def rules(self, camera: Camera) -> Rules:
        """Returns what the settings of a camera mean for its follower."""
        match = self._match
        if camera.similarity_threshold is not None:
            match = replace(match, threshold=camera.similarity_threshold)
        return Rules(
            engine=self._engine.traits.name,
            policy=match,
            lane=camera.purpose,
            visit_gap=camera.visit_gap if camera.visit_gap is not None else self._visit_gap,
        )

    def _sampler(self, camera_id: str) -> GateSampler | None:
        policy = self._cost_policy
        if policy.sampling is None or policy.detect is None:
            return None
        clock, money = self._parts.clock, self._parts.metrics.money
        return GateSampler(camera_id, policy.sampling, policy.detect, clock, money, policy.chance)

    def _recognizer(self, camera_id: str) -> TieredRecognizer:
        cost_policy = self._cost_policy
        return TieredRecognizer(
            camera_id,
            self._engine.traits,
            self._engine.identify,
            self._parts.clock,
            cost_policy.avoided_calls,
            free=cost_policy.free,
            memory=self.memories.setdefault(camera_id, FaceMemory(cost_policy.memory)),
        )
