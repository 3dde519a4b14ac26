"""The state that the tasks of one camera's stream share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from portero_client.streaming.clock import Clock
from portero_client.streaming.delivery.planner import Delivery
from portero_client.streaming.events import StreamEvent
from portero_client.streaming.frames import GapReason
from portero_client.streaming.notifier import Notifier


class StreamMeter(Protocol):
    """Counts what happens to the frames of one camera."""

    def frame_sent(self, size: int) -> None:
        """Counts a frame of `size` bytes written to the stream."""
        ...

    def frame_rejected(self, reason: str) -> None:
        """Counts a frame that the server refused."""
        ...

    def frames_missing(self, reason: GapReason, count: int) -> None:
        """Counts frames that will never be sent."""
        ...

    def stream_opened(self) -> None:
        """Records that a stream is open."""
        ...

    def stream_closed(self, *, wanted: bool) -> None:
        """Records that no stream is open, and whether that was intended."""
        ...

    def unacked(self, frames: int) -> None:
        """Sets the number of frames in memory that are not durable at the server."""
        ...

    def spooled(self, frames: int, size: int) -> None:
        """Sets the frames and bytes in the spool."""
        ...

    def spool_opened(self, limit: int) -> None:
        """Records that a spool is open, and its capacity in bytes; 0 without one."""
        ...


@dataclass(frozen=True, slots=True)
class StreamContext:
    """One stream's state, clock, counters and event output.

    Attributes:
        camera: Name, without "cameras/".
        agent: What the client calls itself to the server, with its version.
        delivery: The state of the numbering and the stream.
        bell: Notified when the delivery changes.
        clock: The clock.
        meter: The camera's counters.
        emit: Receives the camera's events.
    """

    camera: str
    agent: str
    delivery: Delivery
    bell: Notifier
    clock: Clock
    meter: StreamMeter
    emit: Callable[[StreamEvent], None]

    def changed(self) -> None:
        """Wakes all tasks that wait for a change of the delivery, and updates its counters."""
        for reason, count in self.delivery.take_dropped().items():
            self.meter.frames_missing(reason, count)
        self.meter.unacked(self.delivery.held_frames)
        self.bell.notify()
