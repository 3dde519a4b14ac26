"""One running capture: the plan, and the pixels that it says to keep."""

from __future__ import annotations

from collections.abc import Sequence

from portero_server.documents.desk import LiveFace
from portero_server.documents.sight import CardSight, corners_of
from portero_server.domain.documents.capture import CapturePlan, CapturePolicy, CaptureStep
from portero_server.domain.documents.document import CardSide
from portero_server.domain.documents.judgment import Liveness
from portero_server.domain.documents.liveness import CardAndFace, judge_motion
from portero_server.domain.streams.frames import Frame
from portero_server.engines.base import Pixels
from portero_server.vision.cards.spoof import FRAMED, SAME_PICTURE, SUSPICIONS, framed, same_picture

_LATE = 10.0
"""Seconds of lag from which a frame may show a time before the check-in: bridges send late what they had kept."""
_MOST_LOOKS = 240
"""Looks at card and face together that are kept to judge their motion: far more than a check-in has."""


class OpenCapture:
    """A capture that runs on a camera.

    Attributes:
        camera_id: Whose stream.
        check_in_id: The check-in that gets the outcome.
        began: When, monotonic seconds.
        deadline: When it ends in any case, monotonic seconds.
        looking: Whether a frame is being looked at; others are passed over meanwhile.
        announced: Whether the bridge was asked for full pictures.
    """

    def __init__(self, camera_id: str, check_in_id: str, policy: CapturePolicy, began: float, deadline: float) -> None:
        self.camera_id, self.check_in_id = camera_id, check_in_id
        self.began, self.deadline = began, deadline
        self.looking = self.announced = False
        self._plan = CapturePlan(policy, float("-inf"))
        self._sides: dict[CardSide, Pixels] = {}
        self._framed: dict[CardSide, bool] = {}
        self._face: LiveFace | None = None
        self._looks: list[CardAndFace] = []

    @property
    def has_card(self) -> bool:
        """Whether any side of a card is kept."""
        return bool(self._sides)

    @property
    def sides(self) -> list[Pixels]:
        """The views of the card that are kept, front first."""
        return [self._sides[side] for side in CardSide if side in self._sides]

    @property
    def live_face(self) -> LiveFace | None:
        """The live face, with the most people that were seen at once."""
        face = self._face
        return None if face is None else LiveFace(face.pixels, max(1, self._plan.several), face.quality, face.size)

    def wants(self, frame: Frame) -> bool:
        """Returns whether to look at a frame: none is being looked at, and it was taken since the capture began."""
        return not self.looking and frame.received >= self.began and frame.lag <= _LATE

    def take(self, sight: CardSight, time: float) -> CaptureStep:
        """Records what a frame shows, and keeps what the plan says."""
        step = self._plan.observe(sight.view(time))
        if step.restarted:
            self._sides.clear()
            self._framed.clear()
            self._looks.clear()
            self._face = None
        if step.side is not None and sight.card is not None:
            self._sides[step.side] = sight.card_pixels(sight.card)
            self._framed[step.side] = framed(sight.pixels, corners_of(sight.card))
        if step.dropped:
            self._face = None
        if step.face is not None:
            face = next(each for each in sight.faces if each.box == step.face)
            size = round(face.box.width * sight.pixels.shape[1])
            self._face = LiveFace(sight.face_pixels(face.box), 1, face.quality.overall, size)
        if (both := sight.card_and_face(time)) is not None and len(self._looks) < _MOST_LOOKS:
            self._looks.append(both)
        return step

    def liveness(self, portraits: Sequence[Pixels]) -> Liveness:
        """Returns what a passive look says of the person and the card."""
        motion = judge_motion(self._looks)
        suspicions = {} if motion.cue is None or motion.suspicion is None else {motion.cue: motion.suspicion}
        if any(self._framed.values()):
            suspicions[FRAMED] = SUSPICIONS[FRAMED]
        if self._face is not None and portraits and same_picture(portraits[0], self._face.pixels):
            suspicions[SAME_PICTURE] = SUSPICIONS[SAME_PICTURE]
        if suspicions:
            return Liveness(max(suspicions.values()), tuple(sorted(suspicions)))
        return Liveness(motion.suspicion)
