"""Boxes, faces, text and matches found in images."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in ratios of its image, 0..1; a face cut by the edge may reach beyond."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Match:
    """The person a face was matched with.

    Attributes:
        person: Resource name, "people/{person}".
        display_name: The person's display name at the time of the answer.
        similarity: How alike they are, 0..1 on the engine's scale.
        margin: Lead over the best other person, 0..1.
    """

    person: str
    display_name: str
    similarity: float
    margin: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person whom a face may show, whether or not accepted as a match.

    Attributes:
        person: Resource name, "people/{person}".
        display_name: The person's display name at the time of the answer.
        similarity: How alike the face and the person's best enrolled face are, 0..1.
        face: Resource name of that enrolled face.
    """

    person: str
    display_name: str
    similarity: float
    face: str


@dataclass(frozen=True, slots=True)
class FaceQuality:
    """How well a face can be recognized; every score is 0..1, larger is better."""

    size: float
    frontality: float
    sharpness: float
    brightness: float
    overall: float


@dataclass(frozen=True, slots=True)
class Face:
    """A face found in an image.

    Attributes:
        box: Where it is in the image.
        confidence: How sure the detector is that it is a face at all, 0..1.
        quality: How well it can be recognized.
        match: Who it is; None when nobody of the gallery was close enough.
        candidates: The closest people, best first.
        between_look_alikes: Whether it is nobody's since it resembles two people who may be taken for each other.
    """

    box: Box
    confidence: float
    quality: FaceQuality
    match: Match | None
    candidates: tuple[Candidate, ...]
    between_look_alikes: bool = False


class TextKind(Enum):
    """Whether a text is a whole line or one word of it."""

    UNSPECIFIED = "unspecified"
    LINE = "line"
    WORD = "word"


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of text found in an image; `confidence` is how sure the engine is of the characters, 0..1."""

    content: str
    kind: TextKind
    box: Box
    confidence: float


@dataclass(frozen=True, slots=True)
class Recognition:
    """The contents of one image: faces, largest first, and texts in reading order."""

    faces: tuple[Face, ...]
    texts: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class FaceComparison:
    """A face of the target image and its similarity to the source's largest face, 0..1."""

    box: Box
    similarity: float
    same_person: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """The largest face of the source image, and every face of the target, most similar first."""

    source_box: Box
    comparisons: tuple[FaceComparison, ...]
