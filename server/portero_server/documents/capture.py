"""Captures check-ins from cameras' streams: keeps the best views while one runs, then has them read and reports.

One capture a camera at a time. Pixels are kept in memory only, and only until the capture ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import date
from typing import Protocol

import structlog

from portero_server.clock import Clock
from portero_server.documents.desk import CapturedCheckIn, CaptureOutcomes
from portero_server.documents.open_capture import OpenCapture
from portero_server.documents.sight import CardSight
from portero_server.domain.cameras import Lane
from portero_server.domain.documents.capture import CapturePolicy, Hint
from portero_server.domain.documents.check_in import CheckInFailure
from portero_server.domain.documents.document import DocumentReading
from portero_server.engines.base import CallContext, Pixels
from portero_server.errors import EngineError, LimitReached

_log = structlog.get_logger(__name__)

_TICK = 0.1
_STREAM_LOST = 2.0
"""Seconds without a sign of the camera's stream after which this server does not have it."""
_STREAM_ENDED = 15.0
"""Seconds after which a check-in no longer waits for the stream to come back; bridges reconnect within a few."""


class ReadCard(Protocol):
    """What a `DocumentReader` read of a card; `documents.reading.DocumentRead` has it."""

    @property
    def reading(self) -> DocumentReading:
        """What the card says."""
        ...

    @property
    def portraits(self) -> Sequence[Pixels]:
        """The faces on it, best first, BGR."""
        ...

    @property
    def paid_calls(self) -> int:
        """Calls that were paid for."""
        ...

    @property
    def framed(self) -> bool:
        """Whether a side lies in an even frame, as on a phone's screen or a photocopy."""
        ...


class DocumentReader(Protocol):
    """Reads the sides of a document with one engine; `documents.reading.CardReader` does it."""

    async def read(self, images: Sequence[Pixels], context: CallContext, today: date) -> ReadCard:
        """Returns what the card in the images says.

        Raises:
            EngineError, LimitReached: The engine could not answer, or may not be asked.
        """
        ...


class CardCaptures:
    """The captures that run on this server; the `CaptureDesk` of the check-in service."""

    def __init__(
        self, reader: DocumentReader, clock: Clock, today: Callable[[], date], policy: CapturePolicy | None = None
    ) -> None:
        """Prepares to capture; nothing begins before `run`.

        Args:
            reader: Reads the card's sides.
            clock: The server's clock.
            today: Returns the site's date, by which cards expire.
            policy: What is good enough.
        """
        self._reader, self._clock, self._today = reader, clock, today
        self._policy = policy or CapturePolicy()
        self._open: dict[str, OpenCapture] = {}
        self._last_sign: dict[str, float] = {}
        self._running: tuple[asyncio.TaskGroup, CaptureOutcomes] | None = None

    # --- What the check-in service asks (CaptureDesk) -------------------------------------------

    def begin(self, camera_id: str, check_in_id: str, deadline: float) -> bool:
        """Begins to look for a card and a face; see `CaptureDesk.begin`."""
        now = self._clock.monotonic()
        if self._running is None or now - self._last_sign.get(camera_id, float("-inf")) > _STREAM_LOST:
            return False
        self._open[camera_id] = OpenCapture(camera_id, check_in_id, self._policy, now, deadline)
        return True

    def cancel(self, check_in_id: str) -> None:
        """Ends a capture without an outcome."""
        for camera_id, capture in tuple(self._open.items()):
            if capture.check_in_id == check_in_id:
                del self._open[camera_id]

    # --- What the streams tell ------------------------------------------------------------------

    def running(self, camera_id: str) -> OpenCapture | None:
        """Returns the capture that runs on a camera, or None."""
        return self._open.get(camera_id)

    def stream_lives(self, camera_id: str, now: float) -> None:
        """Records that a stream of the camera is open."""
        self._last_sign[camera_id] = now

    def saw(self, capture: OpenCapture, sight: CardSight, time: float) -> Hint | None:
        """Records what a frame shows. Returns what to tell the person."""
        if self._open.get(capture.camera_id) is not capture:
            return None
        step = capture.take(sight, time)
        if step.complete:
            self._end(capture, None)
        return step.hint

    # --- Running --------------------------------------------------------------------------------

    async def run(self, outcomes: CaptureOutcomes) -> None:
        """Ends captures whose time is up, and reads those that are complete, until canceled.

        Args:
            outcomes: Receives how each capture ended.
        """
        async with asyncio.TaskGroup() as group:
            self._running = group, outcomes
            try:
                while True:
                    await asyncio.sleep(_TICK)
                    self._end_overdue(self._clock.monotonic())
            finally:
                self._running = None

    def _end_overdue(self, now: float) -> None:
        for capture in tuple(self._open.values()):
            if now - self._last_sign[capture.camera_id] > _STREAM_ENDED:
                self._end(capture, CheckInFailure.STREAM_ENDED)
            elif now >= capture.deadline:
                # What there is says more than that time is up: the report names what is missing.
                self._end(capture, None if capture.has_card else CheckInFailure.TIMED_OUT)

    def _end(self, capture: OpenCapture, failure: CheckInFailure | None) -> None:
        """Ends a capture: has its card read, or reports the failure."""
        del self._open[capture.camera_id]
        if self._running is not None:
            group, outcomes = self._running
            group.create_task(
                self._read(capture, outcomes) if failure is None else outcomes.failed(capture.check_in_id, failure)
            )

    async def _read(self, capture: OpenCapture, outcomes: CaptureOutcomes) -> None:
        """Has the card read and reports; the deadline no longer counts, since everything is there."""
        context = CallContext(capture.camera_id, Lane.CHECK_IN)
        try:
            read = await self._reader.read(capture.sides, context, self._today())
            liveness = await asyncio.to_thread(capture.liveness, read.portraits)
        except (EngineError, LimitReached) as error:
            _log.warning("check_in_not_read", camera=capture.camera_id, problem=error.message)
        except Exception:  # noqa: BLE001 - one card that breaks the reader must not end the check-ins of all cameras.
            _log.exception("check_in_reading_broke", camera=capture.camera_id)
        else:
            found = CapturedCheckIn(read.reading, read.portraits, capture.live_face, liveness, read.paid_calls)
            await outcomes.captured(capture.check_in_id, found)
            return
        await outcomes.failed(capture.check_in_id, CheckInFailure.ENGINE_FAILED)
