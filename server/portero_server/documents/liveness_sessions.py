"""Begins liveness sessions for check-ins, and finds out what became of them.

Two calls cost money: the one that begins a session, and one that compares its face with the live one. Asking
about a session costs nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from portero_server.clock import Clock
from portero_server.documents.desk import LiveFace
from portero_server.domain.documents.liveness_session import LivenessResult, next_pause
from portero_server.engines.base import CallContext, Engine, PhotoRefused
from portero_server.engines.face_liveness import FaceLiveness, LivenessAnswer, LivenessState
from portero_server.errors import EngineDenied, EngineError, InvalidInput, LimitReached
from portero_server.vision.photo import decode_photo

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LivenessPolicy:
    """When a liveness session speaks for a person.

    Attributes:
        confidence: Lowest confidence that somebody is alive, 0..1.
        threshold: Lowest similarity of the session's face and the live one, on the engine's scale.
    """

    confidence: float
    threshold: float


@dataclass(frozen=True, slots=True)
class LivenessEvidence:
    """What became of a liveness session, and the calls paid for since it was begun."""

    result: LivenessResult
    paid_calls: int = 0


class LivenessSessions:
    """Liveness sessions of one vendor, whose faces an engine compares."""

    def __init__(self, vendor: FaceLiveness, engine: Engine, clock: Clock, policy: LivenessPolicy) -> None:
        self._vendor = vendor
        self._engine = engine
        self._clock = clock
        self._policy = policy

    async def begin(self, check_in_id: str, context: CallContext) -> str:
        """Begins the session of a check-in, one however often it is asked, and returns its id.

        Raises:
            EngineError, LimitReached: The vendor could not answer, or may not be asked.
        """
        return await self._vendor.begin(check_in_id, context)

    async def conclude(
        self,
        session_id: str,
        live_face: LiveFace | None,
        until: float,
        context: CallContext,
        wanted: Callable[[], bool],
    ) -> LivenessEvidence:
        """Waits until a session is over, compares its face with the live one, and returns what became of it.

        Args:
            session_id: The session; empty: it never came to be.
            live_face: The face before the camera; without one the session says nothing, and nobody is asked.
            until: When the session is taken for expired, monotonic seconds.
            context: The purpose of the calls; its deadline lies behind `until`.
            wanted: Returns whether anybody still waits for the answer.
        """
        if not session_id or live_face is None:
            return LivenessEvidence(LivenessResult.UNCONFIRMED)
        answer = await self._answer(session_id, until, context, wanted)
        if answer is None:
            return LivenessEvidence(LivenessResult.UNCONFIRMED)
        if answer.state in (LivenessState.EXPIRED, LivenessState.OPEN):
            return LivenessEvidence(LivenessResult.EXPIRED)
        if answer.confidence is None or answer.confidence < self._policy.confidence:
            return LivenessEvidence(LivenessResult.FAILED)
        return await self._compared(answer.reference, live_face, context)

    async def _answer(
        self, session_id: str, until: float, context: CallContext, wanted: Callable[[], bool]
    ) -> LivenessAnswer | None:
        """Returns the vendor's last word on a session, which is OPEN where it has none; None: it never answered."""
        answer: LivenessAnswer | None = None
        asked = 0
        while wanted():
            try:
                answer = await self._vendor.ask(session_id, context)
            except EngineDenied as error:
                _log.warning("liveness_not_told", problem=error.message)
                return None
            except (EngineError, LimitReached) as error:
                _log.warning("liveness_not_told", reason=error.reason)
            asked += 1
            if answer is not None and answer.state is not LivenessState.OPEN:
                return answer
            pause = next_pause(asked, self._clock.monotonic(), until)
            if pause is None:
                return answer
            await asyncio.sleep(pause)
        return answer

    async def _compared(self, reference: bytes | None, live_face: LiveFace, context: CallContext) -> LivenessEvidence:
        """Compares the face of a session in which somebody was alive with the one before the camera."""
        if reference is None:
            return LivenessEvidence(LivenessResult.UNCONFIRMED)
        paid = int(self._engine.traits.paid)
        try:
            picture = await asyncio.to_thread(decode_photo, reference, "reference")
            comparison = await self._engine.compare(picture, live_face.pixels, context)
        except PhotoRefused:
            # Where the call did not say which picture has no face, the engine has asked once more.
            return LivenessEvidence(LivenessResult.UNCONFIRMED, 2 * paid)
        except InvalidInput:
            return LivenessEvidence(LivenessResult.UNCONFIRMED)
        except (EngineError, LimitReached) as error:
            _log.warning("liveness_not_compared", reason=error.reason)
            return LivenessEvidence(LivenessResult.UNCONFIRMED)
        if not comparison.faces:
            return LivenessEvidence(LivenessResult.UNCONFIRMED, paid)
        nearest = max(comparison.faces, key=lambda face: face.box.area)
        same = nearest.similarity >= self._policy.threshold
        return LivenessEvidence(LivenessResult.PASSED if same else LivenessResult.OTHER_FACE, paid)
