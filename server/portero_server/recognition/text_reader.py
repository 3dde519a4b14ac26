"""Reads text in the frames of one stream: the sharpest of the changed frames; the same content is reported once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol

from portero_server.domain.cameras import Lane
from portero_server.domain.detection.detections import Text, TextKind
from portero_server.domain.gate.cadence import Due, When
from portero_server.domain.recording.sightings import TextFinding
from portero_server.domain.streams.frames import Frame
from portero_server.domain.streams.messages import TextRead
from portero_server.engines.base import CallContext, Pixels
from portero_server.errors import EngineError, LimitReached
from portero_server.vision.analysis import FrameAnalysis

_MIN_SHARPNESS = 0.25
_REMEMBERED = 64


class TextLedger(Protocol):
    """Receives readings; implemented by the session's ledger."""

    def text_read(self, update: TextRead, finding: TextFinding) -> None:
        """Records text that was not read recently."""
        ...

    def release(self, holder: str) -> None:
        """Releases the frames that were held for this reading."""
        ...


class TextFollower:
    """Reads at most one frame of the camera at a time; frames that arrive meanwhile are skipped."""

    def __init__(
        self,
        camera_id: str,
        lane: Lane,
        read: Callable[[Pixels, CallContext], Awaitable[Sequence[Text]]],
        ledger: TextLedger,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        """Creates a reader; `read` calls the engine, `spawn` starts a task that the stream owns."""
        self._context = CallContext(camera_id, lane)
        self._read = read
        self._ledger = ledger
        self._spawn = spawn
        self._told: OrderedDict[tuple[str, ...], None] = OrderedDict()
        self.busy = False

    @property
    def when(self) -> When:
        """Returns whether to decode the next changed frame: at any time, or not now."""
        due = Due(look=not self.busy, thorough=False)
        return lambda captured: due

    def observe(self, frame: Frame, look: FrameAnalysis) -> set[str]:
        """Takes in a decoded frame. Returns the holders that keep it unsettled."""
        if look.pixels is None or look.sharpness < _MIN_SHARPNESS or self.busy:
            return set()
        self.busy = True
        holder = f"text.{frame.sequence}"
        self._spawn(self._call(frame, look.pixels, holder))
        return {holder}

    async def _call(self, frame: Frame, pixels: Pixels, holder: str) -> None:
        try:
            texts = tuple(await self._read(pixels, self._context))
        except (EngineError, LimitReached):
            # Skipped: the next changed frame is another chance, and the engine counts its own failures.
            texts = ()
        lines = tuple(text.content for text in texts if text.kind is TextKind.LINE)
        if lines and lines not in self._told:
            self._told[lines] = None
            if len(self._told) > _REMEMBERED:
                self._told.popitem(last=False)
            self._ledger.text_read(
                TextRead(frame.sequence, texts), TextFinding(frame.sequence, frame.captured_at, lines)
            )
        self.busy = False
        self._ledger.release(holder)
