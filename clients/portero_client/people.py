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
        display_name: What people call them.
        labels: Free labels of integrations (room, class, customer number).
        face_count: Number of enrolled faces.
        create_time: UTC.
        update_time: UTC.
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
        box: Where the face was in the photograph.
        quality: How good the photograph was.
        engine: The engine that learned it.
        model_version: The engine's face model; faces of different models cannot be compared.
        create_time: UTC.
    """

    name: str
    box: Box
    quality: FaceQuality
    engine: str
    model_version: str
    create_time: datetime
