"""Dates the frames of one stream: which clock is believed, and what is reported about the camera's clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from portero_server.domain.cameras import Camera, TimeSource
from portero_server.domain.clocks.camera_clock import ClockPolicy, FrameClock, FrameTime
from portero_server.domain.clocks.clock_watch import ClockState, ClockWatch
from portero_server.domain.recording.resuming import OpenTrack
from portero_server.domain.streams.frames import FrameRefused, RejectionReason
from portero_server.errors import FailedPrecondition

_LONGEST_OPENING = 15.0
"""Seconds that an OpenStream may have been on its way: after ten a bridge gives the attempt up. A bridge that opens a
stream with a clock further behind than it was before has set it back."""

_LONGEST_ROUND_TRIP = 300.0
"""Seconds after which the answer to a Heartbeat says nothing of the way: the server's clock was set, or the bridge
invents it."""

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CaptureTimes:
    """The bounds of a capture time.

    Attributes:
        most_ahead: How far it may be ahead of the server's clock.
    """

    most_ahead: timedelta = timedelta(hours=24)

    def checked(self, captured_at: datetime | None, now: datetime) -> datetime:
        """Returns the capture time of a frame received at wall time `now`.

        Raises:
            FrameRefused: It is missing (None), before 1970 or too far ahead.
        """
        if captured_at is None:
            problem = "frame.capture_time must be set to a time of the years 1970 to 9999"
        elif captured_at < _EARLIEST:
            problem = "frame.capture_time must not be before 1970-01-01T00:00:00Z; is the camera's clock set?"
        elif captured_at - now > self.most_ahead:
            most = self.most_ahead.total_seconds()
            problem = (
                f"frame.capture_time must be at most {most:g} s ahead of the server's clock, "
                f"and is {(captured_at - now).total_seconds():.0f} s; is the camera's clock right?"
            )
        else:
            return captured_at
        raise FrameRefused(RejectionReason.BAD_CAPTURE_TIME, problem)


class Moment(NamedTuple):
    """Now, by both clocks of the server.

    Attributes:
        monotonic: Seconds; what durations are measured by.
        wall: UTC; what is stored.
    """

    monotonic: float
    wall: datetime


class Opening(NamedTuple):
    """What a bridge declared when it opened a stream.

    Attributes:
        lossless: Whether it sends late what it could not send in time.
        sent_at: When, by its clock; None: it did not say.
        agent: Its name and version, or empty.
    """

    lossless: bool = True
    sent_at: datetime | None = None
    agent: str = ""


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
        lag: Seconds from its capture to its receipt, by both clocks; 0 if the capture time is that of the receipt.
        time: What frames of the stream are compared by.
        changed: Whether the frame changed the state of the bridge's clock.
    """

    captured_at: datetime
    lag: float
    time: FrameTime
    changed: bool


class StreamClock:
    """Dates the frames of one stream, and watches the bridge's clock. Reads no clock itself.

    Attributes:
        was_set: Whether the bridge's clock was set back between the camera's previous session and this one.
        offset: The bridge's clock less this server's monotonic one, to be kept for the camera's next session, or None.
        network_delay: Seconds of half a round trip, or None until the bridge has answered a Heartbeat.
    """

    def __init__(
        self,
        policy: ClockPolicy,
        opening: Opening,
        resumed: Iterable[OpenTrack],
        earlier: float | None,
        now: Moment,
    ) -> None:
        """Starts the clock of a stream.

        Args:
            policy: Thresholds for faults.
            opening: What the bridge declared.
            resumed: Tracks of the earlier session.
            earlier: The `offset` of the camera's previous session, or None.
            now: When the stream was opened.
        """
        lossless, sent_at = opening.lossless, opening.sent_at
        latest = max((track.last_seen.timestamp() for track in resumed if not track.ahead), default=None)
        offset = None if sent_at is None else sent_at.timestamp() - now.monotonic
        self.was_set = offset is not None and earlier is not None and offset < earlier - _LONGEST_OPENING
        self.offset = earlier if offset is None else offset
        # What frames are compared by, if their capture times are believed.
        self._frames = FrameClock(policy, lossless=lossless, latest=latest, was_set=self.was_set)
        # The bridge's clock where frames are dated by arrival: its faults are reported all the same.
        self._unused = FrameClock(policy, lossless=lossless)
        skew = None if sent_at is None else (sent_at - now.wall).total_seconds()
        self._watch = ClockWatch(policy, lossless=lossless, bridge_skew=skew)
        self.network_delay: float | None = None

    @property
    def state(self) -> ClockState:
        """State of the bridge's clock."""
        return self._watch.state

    @property
    def faulty(self) -> bool:
        """Whether something is wrong with the bridge's clock."""
        return self._watch.state is not ClockState.STEADY

    @property
    def skew(self) -> float | None:
        """Seconds by which the bridge's clock is ahead of the server's; None while unknown."""
        return self._watch.skew

    def took(self, captured_at: datetime | None, source: TimeSource, now: Moment) -> ReceivedAt:
        """Returns the times to use for a frame that came now.

        Args:
            captured_at: When it was taken, by the bridge's clock; None: it does not say.
            source: Which clock is believed; a frame that does not say is dated by its arrival in any case.
            now: When it came.
        """
        received, wall = now
        if captured_at is None:
            return ReceivedAt(wall, 0.0, self._frames.date(wall.timestamp(), received), False)
        captured = captured_at.timestamp()
        lag = (wall - captured_at).total_seconds()
        if source is not TimeSource.ARRIVAL:
            time = self._frames.date(captured, received)
            return ReceivedAt(captured_at, lag, time, self._watch.took(self._frames, -lag, received))
        # Faults of the bridge's clock are reported even if frames are dated by arrival.
        self._unused.date(captured, received)
        changed = self._watch.took(self._unused, -lag, received)
        return ReceivedAt(wall, 0.0, self._frames.date(wall.timestamp(), received), changed)

    def said(self, sent_at: datetime | None, now: Moment) -> None:
        """Takes in the bridge's time from a message, if the message has one."""
        if sent_at is not None:
            # The message is as old as the way is long, which would make the clock look slow.
            skew = (sent_at - now.wall).total_seconds()
            self._watch.bridge_said(skew + (self.network_delay or 0.0))

    def answered(self, asked_at: datetime | None, now: Moment) -> float | None:
        """Measures the way to the bridge and back, if a message answers the Heartbeat that was sent then.

        Returns:
            Half of it, seconds, or None if nothing was measured.
        """
        if asked_at is None:
            return None
        took = (now.wall - asked_at).total_seconds()
        # The bridge repeats what it was told; anything else than a recent time of this server's is no answer.
        if not 0.0 <= took <= _LONGEST_ROUND_TRIP:
            return None
        self.network_delay = took / 2
        return self.network_delay
