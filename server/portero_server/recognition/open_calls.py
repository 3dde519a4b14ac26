"""The calls in flight when another session resumes."""

from __future__ import annotations

from collections.abc import Sequence

from portero_server.domain.tracking.track import Track
from portero_server.domain.tracking.tracks import Tracker
from portero_server.recognition.shots import Shot


class OpenCalls:
    """The calls of one session in flight, at most one per track.

    An interruption ends them without an answer. For an undecided track that is no loss, since its frames are sent
    again. For a track that was decided for lack of an answer, nothing would ever ask again, so the next session repeats
    the call.
    """

    def __init__(self) -> None:
        self._out: dict[str, tuple[Track, Shot]] = {}
        self._lost: list[tuple[Track, Shot]] = []

    def __len__(self) -> int:
        return len(self._out)

    def begin(self, track: Track, shot: Shot) -> None:
        """Adds a call that is being made."""
        self._out[track.track_id] = (track, shot)

    def end(self, track: Track) -> None:
        """Removes a call that was answered or failed."""
        self._out.pop(track.track_id, None)

    def take_over(self, earlier: OpenCalls, going_on: Sequence[Track], durable: int) -> None:
        """Takes over calls that an interruption ended, for tracks that continue or had ended by the watermark."""
        followed = {track.track_id: track for track in going_on}
        for track, shot in (*earlier._lost, *earlier._out.values()):
            if track.match is not None or track.awaits_decision:
                continue
            if track.track_id in followed:
                self._lost.append((followed[track.track_id], shot))
            elif track.ended and track.last_sequence <= durable:
                self._lost.append((Tracker.without_call(track), shot))

    def take_lost(self) -> Sequence[tuple[Track, Shot]]:
        """Returns the calls to repeat, each once."""
        lost, self._lost = self._lost, []
        return lost
