"""People and their enrolled faces."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from portero_server.domain.detection.detections import FaceQuality
from portero_server.domain.detection.geometry import Box
from portero_server.errors import InvalidInput

MOST_LABELS = 32
"""Labels of a person."""

_IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_LABEL_KEY = re.compile(r"[a-z0-9_-]{1,63}")
_MAX_NAME = 200
_MAX_LABEL_VALUE = 200


@dataclass(frozen=True, slots=True)
class Person:
    """A known person.

    Attributes:
        person_id: Last part of the resource name.
        display_name: Name for people.
        created_at: UTC.
        updated_at: When name or labels were last changed, UTC.
        labels: Free texts for integrations.
        face_count: Number of enrolled faces.
        blocked: Whether no face is recognized as theirs because they are blocked.
        without_consent: The same, because they need a consent and have no valid one.
    """

    person_id: str
    display_name: str
    created_at: datetime
    updated_at: datetime
    labels: Mapping[str, str] = field(default_factory=dict)
    face_count: int = 0
    blocked: bool = False
    without_consent: bool = False


@dataclass(frozen=True, slots=True)
class FaceEnrollment:
    """One photograph from which a person's face was enrolled.

    Attributes:
        face_id: Last part of its resource name; derived from person and photograph, so that the
            same photograph enrolled twice is one face.
        person_id: Whose face.
        box: Where the face was in the photograph.
        quality: How good it was.
        engine: The engine that learned it ("local", "rekognition").
        model_version: The engine's face model; faces of different models cannot be compared.
        embedding: For engines whose gallery is ours: float32 little-endian vector bytes; else None.
        external_id: For engines that keep faces themselves: their name for it (Rekognition FaceId); else None.
        created_at: When the face was enrolled, UTC.
    """

    face_id: str
    person_id: str
    box: Box
    quality: FaceQuality
    engine: str
    model_version: str
    embedding: bytes | None
    external_id: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class GalleryFace:
    """One enrolled face as the store keeps it, for an engine that searches in our memory.

    `embedding` is float32 little-endian vector bytes; `external_id` the engine's own name of it.
    """

    face_id: str
    person_id: str
    embedding: bytes | None
    external_id: str | None


@dataclass(frozen=True, slots=True, order=True)
class FaceModel:
    """What describes faces: an engine, and the version of its model. Faces of two models are never compared."""

    engine: str
    version: str


def checked_identifier(value: str, field_name: str) -> str:
    """Returns a valid identifier of a person, camera or site.

    Raises:
        InvalidInput: It is not 1 to 63 characters of [a-z0-9-] beginning with a letter or digit.
    """
    if not _IDENTIFIER.fullmatch(value):
        raise InvalidInput(
            field_name,
            f"{field_name} must be 1 to 63 characters of [a-z0-9-] beginning with a letter or digit",
        )
    return value


def checked_display_name(value: str, field_name: str = "person.display_name") -> str:
    """Returns a valid display name, with surrounding blanks removed.

    Raises:
        InvalidInput: It is empty, longer than 200 characters or holds control characters.
    """
    value = value.strip()
    if not 1 <= len(value) <= _MAX_NAME or not value.isprintable():
        raise InvalidInput(field_name, f"{field_name} must be 1 to {_MAX_NAME} printable characters")
    return value


def checked_labels(labels: Mapping[str, str], field_name: str = "person.labels") -> dict[str, str]:
    """Returns valid labels, with the limits on number and length checked.

    Raises:
        InvalidInput: There are more than 32, or a key or value breaks its limit.
    """
    if len(labels) > MOST_LABELS:
        raise InvalidInput(field_name, f"{field_name} must have at most {MOST_LABELS} entries")
    for key, value in labels.items():
        if not _LABEL_KEY.fullmatch(key):
            raise InvalidInput(field_name, f"each key of {field_name} must be 1 to 63 characters of [a-z0-9_-]")
        if len(value) > _MAX_LABEL_VALUE:
            raise InvalidInput(field_name, f"each value of {field_name} must be at most {_MAX_LABEL_VALUE} characters")
    return dict(labels)


def checked_request_id(request_id: str) -> str | None:
    """Returns the id that makes a repeated request safe, or None for an empty one.

    Raises:
        InvalidInput: It is not a UUID.
    """
    if not request_id:
        return None
    try:
        return str(UUID(request_id))
    except ValueError:
        raise InvalidInput("request_id", "request_id must be a UUID") from None
