"""Distinguishes the people before a camera from the portrait of a card whose outline was not found."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portero_server.domain.detection.detections import FaceQuality
from portero_server.domain.detection.geometry import Box

_ALIKE = 1.5
"""Most ratio of the widths of one portrait in two frames: a card comes nearer by less in a second and a half."""


@dataclass(frozen=True, slots=True)
class FaceView:
    """A face in a frame that is not known to be printed on a card there."""

    box: Box
    quality: FaceQuality


class PeopleInView:
    """Follows who is before the camera during one check-in. Times are seconds of a steady clock, and never go back.

    A card that comes into the picture, or that its edge cuts, has no outline yet, and its portrait looks like a person.
    Where a card shows a portrait at the same place shortly before or after, the face was that portrait. This only ever
    takes faces away: whether the one that is left is the card's holder, the comparison tells.
    """

    def __init__(self, *, rival: float, within: float, reach: float) -> None:
        """Begins with nobody.

        Args:
            rival: Share of the largest face's width from which another face counts as a second person.
            within: Seconds between a face and the portrait that it was.
            reach: Most distance between the two, in sizes of the smaller one.
        """
        self._rival, self._within, self._scope = rival, within, reach
        self._most = 0
        self._printed: deque[tuple[float, Box]] = deque()
        # Frames with several people that a portrait may still explain.
        self._crowds: deque[tuple[float, tuple[Box, ...]]] = deque()

    @property
    def most(self) -> int:
        """The largest number of people in one frame."""
        return max((self._most, *(len(boxes) for _, boxes in self._crowds)))

    def observe(self, time: float, faces: Sequence[FaceView], printed: Sequence[Box]) -> tuple[FaceView, ...]:
        """Records a frame. Returns its people, largest first, without somebody far behind the first.

        Args:
            time: When it was taken.
            faces: Faces beside the card, largest first.
            printed: Portraits on the card.
        """
        self._expire(time)
        self._printed.extend((time, box) for box in printed)
        if printed:
            self._crowds = deque((when, self._without(boxes, printed)) for when, boxes in self._crowds)
        known = [box for _, box in self._printed]
        people = [face for face in faces if not self.is_at(face.box, known)]
        if people:
            least = people[0].box.width * self._rival
            people = [face for face in people if face.box.width >= least]
        if len(people) > 1:
            self._crowds.append((time, tuple(face.box for face in people)))
        self._most = max(self._most, min(1, len(people)))
        return tuple(people)

    def is_at(self, face: Box, portraits: Iterable[Box]) -> bool:
        """Returns whether a face is at the place of one of these portraits, and of its size."""
        return any(same_face(face, portrait, self._scope) for portrait in portraits)

    def _without(self, boxes: Iterable[Box], printed: Sequence[Box]) -> tuple[Box, ...]:
        return tuple(box for box in boxes if not self.is_at(box, printed))

    def _expire(self, now: float) -> None:
        while self._printed and now - self._printed[0][0] > self._within:
            self._printed.popleft()
        while self._crowds and now - self._crowds[0][0] > self._within:
            self._most = max(self._most, len(self._crowds.popleft()[1]))


def same_face(face: Box, portrait: Box, reach: float) -> bool:
    """Returns whether a face may be a portrait that is seen in another frame.

    The guest's face beside a card is near its portrait as well, measured by the larger of the two: so their sizes must
    be alike, and the distance at most `reach` sizes of the smaller one.
    """
    smaller, larger = sorted((face, portrait), key=lambda box: box.width)
    if larger.width > _ALIKE * smaller.width:
        return False
    (x0, y0), (x1, y1) = face.center, portrait.center
    return ((x0 - x1) / max(smaller.width, 1e-6)) ** 2 + ((y0 - y1) / max(smaller.height, 1e-6)) ** 2 <= reach**2


def apart(before: Box, after: Box) -> float:
    """Returns the distance between the middles of two faces, in sizes of the larger one."""
    (x0, y0), (x1, y1) = before.center, after.center
    across = (x0 - x1) / max(before.width, after.width, 1e-6)
    down = (y0 - y1) / max(before.height, after.height, 1e-6)
    return float((across**2 + down**2) ** 0.5)
