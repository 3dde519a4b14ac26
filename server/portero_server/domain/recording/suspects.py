"""Frames and tracks that have ended sessions because what follows from them cannot be stored."""

from __future__ import annotations

from collections import OrderedDict

_STREAMS = 1000


class Suspects:
    """Remembers, by stream, the frames of commits of which nothing could be written, so that they do not come forever.

    Such a commit ends its session, and the bridge sends its frames again. Once may be an accident of the database; when
    the same frames end a session for the second time, the next session refuses them by their numbers.

    Attributes:
        hopeless: Tracks of findings that ended a session and that no frame answers for: put aside the next time.
    """

    def __init__(self) -> None:
        self.hopeless: OrderedDict[str, None] = OrderedDict()
        self._ended: OrderedDict[int, range] = OrderedDict()
        self._refused: OrderedDict[int, range] = OrderedDict()

    def ended(self, stream_id: int, frames: range) -> None:
        """Records that a session ended because nothing of a commit that passed these frames could be written."""
        before = self._ended.pop(stream_id, range(0))
        self._ended[stream_id] = frames
        if before.start < frames.stop and frames.start < before.stop:
            self._refused[stream_id] = frames
        for known in (self._ended, self._refused):
            if len(known) > _STREAMS:
                known.popitem(last=False)

    def unanswered(self, track_id: str) -> None:
        """Records that a session ended because of a finding about this track that belongs to no open frame."""
        self.hopeless[track_id] = None
        if len(self.hopeless) > _STREAMS:
            self.hopeless.popitem(last=False)

    def refused(self, stream_id: int) -> range:
        """Returns the frames of a stream that must not be accepted again."""
        return self._refused.get(stream_id, range(0))
