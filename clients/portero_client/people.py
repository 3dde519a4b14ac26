"""Known people and their enrolled faces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from portero_client.detections import Box, FaceQuality


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
    """

    name: str
    display_name: str
    labels: Mapping[str, str]
    face_count: int
    create_time: datetime
    update_time: datetime


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
