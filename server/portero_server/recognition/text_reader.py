"""Reads text in the frames of one stream: the sharpest of the changed frames; the same content is reported once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from portero_server.domain.detection.detections import Text, TextKind
from portero_server.domain.gate.cadence import Due, When
from portero_server.domain.recording.sightings import TextAnswer, TextFinding
from portero_server.domain.streams.frames import Frame
from portero_server.domain.streams.messages import TextRead
from portero_server.engines.base import CallContext, Pixels
from portero_server.errors import EngineError, LimitReached
from portero_server.recognition.frame_follower import NOTHING_FOUND, Findings, FrameFollower, Rules
from portero_server.vision.analysis import FrameAnalysis

_MIN_SHARPNESS = 0.25
_REMEMBERED = 64


class TextFollower(FrameFollower):
    """Reads at most one frame of the camera at a time; frames that arrive meanwhile are skipped."""

    reads_text = True

    def __init__(
        self,
        camera_id: str,
        rules: Rules,
        read: Callable[[Pixels, CallContext], Awaitable[Sequence[Text]]],
    ) -> None:
        """Creates a reader; `read` calls the engine."""
        self.rules = rules
        self._context = CallContext(camera_id, rules.lane)
        self._read = read
        self._told: OrderedDict[tuple[str, ...], None] = OrderedDict()
        self._reading = False

    @property
    def busy(self) -> bool:
        """Whether a reading is under way."""
        return self._reading

    @property
    def when(self) -> When:
        """Returns whether to decode the next changed frame: at any time, or not now."""
        due = Due(look=not self._reading, thorough=False)
        return lambda captured: due

    def observe(self, frame: Frame, look: FrameAnalysis) -> Findings:
        """Processes a decoded frame, which the reading holds."""
        if look.pixels is None or look.sharpness < _MIN_SHARPNESS or self._reading:
            return NOTHING_FOUND
        self._reading = True
        holder = f"text.{frame.sequence}"
        return Findings(holders=(holder,), work=(partial(self._call, frame, look.pixels, holder),))

    async def _call(self, frame: Frame, pixels: Pixels, holder: str) -> Findings:
        try:
            texts = tuple(await self._read(pixels, self._context))
        except (EngineError, LimitReached):
            # Skipped: the next changed frame is another chance, and the engine counts its own failures.
            texts = ()
        self._reading = False
        lines = tuple(text.content for text in texts if text.kind is TextKind.LINE)
        if not lines or lines in self._told:
            return Findings((TextAnswer(holder),))
        self._told[lines] = None
        if len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)
        finding = TextFinding(frame.sequence, frame.captured_at, lines)
        return Findings((TextAnswer(holder, TextRead(frame.sequence, texts), finding),))
