"""The shots of faces that are sent to the recognizer, and what is recorded of each."""

from __future__ import annotations

from dataclasses import dataclass

from portero_server.domain.detection.detections import FoundFace, Match
from portero_server.domain.recording.sightings import Recognition
from portero_server.domain.streams.frames import Frame
from portero_server.domain.streams.messages import Timing
from portero_server.domain.tracking.deciding import FaceDecision
from portero_server.domain.tracking.track import Track
from portero_server.engines.base import CallContext, FaceCrop, Pixels
from portero_server.recognition.tiered import Encoded
from portero_server.vision.analysis import FrameAnalysis
from portero_server.vision.crops import crop_face


@dataclass(frozen=True, slots=True)
class Shot:
    """A face cut out of a frame.

    Attributes:
        crop: What is sent.
        frame: Where it was seen.
        look: Which found it.
        looked: When the look came back, monotonic seconds.
        at_edge: Whether the face reaches the picture's edge.
        clear: Whether no other face can cover it and it does not reach over the picture's edge, so that its encoding
            says whose it is.
        encoded: The face as the free engine describes it, if it was compared before.
    """

    crop: FaceCrop
    frame: Frame
    look: FrameAnalysis
    looked: float
    at_edge: bool = False
    clear: bool = True
    encoded: Encoded | None = None

    @property
    def quality(self) -> float:
        """Quality of the face, 0..1."""
        return self.crop.quality.overall

    @property
    def face_pixels(self) -> int:
        """Width of the face, pixels of the frame."""
        pixels: int = self.crop.pixels.shape[1]
        return round(self.crop.face.width * pixels)


def cut_out(pixels: Pixels, face: FoundFace, context: CallContext) -> FaceCrop:
    """Cuts a face out of the picture that it was found in, for a call in this context."""
    region = crop_face(pixels, face.box)
    return FaceCrop(region.pixels, region.face, face.quality, context)


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
    shot: Shot,
    track: Track,
    number: int,
    engine: str,
    outcome: str,
    match: Match | None,
    seconds: float,
    decision: FaceDecision | None = None,
) -> Recognition:
    """Returns the record of an engine call.

    Args:
        shot: What was sent.
        track: Whose face it is.
        number: Distinguishes the calls of a track.
        engine: Who answered.
        outcome: "match", "provisional", "unknown", "no_face", "expired" or "failed".
        match: Who it is; None: nobody we know.
        seconds: From asking to the answer.
        decision: What was decided by the answer; None: none came.
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
        decision=decision,
    )


class BestShots:
    """The best shot of each track of one camera that was not sent."""

    def __init__(self, good_quality: float) -> None:
        """Creates an empty set of shots.

        Args:
            good_quality: A whole face in a shot of this quality, 0..1, is better than any face at the picture's edge.
        """
        self._good_quality = good_quality
        self._shots: dict[str, Shot] = {}

    def of(self, track: Track) -> Shot | None:
        """Returns the best shot of a track, or None."""
        return self._shots.get(track.track_id)

    def wants(self, track: Track, quality: float, *, at_edge: bool) -> bool:
        """Returns whether a shot of this quality, 0..1, would be kept."""
        best = self.of(track)
        # A provisional name is to be confirmed by another shot, which need not be better; one may come of each call.
        least = 0.0 if track.pending or track.evidence is not None else track.asked_quality
        if track.match is not None or quality <= least:
            return False
        return best is None or self._worth(quality, at_edge=at_edge) > self._worth_of(best)

    def offer(self, track: Track, shot: Shot) -> None:
        """Keeps a shot that `wants` wants."""
        if track.unverified and track.doubted_at == shot.frame.sequence:
            # The shots before may be another person's.
            self.drop(track)
        if self.wants(track, shot.quality, at_edge=shot.at_edge):
            self._shots[track.track_id] = shot

    def put_back(self, track: Track, shot: Shot) -> None:
        """Keeps a shot whose call got no answer, unless a better one waits."""
        best = self.of(track)
        if best is None or self._worth_of(best) < self._worth_of(shot):
            self._shots[track.track_id] = shot

    def encoded(self, track: Track, shot: Shot) -> None:
        """Records a shot's encoding, if it is the one that is kept."""
        best = self.of(track)
        if best is not None and best.frame is shot.frame:
            self._shots[track.track_id] = shot

    def hand_on(self, candidate: Track, track: Track) -> None:
        """Hands a candidate's shot to the track that continues."""
        shot = self._shots.pop(candidate.track_id, None)
        if shot is not None:
            self.offer(track, shot)

    def drop_edge(self, track: Track) -> None:
        """Removes the shot of a track if it shows the face at the picture's edge.

        For a track that another face replaced at once: mostly somebody walked in, and is asked about as that other one.
        """
        best = self.of(track)
        if best is not None and best.at_edge:
            self.drop(track)

    def drop(self, track: Track) -> None:
        """Removes the shot of a track."""
        self._shots.pop(track.track_id, None)

    def _worth_of(self, shot: Shot) -> tuple[bool, float]:
        return self._worth(shot.quality, at_edge=shot.at_edge)

    def _worth(self, quality: float, *, at_edge: bool) -> tuple[bool, float]:
        return not at_edge and quality >= self._good_quality, quality
