"""Dates the frames of one stream by the clock that is configured for its camera, and watches the bridge's clock."""

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
"""Seconds that an OpenStream message may have been on its way, during which it makes the bridge's clock look slow: a
bridge gives an attempt up after ten. A clock that is further behind than that, compared with the camera's previous
session, was set back."""

_LONGEST_ROUND_TRIP = 300.0
"""The longest time in seconds between a Heartbeat and its answer that counts as a round trip. After more, the server's
clock was set, or the bridge made the time up."""

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CaptureTimes:
    """Bounds on the capture times of frames.

    Attributes:
        most_ahead: How far a capture time may be ahead of the server's clock.
    """

    most_ahead: timedelta = timedelta(hours=24)

    def checked(self, captured_at: datetime | None, now: datetime) -> datetime:
        """Returns the capture time of a frame received at wall time `now`.

        Raises:
            FrameRefused: BAD_CAPTURE_TIME; the time is missing (None), before 1970 or too far ahead.
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
    """A point in time, by both clocks of the server.

    Attributes:
        monotonic: Seconds of the monotonic clock, by which durations are measured.
        wall: Time of day, UTC, which is stored.
    """

    monotonic: float
    wall: datetime


class Opening(NamedTuple):
    """What a bridge declared when it opened a stream.

    Attributes:
        lossless: Whether the bridge sends late what it could not send in time.
        sent_at: When the bridge sent the message, by its own clock; None: it did not say.
        agent: Name and version of the bridge; empty: it did not say.
    """

    lossless: bool = True
    sent_at: datetime | None = None
    agent: str = ""


UNDECLARED = Opening()


def check_time_source(camera: Camera, opening: Opening) -> None:
    """Refuses a stream whose frames may come late, if the camera's frames are dated by their arrival.

    Raises:
        FailedPrecondition: TIME_SOURCE_NEEDS_LIVE; the stream is lossless and the camera's time source is ARRIVAL.
    """
    if opening.lossless and camera.time_source is TimeSource.ARRIVAL:
        raise FailedPrecondition(
            f"open.mode must be LIVE: cameras/{camera.camera_id} has time_source ARRIVAL, and frames that waited in a "
            "spool would be dated too late",
            reason="TIME_SOURCE_NEEDS_LIVE",
        )


class StreamClock:
    """Dates the frames of one stream, and watches the bridge's clock. Callers pass the time in; no clock is read here.

    Attributes:
        was_set: Whether the bridge's clock was set back between the camera's previous session and this one.
        offset: Seconds by which the bridge's clock is ahead of this server's monotonic one, to be kept for the camera's
            next session; None: no bridge of the camera has told its time.
        network_delay: Half of the last round trip to the bridge, seconds; None before it has answered a Heartbeat.
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
            policy: Thresholds for faults of a clock.
            opening: What the bridge declared when it opened the stream.
            resumed: Tracks that the stream's earlier session left open.
            earlier: The `offset` of the camera's previous session; None: not known.
            now: When the stream was opened.
        """
        lossless, sent_at = opening.lossless, opening.sent_at
        latest = max((track.last_seen.timestamp() for track in resumed if not track.ahead), default=None)
        offset = None if sent_at is None else sent_at.timestamp() - now.monotonic
        self.was_set = offset is not None and earlier is not None and offset < earlier - _LONGEST_OPENING
        self.offset = earlier if offset is None else offset
        # Dates frames for comparison with each other: by capture time, or by arrival where that is the time source.
        self._frames = FrameClock(policy, lossless=lossless, latest=latest, was_set=self.was_set)
        # Follows capture times where frames are dated by arrival, only to report faults of the bridge's clock.
        self._unused = FrameClock(policy, lossless=lossless)
        skew = None if sent_at is None else (sent_at - now.wall).total_seconds()
        self._watch = ClockWatch(policy, lossless=lossless, bridge_skew=skew)
        self.network_delay: float | None = None

    @property
    def state(self) -> ClockState:
        """The state of the bridge's clock."""
        return self._watch.state

    @property
    def faulty(self) -> bool:
        """Whether something is wrong with the bridge's clock."""
        return self._watch.state is not ClockState.STEADY

    @property
    def skew(self) -> float | None:
        """Seconds by which the bridge's clock is ahead of the server's; None while unknown."""
        return self._watch.skew

    def took(
        self, captured_at: datetime | None, source: TimeSource, now: Moment
    ) -> tuple[datetime, float, FrameTime, bool]:
        """Dates a frame.

        Args:
            captured_at: When the frame was taken, by the bridge's clock; None: the frame has no capture time.
            source: The clock that dates the frame; one without a capture time is dated by its arrival in any case.
            now: When the frame came.

        Returns:
            The time to store; the seconds from the capture by the bridge's clock to the receipt by the server's (0 if
            the frame is dated by its receipt); the time by which it is compared with other frames of the stream;
            whether it changed the state of the bridge's clock. A plain tuple, because one is made for every frame.
        """
        received, wall = now
        if captured_at is None:
            return wall, 0.0, self._frames.date(wall.timestamp(), received), False
        captured = captured_at.timestamp()
        lag = (wall - captured_at).total_seconds()
        if source is not TimeSource.ARRIVAL:
            time = self._frames.date(captured, received)
            return captured_at, lag, time, self._watch.took(self._frames, -lag, received)
        # Dates nothing: faults of the bridge's clock are reported whatever dates the frames.
        self._unused.date(captured, received)
        changed = self._watch.took(self._unused, -lag, received)
        return wall, 0.0, self._frames.date(wall.timestamp(), received), changed

    def said(self, sent_at: datetime | None, now: Moment) -> None:
        """Records the bridge's time from a message that it sent; None: the message tells no time."""
        if sent_at is not None:
            # The message was sent `network_delay` ago, which would otherwise make the bridge's clock look slow.
            skew = (sent_at - now.wall).total_seconds()
            self._watch.bridge_said(skew + (self.network_delay or 0.0))

    def answered(self, asked_at: datetime | None, now: Moment) -> float | None:
        """Measures the round trip to the bridge from a message that answers a Heartbeat.

        Args:
            asked_at: When the Heartbeat was sent, as the message repeats it; None: the message answers none.
            now: When the message came.

        Returns:
            Half of the round trip, seconds; None if nothing was measured.
        """
        if asked_at is None:
            return None
        took = (now.wall - asked_at).total_seconds()
        # The time comes from the bridge, which may send anything: only a recent time can be one that this server sent.
        if not 0.0 <= took <= _LONGEST_ROUND_TRIP:
            return None
        self.network_delay = took / 2
        return self.network_delay
