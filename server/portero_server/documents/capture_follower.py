"""Looks for a card and a face in a camera's frames while a check-in runs there, and otherwise stays out of the way."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Protocol

from portero_server.documents.capture import CardCaptures
from portero_server.documents.open_capture import OpenCapture
from portero_server.documents.sight import CardSight
from portero_server.domain.gate.cadence import Due, When
from portero_server.domain.steering.policy import UNLIMITED_RATE
from portero_server.domain.streams.frames import Frame, FrameRefused
from portero_server.domain.streams.messages import Advice, Directive
from portero_server.recognition.frame_follower import Findings, FrameFollower
from portero_server.recognition.wrapping import WrappingFollower
from portero_server.vision.analysis import FrameAnalysis

_NOT_NOW = Due(look=False, thorough=False)
_FULL_SIDE = 4096
"""Pixels that no camera exceeds: asks for pictures as large as the bridge has them."""


class FrameInspector(Protocol):
    """Inspects frames for a card and faces; called in threads."""

    def look(self, frame: Frame) -> CardSight:
        """Returns what a frame shows.

        Raises:
            FrameRefused: It cannot be decoded.
        """
        ...


class CaptureFollower(WrappingFollower):
    """Stands before the follower of a camera, and passes everything on to it.

    While a check-in runs, no face is searched for sightings: the portrait on a card is nobody who passes by, and the
    guest is not to be paid for twice. Tracks that are open wait as they do for frames that are skipped. Frames are
    acknowledged as ever: a check-in lives in this process, and one that is cut off is begun again by a person.
    """

    def __init__(self, inner: FrameFollower, camera_id: str, captures: CardCaptures, inspector: FrameInspector) -> None:
        """Creates a follower around another one.

        Args:
            inner: Does what the camera is there for.
            camera_id: The camera.
            captures: The check-ins that run.
            inspector: Inspects its frames.
        """
        super().__init__(inner)
        self._camera_id = camera_id
        self._captures = captures
        self._inspector = inspector

    def observe(self, frame: Frame, look: FrameAnalysis) -> Findings:
        """Processes a frame, for the camera and for a check-in."""
        found = self.inner.observe(frame, look)
        capture = self._captures.running(self._camera_id)
        if capture is None or look.damaged:
            return found
        events, holders, work = found
        if not capture.announced:
            capture.announced = True
            # What an idle camera, or one that sees large faces, was asked for would keep cards from being read.
            events = (*events, Directive(max_rate=UNLIMITED_RATE, max_side=_FULL_SIDE))
        if capture.wants(frame):
            capture.looking = True
            work = (*work, partial(self._look, frame, capture))
        return Findings(events, holders, work)

    async def _look(self, frame: Frame, capture: OpenCapture) -> Findings | None:
        try:
            sight = await asyncio.to_thread(self._inspector.look, frame)
        except FrameRefused:
            return None
        finally:
            capture.looking = False
        hint = self._captures.saw(capture, sight, frame.received)
        return None if hint is None else Findings((Directive(Advice(hint.value)),))

    @property
    def when(self) -> When:
        """Returns which of the waiting frames to analyze; none while a check-in runs, which looks for itself."""
        if self._captures.running(self._camera_id) is None:
            return self.inner.when
        return lambda captured: _NOT_NOW

    def tick(self, now: float) -> Findings:
        """Handles patience, deadlines and silence at `now` (monotonic seconds)."""
        self._captures.stream_lives(self._camera_id, now)
        return self.inner.tick(now)
