"""Counts what became of the frames of one stream."""

from collections import Counter

from portero_client.streaming.frames import GapReason


class FrameCounts:
    """The counters of a stream that belongs to a program.

    Attributes:
        dropped: Frames that will never be sent, by reason.
        sent: Frames written to the stream; again, after a reconnect, counts again.
        unacked_frames: Frames in memory that are not durable at the server.
        spooled_frames: Frames on disk that are not durable at the server.
    """

    def __init__(self) -> None:
        self.dropped: Counter[GapReason] = Counter()
        self.sent = 0
        self.unacked_frames = 0
        self.spooled_frames = 0

    def frame_sent(self, size: int) -> None:
        """Counts a frame written to the stream."""
        self.sent += 1

    def frame_rejected(self, reason: str) -> None:
        """Does nothing: results tell of it."""

    def frames_missing(self, reason: GapReason, count: int) -> None:
        """Counts frames that will never be sent."""
        if count:
            self.dropped[reason] += count

    def stream_opened(self) -> None:
        """Does nothing: an event tells of it."""

    def stream_closed(self, *, wanted: bool) -> None:
        """Does nothing: an event tells of it."""

    def unacked(self, frames: int) -> None:
        """Sets the number of frames in memory that are not durable at the server."""
        self.unacked_frames = frames

    def spooled(self, frames: int, size: int) -> None:
        """Sets the number of frames on disk."""
        self.spooled_frames = frames

    def spool_opened(self, limit: int) -> None:
        """Does nothing: the program named the limit."""
