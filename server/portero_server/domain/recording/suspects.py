"""Remembers frames and tracks that ended sessions because what follows from them could not be stored."""

from __future__ import annotations

from collections import OrderedDict

_MOST = 1000
"""Streams and tracks remembered; the one recorded the longest ago is forgotten first."""


class Suspects:
    """Remembers the frames of commits of which nothing could be written, by stream, and tracks of other findings.

    Such a commit ends its session, and the bridge sends its frames again. The first time may be an accident of the
    database. When a second such commit has some of the same frames, the next session refuses all frames of the second.

    Attributes:
        hopeless: Ids of tracks about which a finding ended a session, while no open frame was left to refuse for it.
            The next session puts such a finding aside instead.
    """

    def __init__(self) -> None:
        self.hopeless: OrderedDict[str, None] = OrderedDict()
        self._ended: OrderedDict[int, range] = OrderedDict()
        self._refused: OrderedDict[int, range] = OrderedDict()

    def ended(self, stream_id: int, frames: range) -> None:
        """Records that a session ended because nothing of a commit could be written.

        Args:
            stream_id: The session's stream.
            frames: Sequences of the frames that may be the cause.
        """
        before = self._ended.pop(stream_id, range(0))
        self._ended[stream_id] = frames
        if before.start < frames.stop and frames.start < before.stop:
            self._refused[stream_id] = frames
        for known in (self._ended, self._refused):
            if len(known) > _MOST:
                known.popitem(last=False)

    def unanswered(self, track_id: str) -> None:
        """Records that a session ended because of a finding about a track, with no open frame to refuse for it."""
        self.hopeless[track_id] = None
        if len(self.hopeless) > _MOST:
            self.hopeless.popitem(last=False)

    def refused(self, stream_id: int) -> range:
        """Returns the sequences of a stream that must be refused; empty if there are none."""
        return self._refused.get(stream_id, range(0))
