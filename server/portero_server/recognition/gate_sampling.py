"""Shows the recognizer a sample of the frames that the motion gate held back, and counts the faces it missed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import structlog

from portero_server.clock import Clock
from portero_server.domain.cameras import Lane
from portero_server.domain.detection.detections import FoundFace
from portero_server.domain.detection.geometry import Box
from portero_server.domain.gate.sampling import SampleReason, SamplingPlanner, SamplingPolicy, missed
from portero_server.domain.streams.frames import Frame, FrameOutcome, FrameRefused
from portero_server.engines.base import CallContext, Pixels
from portero_server.errors import PorteroError
from portero_server.recognition.frame_follower import Work
from portero_server.telemetry.money_metrics import MoneyMetrics
from portero_server.vision.jpeg import decode_color
from portero_server.vision.zones import blacken

_log = structlog.get_logger(__name__)

_PATIENCE = 10.0
"""Seconds a check may wait for quota. It is long, since no client waits for the result."""

Detect = Callable[[Pixels, CallContext], Awaitable[Sequence[FoundFace]]]


class GateSampler:
    """Checks sampled frames of one camera's stream: one at a time, in the lowest lane, within a budget."""

    def __init__(
        self,
        camera_id: str,
        policy: SamplingPolicy,
        detect: Detect,
        clock: Clock,
        metrics: MoneyMetrics,
        chance: random.Random,
    ) -> None:
        """Creates a sampler for one stream.

        Args:
            camera_id: The camera that calls are billed to.
            policy: How much is checked.
            detect: Finds every face of a frame.
            clock: The server's clock.
            metrics: Counts checks and missed faces.
            chance: Random source that draws the sample.
        """
        self._camera_id = camera_id
        self._sampling = SamplingPlanner(policy)
        self._detect = detect
        self._clock = clock
        self._metrics = metrics
        self._chance = chance
        self._checking = False

    def consider(self, frame: Frame, outcome: FrameOutcome, followed: Sequence[Box]) -> Work | None:
        """Records the outcome of a frame and the boxes of the followed faces. Returns the check that is due."""
        if self._checking:
            return None
        reason = self._sampling.check(outcome, frame.time, followed=len(followed), drawn=self._chance.random())
        if reason is None:
            return None
        self._checking = True
        return partial(self._check, frame, reason, followed)

    async def _check(self, frame: Frame, reason: SampleReason, followed: Sequence[Box]) -> None:
        context = CallContext(self._camera_id, Lane.ATTENDANCE, self._clock.monotonic() + _PATIENCE)
        try:
            pixels = blacken(await asyncio.to_thread(decode_color, frame.jpeg), frame.zones)
            found = await self._detect(pixels, context)
        except (PorteroError, FrameRefused) as error:
            # A check is worth no retry; the next one comes soon.
            _log.debug("gate_check_failed", camera=self._camera_id, problem=type(error).__name__)
            return
        finally:
            self._checking = False
        count = missed((face.box for face in found), followed)
        self._sampling.found(reason, count)
        self._metrics.gate_audited(missed=count > 0)
