"""Analyzes the frames of one camera in threads: first the gate, then the detector; decodes each frame once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from portero_server.clock import Clock
from portero_server.domain.detection.detections import FoundFace
from portero_server.domain.detection.geometry import WHOLE, Box
from portero_server.domain.detection.glimpse import Glimpse
from portero_server.domain.gate.cadence import Due, When
from portero_server.domain.streams.frames import Frame, FrameOutcome, FrameRefused
from portero_server.vision.analysis import FrameAnalysis
from portero_server.vision.gate import GateResult, MotionGate
from portero_server.vision.glimpse import Glimpses
from portero_server.vision.jpeg import decode_color, to_gray
from portero_server.vision.pixels import Pixels
from portero_server.vision.quality import sharpness
from portero_server.vision.zones import blacken

_MARGIN = 0.12
"""Room around what changed, as a ratio of the frame: a nod changes only the edges of a large face."""
_FACE_ROOM = 1.0
"""Room around a known face, in its own sizes: where it may have moved."""
_WORTH_CUTTING = 0.75
_WHOLE_SHARE = 0.1
"""Most of a thread's time for one camera that searches of whole pictures take where less would do."""
_TURN = 0.005
"""Seconds after which a camera with more waiting frames yields the thread to another camera."""


class Detector(Protocol):
    """Finds faces in a BGR image; called from several threads at once."""

    def find(self, image: Pixels, *, thorough: bool, within: Box) -> list[FoundFace]:
        """Returns the faces in a part of the frame, largest first; `thorough` also searches for small ones."""
        ...


class CameraAnalyzer:
    """The state of one camera between frames: the gate's background, and changed regions not searched yet."""

    def __init__(
        self, detector: Detector, threads: ThreadPoolExecutor, clock: Clock, glimpses: Glimpses | None = None
    ) -> None:
        self._clock = clock
        self._detector = detector
        self._glimpses = glimpses
        self._threads = threads
        self._gate = MotionGate()
        self._changed: Box | None = None
        self._whole_due = float("-inf")
        self._differed: Box | None = None
        # The largest share of the picture that differed in a frame since the last look.
        self._share = 0.0

    async def look(self, frames: Sequence[Frame], when: When, *, text: bool) -> Sequence[FrameAnalysis | FrameRefused]:
        """Analyzes frames in a thread; see `vision.analysis.FrameAnalyzer`.

        A change of threads costs as much as the gate's arithmetic, so frames that wait are analyzed together.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._take_turn, frames, when, text)

    def _take_turn(self, frames: Sequence[Frame], when: When, text: bool) -> Sequence[FrameAnalysis | FrameRefused]:
        looks: list[FrameAnalysis | FrameRefused] = []
        ends = self._clock.monotonic() + _TURN
        for frame in frames:
            try:
                looks.append(look := self._look(frame, when(frame.time), text))
                if look.searched:
                    break
            except FrameRefused as refusal:
                looks.append(refusal)
            if self._clock.monotonic() > ends:
                break
        return looks

    def _look(self, frame: Frame, due: Due, text: bool) -> FrameAnalysis:
        started = self._clock.monotonic()
        gate = self._gate.look(frame.jpeg, frame.time.passed, frame.zones)
        glimpse = None if text or gate.damaged else self._glimpse(frame)
        gated = self._clock.monotonic() - started
        if gate.damaged:
            # It shows what nobody saw. What was due stays due, for the next sound frame.
            return FrameAnalysis(FrameOutcome.SKIPPED, damaged=True, seconds=gated, gate_seconds=gated)
        self._share = max(self._share, gate.share)
        # A change that was skipped still has to be searched, even if nothing has moved since.
        region = self._news(gate, due)
        if region is not None:
            self._changed = region if self._changed is None else self._changed.union(region)
        if self._changed is None:
            outcome = FrameOutcome.DUPLICATE if gate.duplicate else FrameOutcome.UNCHANGED
            return FrameAnalysis(outcome, glimpse=glimpse, seconds=gated, gate_seconds=gated)
        if not due.look:
            return FrameAnalysis(FrameOutcome.SKIPPED, glimpse=glimpse, seconds=gated, gate_seconds=gated)
        changed, self._changed = self._changed, None
        share, self._share = self._share, 0.0
        pixels = blacken(decode_color(frame.jpeg), frame.zones)
        if text:
            clear = sharpness(to_gray(pixels))
            seconds = self._clock.monotonic() - started
            return FrameAnalysis(
                FrameOutcome.EMPTY, pixels=pixels, sharpness=clear, seconds=seconds, gate_seconds=gated
            )
        faces = tuple(self._faces(pixels, changed, due))
        return FrameAnalysis(
            FrameOutcome.WITH_FACES if faces else FrameOutcome.EMPTY,
            faces,
            pixels if faces else None,
            due.thorough,
            share,
            glimpse=glimpse,
            seconds=self._clock.monotonic() - started,
            gate_seconds=gated,
        )

    def _glimpse(self, frame: Frame) -> Glimpse | None:
        """Returns what the frame says of the view, if it is asked for and due; a duplicate shows what it repeats."""
        if self._glimpses is None or self._gate.picture is None:
            return None
        return self._glimpses.take(self._gate.picture, frame.time.passed, frame.zones)

    def _faces(self, pixels: Pixels, changed: Box, due: Due) -> list[FoundFace]:
        """Searches where something changed or somebody is expected, and now and then, if thoroughly, everywhere."""
        began = self._clock.monotonic()
        whole = due.thorough and began >= self._whole_due
        region = WHOLE if whole else _searched(changed, due.keep)
        faces = self._detector.find(pixels, thorough=due.thorough, within=region)
        if whole:
            now = self._clock.monotonic()
            self._whole_due = now + (now - began) / _WHOLE_SHARE
        return faces

    def _news(self, gate: GateResult, due: Due) -> Box | None:
        """Returns the region of a frame to search, or None.

        If the scene returns to the background, the region that last differed is searched once more: the face may have
        left. Otherwise its track would seem to stand still, and would pass its name to the next person at the same
        place.
        """
        if gate.duplicate:
            return None
        before, self._differed = self._differed, gate.region if gate.changed else None
        return before if self._differed is None and due.keep else self._differed


def _searched(changed: Box, faces: Iterable[Box]) -> Box:
    """Returns the part of a frame to search: what changed, plus room for a face of which only a part changed."""
    region = changed.with_margin(_MARGIN)
    for face in faces:
        region = region.union(face.padded(_FACE_ROOM))
    region = region.clipped()
    # A region of almost everything is searched no faster and its edges would cut faces.
    return region if region.area < _WORTH_CUTTING else WHOLE


class VisionPool:
    """The threads that analyze frames, shared by all cameras.

    Their queue is fair: each camera gets one short turn at a time.
    """

    def __init__(self, detector: Detector, clock: Clock, *, threads: int, glimpses: bool = False) -> None:
        """Uses `threads` threads, 0 means one per processor; `glimpses`: whether the views of cameras are looked at."""
        self._glimpses = glimpses
        self._clock = clock
        self._detector = detector
        self._threads = ThreadPoolExecutor(threads or os.cpu_count() or 1, thread_name_prefix="look")

    def scene(self) -> CameraAnalyzer:
        """Creates the analyzer of one stream."""
        return CameraAnalyzer(self._detector, self._threads, self._clock, Glimpses() if self._glimpses else None)

    async def aclose(self) -> None:
        """Waits for the analyses in progress and ends the threads."""
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
