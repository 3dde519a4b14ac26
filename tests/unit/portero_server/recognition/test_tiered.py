"""Tests of answering for the faces of one camera."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import numpy as np

from portero_server.domain.cameras import Lane
from portero_server.domain.detection.detections import FaceQuality, MatchPolicy
from portero_server.domain.detection.geometry import Box
from portero_server.engines.base import CallContext, FaceCrop, Identification
from portero_server.recognition.tiered import TieredRecognizer
from portero_server.telemetry.marks import CURRENT, Attribute, Mark
from tests.support.server.stream_harness import TRAITS
from tests.support.time.virtual_time import ManualClock

CROP = FaceCrop(
    np.zeros((2, 2, 3), np.uint8), Box(0, 0, 1, 1), FaceQuality(1, 1, 1, 1), CallContext("door", Lane.VISITOR)
)


@dataclass(frozen=True, slots=True)
class SomeMark:
    """Implements Mark."""

    trace_id: str

    def finish(self, **attributes: Attribute) -> None:
        """Ends nothing."""


class Uncounted:
    """Implements AvoidedCalls: counts nothing."""

    def avoided(self, camera_id: str, reason: str, count: int = 1) -> None:
        """Ignores the call."""


async def test_an_answer_from_an_encoding_continues_its_trace() -> None:
    """What was found when a face was encoded answers for it without another call, in the trace that the call began."""
    calls: list[FaceCrop] = []

    async def identify(crop: FaceCrop) -> Identification:
        calls.append(crop)
        CURRENT.set(SomeMark(f"trace {len(calls)}"))
        return Identification((), embedding=np.ones(4, np.float32))

    recognizer = TieredRecognizer("door", replace(TRAITS, encodes=True), identify, ManualClock(), Uncounted())

    async def asked() -> Mark | None:
        await recognizer.ask(CROP, MatchPolicy(0.5, 0.1), (), encoded)
        return CURRENT.get()

    # In tasks of their own, as comparisons and calls are.
    encoded = await asyncio.create_task(recognizer.encode(CROP))
    assert encoded is not None
    assert await asyncio.create_task(asked()) == SomeMark("trace 1")
    assert len(calls) == 1
