"""Says whether a photograph can teach a face, and what would make it better, in words for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from portero_server.domain.detection.detections import FaceQuality, FoundFace
from portero_server.domain.detection.geometry import is_cut_off

# Beside a clear face, an unclear one is more often a badge or a pattern in cloth than a face.
_CLEAR = 0.85
_UNCLEAR = 0.7
_MIDDLE_GRAY = 128.0
_REFUSED = FaceQuality(size=0.5, frontality=0.35, sharpness=0.42, brightness=0.4)
_POOR = FaceQuality(size=0.8, frontality=0.6, sharpness=0.55, brightness=0.9)


class PhotoFlaw(Enum):
    """What is wrong with a photograph; the names are those of the proto without the prefix.

    That something covers the face is not among them: the detectors place eyes, nose and mouth whether they see them or
    not, so they cannot tell.
    """

    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    TOO_SMALL = "too_small"
    TURNED_AWAY = "turned_away"
    BLURRED = "blurred"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    UNEVEN_LIGHT = "uneven_light"
    """One half of the face is much darker than the other."""
    CUT_OFF = "cut_off"
    """The face reaches over the edge of the picture."""


class FaceLight(NamedTuple):
    """How a face is lit.

    Attributes:
        mean: Mean gray level, 0..255.
        evenness: Gray level of the darker half of the face over that of the brighter one, 0..1.
    """

    mean: float
    evenness: float


class PhotoAdvice(NamedTuple):
    """One flaw of a photograph.

    Attributes:
        flaw: Which.
        refused: Whether the photograph is refused for it; else it is taken, with a warning.
        text: What is wrong and what to do, for people.
    """

    flaw: PhotoFlaw
    refused: bool
    text: str


@dataclass(frozen=True, slots=True)
class PhotoLimits:
    """When a photograph is refused, and when it is taken with a warning.

    Attributes:
        refused: Scores below which it is refused. Size: 20 pixels between the eyes. Frontality: the nose 0.39 eye
            distances beside the middle of the eyes, where profiles have 0.6. Sharpness: twice that of the faces out of
            focus that were measured (0.25). Brightness: a mean gray below 30 or above 230.
        poor: Scores below which it is poor. Size: 32 pixels between the eyes, of the 40 that the encoder uses.
            Frontality: 0.24 eye distances. Sharpness: the least sharp face in focus that was measured had 0.62.
            Brightness: a mean gray below 55 or above 205. Skin differs, so it is no more than a warning there.
        even: Evenness below which the light is uneven: one stop, as photographers count. Set by judgment, not measured.

    See `vision/quality.py` for what the scores measure, and on what they were set.
    """

    refused: FaceQuality = _REFUSED
    poor: FaceQuality = _POOR
    even: float = 0.5


PHOTO_LIMITS = PhotoLimits()


@dataclass(frozen=True, slots=True)
class PhotoReport:
    """What a photograph shows, and what is wrong with it.

    Attributes:
        face: The one face; None: there is none, or there are several.
        advice: What is wrong, with what it is refused for first; empty: nothing.
    """

    face: FoundFace | None
    advice: tuple[PhotoAdvice, ...] = ()

    @property
    def refusals(self) -> tuple[PhotoAdvice, ...]:
        """What it is refused for; empty: it can be used."""
        return tuple(each for each in self.advice if each.refused)

    @property
    def warnings(self) -> tuple[PhotoAdvice, ...]:
        """What is poor, and no reason to refuse it."""
        return tuple(each for each in self.advice if not each.refused)

    @property
    def reason(self) -> str:
        """Why an enrollment refuses it: NO_FACE, SEVERAL_FACES or LOW_QUALITY; empty: it can be used."""
        if not self.refusals:
            return ""
        return "LOW_QUALITY" if self.face is not None else self.refusals[0].flaw.name

    @property
    def message(self) -> str:
        """Why it is refused, in one line for people; empty: it can be used."""
        told = "; ".join(each.text for each in self.refusals)
        return f"the photograph is not good enough: {told}" if told and self.face is not None else told


_TEXTS = {
    PhotoFlaw.TOO_SMALL: (
        "the face is too small; come closer, so that it is at least 60 pixels wide",
        "the face is small; come closer, so that it is at least 100 pixels wide",
    ),
    PhotoFlaw.TURNED_AWAY: (
        "the face is turned away; look straight at the camera",
        "the face is turned a little; look straight at the camera",
    ),
    PhotoFlaw.BLURRED: (
        "the face is blurred; hold still and clean the lens",
        "the face is not quite sharp; hold still and clean the lens",
    ),
    PhotoFlaw.TOO_DARK: (
        "the face is too dark; light it evenly from the front",
        "the face is rather dark; light it evenly from the front",
    ),
    PhotoFlaw.TOO_BRIGHT: (
        "the face is too bright; move out of the glare",
        "the face is rather bright; move out of the glare",
    ),
}
"""By flaw: what to say when it is refused, and when it is poor."""


def people_among(faces: Sequence[FoundFace]) -> list[FoundFace]:
    """Returns the faces without what is probably a pattern."""
    if not any(face.confidence >= _CLEAR for face in faces):
        return list(faces)
    return [face for face in faces if face.confidence >= _UNCLEAR]


def without_one_face(count: int) -> PhotoReport:
    """Returns what to say of a photograph with no face, or with `count` of them."""
    if not count:
        return PhotoReport(
            None,
            (
                PhotoAdvice(
                    PhotoFlaw.NO_FACE,
                    True,
                    "there is no face in the photograph; take it from the front, with light",
                ),
            ),
        )
    text = f"there are {count} faces in the photograph; cut it so that it shows one"
    return PhotoReport(None, (PhotoAdvice(PhotoFlaw.SEVERAL_FACES, True, text),))


def report_on(face: FoundFace, light: FaceLight, limits: PhotoLimits = PHOTO_LIMITS) -> PhotoReport:
    """Returns what is wrong with a photograph of one face."""
    advice = [*_of_scores(face.quality, light, limits), *_of_place(face, light, limits)]
    return PhotoReport(face, tuple(sorted(advice, key=lambda each: not each.refused)))


def _of_scores(quality: FaceQuality, light: FaceLight, limits: PhotoLimits) -> Iterator[PhotoAdvice]:
    refused, poor = limits.refused, limits.poor
    unlit = PhotoFlaw.TOO_DARK if light.mean < _MIDDLE_GRAY else PhotoFlaw.TOO_BRIGHT
    for flaw, score, least, good in (
        (PhotoFlaw.TOO_SMALL, quality.size, refused.size, poor.size),
        (PhotoFlaw.TURNED_AWAY, quality.frontality, refused.frontality, poor.frontality),
        (PhotoFlaw.BLURRED, quality.sharpness, refused.sharpness, poor.sharpness),
        (unlit, quality.brightness, refused.brightness, poor.brightness),
    ):
        if score < good:
            yield PhotoAdvice(flaw, score < least, _TEXTS[flaw][score >= least])


def _of_place(face: FoundFace, light: FaceLight, limits: PhotoLimits) -> Iterator[PhotoAdvice]:
    if light.evenness < limits.even:
        text = "one half of the face is much darker than the other; light it evenly from the front"
        yield PhotoAdvice(PhotoFlaw.UNEVEN_LIGHT, False, text)
    if is_cut_off(face.box):
        text = "the face reaches over the edge of the picture; move to the middle"
        yield PhotoAdvice(PhotoFlaw.CUT_OFF, False, text)
