"""Frames that were held back are shown to the recognizer, and what it finds there is counted."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np

from portero_server.domain.cameras import Lane
from portero_server.domain.detection.detections import FoundFace
from portero_server.domain.gate.sampling import SamplingPolicy
from portero_server.engines.base import CallContext, Pixels
from portero_server.errors import EngineThrottled
from portero_server.streaming.followers import CostPolicy
from portero_server.vision.analysis import FrameAnalysis
from tests.support.server.stream_harness import UNCHANGED, StreamHarness, face, looked, stream_harness
from tests.support.time.virtual_time import in_virtual_time


class _Uncounted:
    def avoided(self, camera_id: str, reason: str, count: int = 1) -> None:
        """Counts nothing."""


class _Recognizer:
    """Finds the same faces on every frame."""

    def __init__(self, *found: FoundFace, busy: bool = False) -> None:
        self.contexts: list[CallContext] = []
        self._found = found
        self._busy = busy

    async def detect(self, image: Pixels, context: CallContext) -> Sequence[FoundFace]:
        """Remembers for whom it was asked."""
        assert image.dtype == np.uint8
        self.contexts.append(context)
        if self._busy:
            raise EngineThrottled("not now")
        return self._found


async def _watched(recognizer: _Recognizer, *looks: FrameAnalysis) -> StreamHarness:
    """Shows looks of five frames a second, all of which chance draws, and gives the door."""
    net = SamplingPolicy(share=1.0, interval=0.0, pause=1.0)
    cost_policy = CostPolicy(_Uncounted(), sampling=net, detect=recognizer.detect, chance=random.Random(1))
    async with stream_harness(dict(enumerate(looks, 1)), cost_policy=cost_policy) as behind:
        session = await behind.open()
        behind.send(session, *range(1, len(looks) + 1))
        session.finish()
        await session.run()
    return behind


def _audits(behind: StreamHarness) -> dict[str, float]:
    audits = behind.metrics.money.gate_audits
    return {missed: audits.labels(missed)._value.get() for missed in ("true", "false")}


@in_virtual_time
async def test_a_face_that_nobody_follows_is_counted_as_missed() -> None:
    """An unchanged frame with a face in it is a miss, one without is none."""
    recognizer = _Recognizer(face())
    assert _audits(await _watched(recognizer, UNCHANGED)) == {"true": 1, "false": 0}
    assert _audits(await _watched(_Recognizer(), UNCHANGED)) == {"true": 0, "false": 1}


@in_virtual_time
async def test_a_face_that_is_followed_is_no_miss() -> None:
    """A face found where one is being followed was not missed."""
    recognizer = _Recognizer(face())
    behind = await _watched(recognizer, looked(face()), UNCHANGED, UNCHANGED)
    assert _audits(behind) == {"true": 0, "false": 1}


@in_virtual_time
async def test_checks_take_the_last_lane_and_wait_for_nothing_long() -> None:
    """A check is made for its camera, in the lane after all others, with a deadline."""
    recognizer = _Recognizer()
    behind = await _watched(recognizer, UNCHANGED)
    (context,) = recognizer.contexts
    assert (context.camera_id, context.lane) == ("door", Lane.ATTENDANCE)
    assert context.deadline is not None
    assert context.deadline <= behind.clock.monotonic() + 10.0


@in_virtual_time
async def test_a_check_that_is_refused_is_left_out() -> None:
    """When quota or money is short the stream goes on and nothing is counted."""
    behind = await _watched(_Recognizer(busy=True), UNCHANGED)
    assert _audits(behind) == {"true": 0, "false": 0}
    assert behind.store.durable == 1
