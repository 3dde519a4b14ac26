"""Dates the frames of one stream: which clock is believed, and what is reported about the camera's clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple

import structlog

from portero_server.clock import Clock
from portero_server.domain.cameras import Camera, TimeSource
from portero_server.domain.clocks.camera_clock import ClockPolicy, FrameClock, FrameTime
from portero_server.domain.clocks.clock_watch import ClockState, ClockWatch
from portero_server.domain.recording.resuming import OpenTrack
from portero_server.domain.streams.messages import Advice, Directive
from portero_server.errors import FailedPrecondition
from portero_server.telemetry.stream_metrics import StreamMetrics

_log = structlog.get_logger(__name__)

_LONGEST_OPENING = 15.0
"""Seconds that an OpenStream may have been on its way: after ten a bridge gives the attempt up. A bridge that opens a
stream with a clock further behind than it was before has set it back."""


class Opening(NamedTuple):
    """What a bridge declared when it opened a stream.

    Attributes:
        lossless: Whether it sends late what it could not send in time.
        sent_at: When, by its clock; None: it did not say.
    """

    lossless: bool = True
    sent_at: datetime | None = None


UNDECLARED = Opening()


def check_time_source(camera: Camera, opening: Opening) -> None:
    """Refuses a bridge that may send frames late if the camera's frames are dated by arrival.

    Raises:
        FailedPrecondition: TIME_SOURCE_NEEDS_LIVE.
    """
    if opening.lossless and camera.time_source is TimeSource.ARRIVAL:
        raise FailedPrecondition(
            f"cameras/{camera.camera_id} has time_source ARRIVAL, which would date a frame that was spooled by "
            "when it came; open.mode must be LIVE",
            reason="TIME_SOURCE_NEEDS_LIVE",
        )


class ReceivedAt(NamedTuple):
    """The times of one frame.

    Attributes:
        captured_at: The time to store.
        received_at: The wall time of its receipt.
        time: What frames of the stream are compared by.
    """

    captured_at: datetime
    received_at: datetime
    time: FrameTime


class StreamClock:
    """Dates the frames of one stream, and reports changes in the state of the bridge's clock."""

    def __init__(
        self,
        camera_id: str,
        policy: ClockPolicy,
        clock: Clock,
        metrics: StreamMetrics,
        tell: Callable[[Directive], None],
    ) -> None:
        """Creates the clock of a stream; `open` adds what the bridge declared.

        Args:
            camera_id: For the log.
            policy: Thresholds for faults.
            clock: The server's clock.
            metrics: Counts changes of the clock's state.
            tell: Sends the bridge a Directive.
        """
        self._camera_id = camera_id
        self._policy = policy
        self._clock = clock
        self._metrics = metrics
        self._tell = tell
        self._opened(UNDECLARED, None, was_set=False)

    @property
    def state(self) -> ClockState:
        """State of the bridge's clock."""
        return self._watch.state

    @property
    def skew(self) -> float | None:
        """Seconds by which the bridge's clock is ahead of the server's; None while unknown."""
        return self._watch.skew

    def open(self, opening: Opening, resumed: Iterable[OpenTrack], earlier: float | None) -> float | None:
        """Starts the stream.

        Args:
            opening: What the bridge said.
            resumed: Tracks of the earlier session.
            earlier: What `open` returned for the camera's previous session, or None.

        Returns:
            The bridge's clock less this server's monotonic one, to be kept for the camera's next session.
        """
        latest = max((track.last_seen.timestamp() for track in resumed if not track.ahead), default=None)
        offset = None if opening.sent_at is None else opening.sent_at.timestamp() - self._clock.monotonic()
        was_set = offset is not None and earlier is not None and offset < earlier - _LONGEST_OPENING
        if was_set:
            _log.warning("camera_clock_set_back", camera=self._camera_id, since="the session before")
        self._opened(opening, latest, was_set=was_set)
        return earlier if offset is None else offset

    def took(self, captured_at: datetime | None, source: TimeSource, received: float) -> ReceivedAt:
        """Returns the times to use for a frame.

        Args:
            captured_at: When it was taken, by the bridge's clock; None: it does not say.
            source: Which clock is believed; a frame that does not say is dated by its arrival in any case.
            received: When it came, monotonic seconds; not before now.
        """
        now = self._clock.now()
        stored = now if source is TimeSource.ARRIVAL or captured_at is None else captured_at
        time = self._frames.date(stored.timestamp(), received)
        if captured_at is not None:
            watched = self._watched(captured_at, received, source)
            if self._watch.took(watched, (captured_at - now).total_seconds(), received):
                self._changed()
        return ReceivedAt(stored, now, time)

    def said(self, sent_at: datetime | None) -> None:
        """Takes in the bridge's time from a message, if the message has one."""
        if sent_at is not None:
            self._watch.bridge_said((sent_at - self._clock.now()).total_seconds())

    def _watched(self, captured_at: datetime, received: float, source: TimeSource) -> FrameClock:
        # Faults of the bridge's clock are reported even if frames are dated by arrival.
        if source is TimeSource.ARRIVAL:
            self._unused.date(captured_at.timestamp(), received)
            return self._unused
        return self._frames

    def _opened(self, opening: Opening, latest: float | None, *, was_set: bool) -> None:
        lossless, sent_at = opening
        self._frames = FrameClock(self._policy, lossless=lossless, latest=latest, was_set=was_set)
        self._unused = FrameClock(self._policy, lossless=lossless)
        skew = None if sent_at is None else (sent_at - self._clock.now()).total_seconds()
        self._watch = ClockWatch(self._policy, lossless=lossless, bridge_skew=skew)

    def _changed(self) -> None:
        state, skew = self._watch.state, self._watch.skew
        self._metrics.clock_is(state)
        write = _log.info if state is ClockState.STEADY else _log.warning
        write("camera_clock", camera=self._camera_id, state=state.value, skew=None if skew is None else round(skew, 3))
        if state is not ClockState.STEADY:
            self._tell(Directive(Advice.CHECK_CLOCK))
