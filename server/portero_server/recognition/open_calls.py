"""Calls to the engine that are out, and what becomes of them when a stream is cut and another session goes on."""

from __future__ import annotations

from collections.abc import Sequence

from portero_server.domain.tracking.tracks import Track
from portero_server.recognition.shots import Shot


class OpenCalls:
    """The calls of one session, at most one for each track.

    A cut ends them without an answer. Where the track was undecided that is no loss, since its frames are sent again.
    Where it had been decided for want of an answer, nothing would ever ask again: a later session makes these calls
    once more.
    """

    def __init__(self) -> None:
        self._out: dict[str, tuple[Track, Shot]] = {}
        self._lost: list[tuple[Track, Shot]] = []

    def __len__(self) -> int:
        return len(self._out)

    def begin(self, track: Track, shot: Shot) -> None:
        """Adds a call that goes out."""
        self._out[track.track_id] = (track, shot)

    def end(self, track: Track) -> None:
        """Removes a call that was answered, or failed."""
        self._out.pop(track.track_id, None)

    def take_over(self, earlier: OpenCalls, going_on: Sequence[Track], durable: int) -> None:
        """Takes the calls that a cut ended, of tracks that go on and of those that had ended by the watermark."""
        followed = {track.track_id: track for track in going_on}
        for track, shot in (*earlier._lost, *earlier._out.values()):
            if track.match is not None or not track.decided:
                continue
            if track.track_id in followed:
                self._lost.append((followed[track.track_id], shot))
            elif track.closed and track.last_sequence <= durable:
                track.calls = track.answers
                self._lost.append((track, shot))

    def take_lost(self) -> Sequence[tuple[Track, Shot]]:
        """Returns the calls to be made again, each once."""
        lost, self._lost = self._lost, []
        return lost
