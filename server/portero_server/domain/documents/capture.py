"""Decides what to keep of a camera's frames during a check-in: the best view of each side, the live face, and hints.

The plan sees what was found in each frame, never pixels. It keeps nothing of one person with something of another: when
nobody is in view for a while, or another face takes the place of the first, it begins anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from portero_server.domain.detection.geometry import Box
from portero_server.domain.documents.document import CardSide
from portero_server.domain.documents.people_in_view import FaceView, PeopleInView, apart

Corners = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]
"""The corners of a card in a frame, (x, y) in pixels, clockwise from the upper left of the card as it is read."""

_LARGE = 1000.0
"""Pixels of the card's longer edge beyond which more tell nothing: 12 a millimeter."""
_BURNT = 0.2
"""Share of burnt-out area at which a view is worth nothing."""


class Hint(Enum):
    """What the person at the camera should do."""

    SHOW_CARD = "show_card"
    CARD_CLOSER = "card_closer"
    CARD_TILTED = "card_tilted"
    CARD_GLARE = "card_glare"
    CARD_STILL = "card_still"
    TURN_CARD_OVER = "turn_card_over"
    LOOK_AT_CAMERA = "look_at_camera"
    FACE_CLOSER = "face_closer"
    ONE_PERSON = "one_person"


@dataclass(frozen=True, slots=True)
class CardView:
    """A card in a frame.

    Attributes:
        corners: Corners of the card in the frame.
        side: Which side is seen; None: it cannot be told, and the view is of no use.
        width: Its longer edge, pixels.
        tilt: How much perspective shortens one edge against the opposite one, 0..1.
        sharpness: Sharpness of the rectified card, 0..1.
        glare: Share of the rectified card that is burnt out, 0..1.
        whole: Whether this side alone is the whole document, as of a passport.
    """

    corners: Corners
    side: CardSide | None
    width: float
    tilt: float
    sharpness: float
    glare: float
    whole: bool = False


@dataclass(frozen=True, slots=True)
class FrameView:
    """What a frame shows.

    Attributes:
        time: When it was taken, seconds of a steady clock.
        card: The card, if one is in view.
        faces: Faces beside the card, largest first.
        printed: Faces on the card.
    """

    time: float
    card: CardView | None = None
    faces: tuple[FaceView, ...] = ()
    printed: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class CapturePolicy:
    """What counts as good enough, and how long to wait for better.

    Attributes:
        card_width: Least pixels of the card's longer edge. Print of a card is 1.5 mm high, so at 480 pixels a capital
            letter has about 8: the least that OCR reads.
        tilt: Most tilt.
        sharpness: Least sharpness of the card.
        glare: Most glare.
        face: Least overall quality of the live face, 0..1.
        face_size: Least `FaceQuality.size`, which is 1 for eyes 40 pixels apart.
        rival: Share of the largest face's width from which another face counts as a second person.
        settle: Seconds for which a better view of the same side, or of the face, is waited for.
        gone: Seconds with neither face nor card in view after which the person has left.
        moved: Distance between two looks, in sizes of the face, beyond which it is another face.
        portrait: Distance, in sizes of the smaller one, up to which a face was the portrait of its size that a card
            shows within `gone`.
        steady: Seconds for which a hint must hold before it is told.
        repeat: Seconds after which the same hint is told again.
    """

    card_width: float = 480.0
    tilt: float = 0.25
    sharpness: float = 0.3
    glare: float = 0.03
    face: float = 0.35
    face_size: float = 0.7
    rival: float = 0.5
    settle: float = 0.5
    gone: float = 1.5
    moved: float = 1.2
    portrait: float = 0.8
    steady: float = 0.6
    repeat: float = 3.0


@dataclass(frozen=True, slots=True)
class CaptureStep:
    """What follows from a frame.

    Attributes:
        restarted: Whether everything kept so far is to be dropped first: another person is in view.
        side: The side whose view is kept from this frame, in place of an earlier one.
        face: The live face that is kept from this frame, in place of an earlier one.
        dropped: Whether the live face of an earlier frame is to be dropped: it was the portrait on the card.
        hint: What to tell the person.
        complete: Whether everything is there.
    """

    restarted: bool = False
    side: CardSide | None = None
    face: Box | None = None
    dropped: bool = False
    hint: Hint | None = None
    complete: bool = False


@dataclass(slots=True)
class _Kept:
    """The best view so far.

    Attributes:
        first: When the first good enough one was seen.
        score: How good the best is.
        whole: Whether it is the whole document.
    """

    first: float
    score: float
    whole: bool = False


class CapturePlan:
    """Follows one check-in. All times are those of the frames."""

    def __init__(self, policy: CapturePolicy, began: float) -> None:
        """Begins at a moment; frames taken before it are ignored."""
        self._policy = policy
        self._began = began
        self._sides: dict[CardSide, _Kept] = {}
        self._face: _Kept | None = None
        # Where and when the live face was that is kept.
        self._face_at: tuple[float, Box] | None = None
        self._last_seen: float | None = None
        self._last_face: tuple[float, Box] | None = None
        self._in_view = self._nobody()
        self._wanted: tuple[Hint | None, float] = (None, began)
        self._told: tuple[Hint, float] | None = None

    @property
    def sides(self) -> Mapping[CardSide, float]:
        """The sides that are kept, and how good the view of each is."""
        return {side: kept.score for side, kept in self._sides.items()}

    @property
    def has_face(self) -> bool:
        """Whether a live face is kept."""
        return self._face is not None

    @property
    def several(self) -> int:
        """The largest number of people in one frame, since the plan began or began anew."""
        return self._in_view.most

    def observe(self, view: FrameView) -> CaptureStep:
        """Records what a frame shows."""
        if view.time < self._began:
            return CaptureStep()
        restarted = self._is_somebody_else(view) and self._begin_anew()
        self._note_presence(view)
        portraits = _portraits(view)
        people = self._in_view.observe(view.time, view.faces, portraits)
        side = self._keep_card(view)
        dropped = self._was_portrait(view.time, portraits) and self._drop_face()
        face = people[0].box if len(people) == 1 and self._keep_face(people[0], view.time) else None
        return CaptureStep(restarted, side, face, dropped, self._hint(view, people), self._complete(view.time))

    def _complete(self, now: float) -> bool:
        # The face is looked for in the same time as the card: only what came last is waited for.
        if self._face is None or not self._settled(self._face, now):
            return False
        return self._card_complete(now)

    def _card_complete(self, now: float) -> bool:
        kept = self._sides.values()
        if any(each.whole and self._settled(each, now) for each in kept):
            return True
        return len(kept) == len(CardSide) and all(self._settled(each, now) for each in kept)

    def _settled(self, kept: _Kept, now: float) -> bool:
        return now - kept.first >= self._policy.settle

    def _is_somebody_else(self, view: FrameView) -> bool:
        if not (self._sides or self._face):
            return False
        if self._last_seen is not None and view.time - self._last_seen > self._policy.gone:
            return True
        if self._last_face is None or not view.faces:
            return False
        time, before = self._last_face
        # A face that was hidden, by the card or a hand, may come back anywhere; whose it is the comparison tells.
        if view.time - time > self._policy.gone:
            return False
        return all(apart(before, face.box) > self._policy.moved for face in view.faces)

    def _begin_anew(self) -> bool:
        self._sides.clear()
        self._face = self._face_at = self._last_face = None
        self._in_view = self._nobody()
        return True

    def _nobody(self) -> PeopleInView:
        policy = self._policy
        return PeopleInView(rival=policy.rival, within=policy.gone, reach=policy.portrait)

    def _was_portrait(self, now: float, portraits: Sequence[Box]) -> bool:
        """Whether the face that is kept was the portrait that a card shows at its place now."""
        if self._face_at is None:
            return False
        time, box = self._face_at
        return now - time <= self._policy.gone and self._in_view.is_at(box, portraits)

    def _drop_face(self) -> bool:
        self._face = self._face_at = None
        return True

    def _note_presence(self, view: FrameView) -> None:
        if view.card is not None or view.faces:
            self._last_seen = view.time
        if view.faces:
            nearest = view.faces[0]
            if self._last_face is not None:
                before = self._last_face[1]
                nearest = min(view.faces, key=lambda face: apart(before, face.box))
            self._last_face = view.time, nearest.box

    def _keep_card(self, view: FrameView) -> CardSide | None:
        card = view.card
        if card is None or card.side is None or self._defect(card) is not None:
            return None
        score = card_score(card)
        kept = self._sides.get(card.side)
        if kept is None:
            self._sides[card.side] = _Kept(view.time, score, card.whole)
            return card.side
        if score <= kept.score:
            return None
        kept.score, kept.whole = score, card.whole
        return card.side

    def _keep_face(self, face: FaceView, time: float) -> bool:
        quality = face.quality
        if quality.size < self._policy.face_size or quality.overall < self._policy.face:
            return False
        if self._face is not None and quality.overall <= self._face.score:
            return False
        first = time if self._face is None else self._face.first
        self._face, self._face_at = _Kept(first, quality.overall), (time, face.box)
        return True

    def _defect(self, card: CardView) -> Hint | None:
        """Returns what keeps a view of a card from being read."""
        policy = self._policy
        if card.width < policy.card_width:
            return Hint.CARD_CLOSER
        if card.tilt > policy.tilt:
            return Hint.CARD_TILTED
        if card.glare > policy.glare:
            return Hint.CARD_GLARE
        if card.sharpness < policy.sharpness:
            return Hint.CARD_STILL
        return None

    def _hint(self, view: FrameView, people: Sequence[FaceView]) -> Hint | None:
        wanted = self._wish(view, people)
        if wanted is not self._wanted[0]:
            self._wanted = wanted, view.time
        if wanted is None or view.time - self._wanted[1] < self._policy.steady:
            return None
        if self._told is not None:
            told, when = self._told
            if told is wanted and view.time - when < self._policy.repeat:
                return None
        self._told = wanted, view.time
        return wanted

    def _wish(self, view: FrameView, people: Sequence[FaceView]) -> Hint | None:
        if len(people) > 1 and self._face is None:
            return Hint.ONE_PERSON
        if not self._card_complete(view.time):
            return self._card_wish(view)
        if self._face is not None:
            return None
        if not people:
            return Hint.LOOK_AT_CAMERA
        small = people[0].quality.size < self._policy.face_size
        return Hint.FACE_CLOSER if small else Hint.LOOK_AT_CAMERA

    def _card_wish(self, view: FrameView) -> Hint | None:
        card = view.card
        if card is None:
            return Hint.TURN_CARD_OVER if self._sides else Hint.SHOW_CARD
        if card.side is None or card.side not in self._sides:
            return self._defect(card) or Hint.CARD_STILL
        kept = self._sides[card.side]
        return Hint.TURN_CARD_OVER if self._settled(kept, view.time) and not kept.whole else None


def _portraits(view: FrameView) -> tuple[Box, ...]:
    """Returns the portraits on the card of a frame; none where what was taken for a card may be something else."""
    return view.printed if view.card is not None and view.card.side is CardSide.FRONT else ()


def card_score(card: CardView) -> float:
    """Returns how well a card can be read, 0..1: sharp, large, flat and free of glare."""
    large = min(1.0, card.width / _LARGE)
    return card.sharpness * large * (1.0 - card.tilt) * (1.0 - min(1.0, card.glare / _BURNT))


def on_card(face: Box, corners: Corners, width: int, height: int) -> bool:
    """Returns whether the middle of a face, in ratios of a frame of that size, lies on the card: it is a portrait."""
    x, y = face.center[0] * width, face.center[1] * height
    signs = set()
    for (ax, ay), (bx, by) in zip(corners, (*corners[1:], corners[0]), strict=True):
        signs.add((bx - ax) * (y - ay) - (by - ay) * (x - ax) >= 0)
    return len(signs) == 1
