"""Known people and their enrolled faces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from portero_client.detections import Box, Candidate, FaceQuality


@dataclass(frozen=True, slots=True)
class Person:
    """A person of the gallery.

    Attributes:
        name: Resource name, "people/{person}".
        display_name: Name to show to people, 1 to 200 characters.
        labels: Free key-value pairs for integrations (room, class, customer number), at most 32.
        face_count: Number of enrolled faces; the server counts them, an update ignores it.
        create_time: When the person was added, UTC.
        update_time: When display name or labels were last changed, UTC; enrolling a face leaves it as it is.
        blocked: Whether no face is recognized as theirs because they are blocked; an update ignores it.
        without_consent: The same, because they need a consent and have no valid one.
    """

    name: str
    display_name: str
    labels: Mapping[str, str]
    face_count: int
    create_time: datetime
    update_time: datetime
    blocked: bool = False
    without_consent: bool = False


@dataclass(frozen=True, slots=True)
class FaceEnrollment:
    """One photograph from which a person's face was enrolled.

    Attributes:
        name: Resource name, "people/{person}/faces/{face}".
        box: Where the face was in the photograph, in ratios of its sides.
        quality: How well the face could be recognized in the photograph.
        engine: Name of the engine that enrolled it ("local", "rekognition").
        model_version: The engine's face model; faces of different models cannot be compared.
        create_time: When the face was enrolled, UTC.
    """

    name: str
    box: Box
    quality: FaceQuality
    engine: str
    model_version: str
    create_time: datetime


@dataclass(frozen=True, slots=True)
class EnrolledFace(FaceEnrollment):
    """A face that was just enrolled.

    Attributes:
        look_alikes: Other people whose enrolled faces are so like it that they may be the same person under another
            name, best first. It is enrolled all the same.
    """

    look_alikes: tuple[Candidate, ...]


class GalleryFindingKind(Enum):
    """What may be wrong with a person; UNSPECIFIED is a kind that this client does not know.

    OUTDATED_FACES: no face is of the model in use, so nobody is recognized as them; enroll them again.
    LOOK_ALIKE: another person has much the same face: one person under two names, or twins.
    """

    UNSPECIFIED = "unspecified"
    OUTDATED_FACES = "outdated_faces"
    LOOK_ALIKE = "look_alike"


@dataclass(frozen=True, slots=True)
class GalleryFinding:
    """Something of the gallery to look into.

    Attributes:
        person: Resource name, "people/{person}".
        display_name: Their display name.
        kind: What it is.
        look_alike: The other person, of LOOK_ALIKE; else None. Each pair is told once.
    """

    person: str
    display_name: str
    kind: GalleryFindingKind
    look_alike: Candidate | None
