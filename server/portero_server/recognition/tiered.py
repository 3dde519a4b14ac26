"""Identifies a face at the lowest cost: from memory, then by the engine, then by the free engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from typing import Protocol

from portero_server.clock import Clock
from portero_server.domain.billing.budget import Step
from portero_server.domain.detection.detections import Match, MatchPolicy, decide
from portero_server.domain.recording.sightings import MEMORY
from portero_server.domain.tracking.deciding import Ranking
from portero_server.domain.tracking.memory import FaceMemory, Recalled
from portero_server.engines.base import EngineTraits, FaceCrop, Identification
from portero_server.engines.scheduling.types import BudgetSpent
from portero_server.errors import PorteroError
from portero_server.telemetry.marks import CURRENT, Mark

Identify = Callable[[FaceCrop], Awaitable[Identification]]


class AvoidedCalls(Protocol):
    """Counts calls that were not needed."""

    def avoided(self, camera_id: str, reason: str, count: int = 1) -> None:
        """`count` calls were not needed at a camera, for this reason."""
        ...


@dataclass(frozen=True, slots=True)
class FreeEngine:
    """The free engine that backs a paid one."""

    traits: EngineTraits
    identify: Identify


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known about a face now.

    Attributes:
        match: Who it is; None: nobody we know.
        face_found: False when the engine saw no face.
        engine: Who says so: an engine's name, or MEMORY.
        recalled: What was remembered, when that is the answer.
        encoding: The free engine's description of the face, when it was made.
        policy: The policy that decided it; None: it is remembered, from an answer that was enough.
        ranking: What the engine answered; None: it is remembered.
        torn: Whether it would be a match, were the person not known to be easily taken for another who is too near.
    """

    match: Match | None
    face_found: bool
    engine: str
    recalled: Recalled | None = None
    encoding: tuple[float, ...] | None = None
    policy: MatchPolicy | None = None
    ranking: Ranking | None = None
    torn: bool = False


@dataclass(frozen=True, slots=True)
class Encoded:
    """A face as the free engine describes it, with what that engine, if it is the only one, says of it.

    `mark` is the trace that the encoding began, which goes on with whoever uses what was found.
    """

    encoding: tuple[float, ...]
    found: Identification | None = None
    mark: Mark | None = field(default=None, compare=False)


class TieredRecognizer:
    """Answers for the faces of one camera."""

    def __init__(
        self,
        camera_id: str,
        traits: EngineTraits,
        identify: Identify,
        clock: Clock,
        avoided_calls: AvoidedCalls,
        *,
        free: FreeEngine | None = None,
        memory: FaceMemory | None = None,
    ) -> None:
        """Creates the recognizer of one camera.

        Args:
            camera_id: Whose faces.
            traits: Static properties of the engine.
            identify: Asks the engine.
            clock: The server's clock.
            avoided_calls: Told of calls avoided.
            free: The engine behind it, if it is a paid one.
            memory: What is remembered at this camera; needs `free`, which encodes the faces.
        """
        self._camera_id = camera_id
        self._traits = traits
        self._identify = identify
        self._clock = clock
        self._avoided_calls = avoided_calls
        self._free = free
        self._memory = memory if free is not None else None

    async def ask(
        self, crop: FaceCrop, policy: MatchPolicy, apart: Collection[str], encoded: Encoded | None = None
    ) -> Answer:
        """Returns who a face is.

        Args:
            crop: The face.
            policy: Threshold and margin on the engine's scale.
            apart: People it cannot be, since they are seen beside it.
            encoded: The face as `encode` returned it, if it did.

        Raises:
            PorteroError: As the engine and the batcher; BudgetSpent when the free engine may not answer either.
        """
        encoding = None if encoded is None else encoded.encoding
        if self._memory is not None and self._memory.holds_any(self._clock.monotonic()):
            encoding = encoding or await self._encode(crop)
            recalled = self._recall(crop, encoding, apart)
            if recalled is not None:
                self.count_avoided("remembered")
                return Answer(recalled.match, True, MEMORY, recalled, encoding)
        try:
            if encoded is None or encoded.found is None:
                found = await self._identify(crop)
            else:
                found = encoded.found
                CURRENT.set(CURRENT.get() or encoded.mark)
        except BudgetSpent as spent:
            if self._free is None or spent.step is not Step.LOCAL_ONLY:
                raise
            self.count_avoided("budget")
            return await self._ask_free(self._free, crop)
        if encoding is None and self._traits.encodes:
            encoding = _vector(found)
        return _answer(found, policy, self._traits, encoding)

    async def encode(self, crop: FaceCrop) -> Encoded | None:
        """Returns the encoding of a face, or None if it cannot be encoded. It costs no call that is paid for."""
        if self._free is not None:
            encoding = await self._encode(crop)
            return None if encoding is None else Encoded(encoding)
        if not self._traits.encodes:
            return None
        try:
            found = await self._identify(crop)
        except PorteroError:
            return None
        encoding = _vector(found)
        return None if encoding is None else Encoded(encoding, found, CURRENT.get())

    async def remember(self, crop: FaceCrop, answer: Answer, match: Match | None) -> None:
        """Records the final reading of an answer: `match` after the name look-up and the exclusion of neighbors."""
        if self._memory is None or answer.recalled is not None or not answer.face_found:
            return
        encoding = answer.encoding or await self._encode(crop)
        if encoding is not None:
            self._memory.remember(encoding, match, crop.quality.overall, self._clock.monotonic())

    def count_avoided(self, reason: str, count: int = 1) -> None:
        """Counts calls that were not needed, for this reason."""
        self._avoided_calls.avoided(self._camera_id, reason, count)

    def _recall(self, crop: FaceCrop, encoding: tuple[float, ...] | None, apart: Collection[str]) -> Recalled | None:
        if self._memory is None or encoding is None:
            return None
        return self._memory.recall(encoding, crop.quality.overall, self._clock.monotonic(), apart=apart)

    async def _encode(self, crop: FaceCrop) -> tuple[float, ...] | None:
        if self._free is None:
            return None
        try:
            return _vector(await self._free.identify(crop))
        except PorteroError:
            # A face that cannot be encoded cannot be remembered, so the engine is asked.
            return None

    async def _ask_free(self, free: FreeEngine, crop: FaceCrop) -> Answer:
        found = await free.identify(crop)
        return _answer(found, free.traits.policy, free.traits, _vector(found))


def _answer(
    found: Identification, policy: MatchPolicy, traits: EngineTraits, encoding: tuple[float, ...] | None
) -> Answer:
    match = decide(found.candidates, policy, found.confusable, found.demanded)
    torn = match is None and bool(found.confusable) and _named_alone(found, policy)
    ranking = Ranking(found.candidates, found.confusable, found.people, found.face_found, found.demanded)
    return Answer(match, found.face_found, traits.name, encoding=encoding, policy=policy, ranking=ranking, torn=torn)


def _named_alone(found: Identification, policy: MatchPolicy) -> bool:
    return decide(found.candidates, policy, demanded=found.demanded) is not None


def _vector(found: Identification) -> tuple[float, ...] | None:
    return None if found.embedding is None else tuple(found.embedding.tolist())
