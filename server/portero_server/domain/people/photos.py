"""Enrollment photographs that are kept in the vault, and what a rebuild makes of each."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

KEEP_PHOTOS = "keep-photos"
"""Purpose of a consent to keep enrollment photographs. It is no consent to be recognized."""

SETTLES_AFTER = timedelta(minutes=5)
"""For so long an object may still be written after its row; longer than all attempts of a write take together."""


class PhotoState(Enum):
    """How far a photograph of the vault is."""

    PENDING = "pending"
    """Its object is being written, or could not be."""
    KEPT = "kept"
    """Its object is in the vault."""
    DELETING = "deleting"
    """Its object is to be deleted; the row goes after it."""


class Keeping(Enum):
    """What became of a photograph that taught a face."""

    KEPT = "kept"
    """It is in the vault now."""
    KNOWN = "known"
    """It was there already."""
    NO_CONSENT = "no_consent"
    """The person has not consented to it."""
    FAILED = "failed"
    """The vault or the database did not take it; the face is enrolled all the same."""


@dataclass(frozen=True, slots=True)
class VaultPhoto:
    """A photograph that the vault keeps.

    Attributes:
        photo_id: Random; the name of its object.
        person_id: Whose.
        face_id: The face that it taught last.
        created_at: When it was given to the vault, UTC.
        consented: Whether the person's consent covers keeping it now.
        taught_by: Engine and face model of that face; None: there is no such face.
        external_id: The engine's own name of that face, if the engine keeps it.
    """

    photo_id: str
    person_id: str
    face_id: str
    created_at: datetime
    consented: bool
    taught_by: tuple[str, str] | None = None
    external_id: str | None = None


class Rebuilding(Enum):
    """What a rebuild made of a photograph."""

    TAUGHT = "taught"
    """The face model in use learned it."""
    TEACHABLE = "teachable"
    """It can be read, and would be taught; said by a dry run only."""
    KNOWN = "known"
    """The engine has its face already."""
    REFUSED = "refused"
    """It may not, or cannot, be taught; the reason says why."""
    MISSING = "missing"
    """Its object is not in the vault."""
    UNREADABLE = "unreadable"
    """Its object is damaged, was exchanged, or is sealed with another key."""


@dataclass(frozen=True, slots=True)
class RebuiltPhoto:
    """A photograph of the vault, and what a rebuild made of it.

    Attributes:
        person_id: Whose.
        photo_id: Which.
        outcome: What was made of it.
        face_id: The face that it taught; empty: none.
        reason: UPPER_SNAKE_CASE, where it was refused or could not be read; else empty.
        message: The same in words for people.
    """

    person_id: str
    photo_id: str
    outcome: Rebuilding
    face_id: str = ""
    reason: str = ""
    message: str = ""


def photo_digest(person_id: str, photo: bytes) -> str:
    """Returns what tells a person's photograph from their others; SHA-256 of both, hexadecimal."""
    content = hashlib.sha256(photo).digest()
    return hashlib.sha256(b"portero photo\0" + person_id.encode() + b"\0" + content).hexdigest()
