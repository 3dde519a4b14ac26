"""The shots of faces that are sent to the recognizer, and the calls in flight when another session resumes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portero_server.domain.detection.detections import Match
from portero_server.domain.recording.sightings import Recognition
from portero_server.domain.streams.frames import Frame
from portero_server.domain.streams.messages import Timing
from portero_server.domain.tracking.track import Track
from portero_server.domain.tracking.tracks import Tracker
from portero_server.engines.base import FaceCrop
from portero_server.vision.analysis import FrameAnalysis


@dataclass(frozen=True, slots=True)
class Shot:
    """A face cut out of a frame.

    Attributes:
        crop: What is sent.
        frame: Where it was seen.
        look: Which found it.
        looked: When the look came back, monotonic seconds.
    """

    crop: FaceCrop
    frame: Frame
    look: FrameAnalysis
    looked: float

    @property
    def quality(self) -> float:
        """Quality of the face, 0..1."""
        return self.crop.quality.overall


def timing_of(track: Track, shot: Shot, asked: float, answered: float) -> Timing:
    """Returns the stage durations of a recognition, given when it was sent and answered (monotonic seconds)."""
    return Timing(
        capture_to_receive=shot.frame.lag,
        queue=max(0.0, shot.looked - shot.frame.received - shot.look.seconds),
        detect=shot.look.seconds,
        recognize=answered - asked,
        time_to_name=answered - track.received,
    )


def recognition_of(
    shot: Shot, track: Track, number: int, engine: str, outcome: str, match: Match | None, seconds: float
) -> Recognition:
    """Returns the record of an engine call.

    Args:
        shot: What was sent.
        track: Whose face it is.
        number: Distinguishes the calls of a track.
        engine: Who answered.
        outcome: "match", "unknown", "no_face", "expired" or "failed".
        match: Who it is; None: nobody we know.
        seconds: From asking to the answer.
    """
    return Recognition(
        recognition_id=f"{track.track_id}.{shot.frame.sequence}.{number}",
        track_id=track.track_id,
        sequence=shot.frame.sequence,
        captured_at=shot.frame.captured_at,
        engine=engine,
        outcome=outcome,
        person_id=None if match is None else match.person_id,
        similarity=0.0 if match is None else match.similarity,
        margin=0.0 if match is None else match.margin,
        quality=shot.quality,
        latency=seconds,
    )


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
