"""Consents, blocks and erasures of people, and what things are kept for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from portero_server.errors import InvalidInput


class Purpose(Enum):
    """What rows are kept for; each purpose has its own time."""

    STRANGERS = "strangers"
    """Sightings and recognitions of nobody we know, the erased among them."""
    SIGHTINGS = "sightings"
    """Sightings and recognitions of people with a name."""
    TEXTS = "texts"
    """Text read in streams."""
    EVENTS = "events"
    """What watchers can ask for again."""
    EXCEPTIONS = "exceptions"
    """Rejected and missing frames."""
    USAGE = "usage"
    """Calls made and avoided, and the steps of budgets."""
    CONSENTS = "consents"
    """Consents, from their end on."""
    AUDIT = "audit"
    """Entries of the audit trail; that they were removed is an entry as well."""


@dataclass(frozen=True, slots=True)
class Consent:
    """Somebody agreed to be recognized.

    Attributes:
        purpose: What for, as the text said it ("attendance").
        text_version: Which text was agreed to.
        channel: How ("desk-tablet", "paper", "app").
        guardian: Who agreed for a minor; empty: the person did.
        given_at: When it was given, which may be before it was recorded.
        expires_at: From when on it no longer counts; None: until withdrawn.
        withdrawn_at: When it was withdrawn, or None.
    """

    consent_id: str
    person_id: str
    purpose: str
    text_version: str
    channel: str
    guardian: str
    given_at: datetime
    recorded_at: datetime
    expires_at: datetime | None = None
    withdrawn_at: datetime | None = None

    def valid(self, now: datetime) -> bool:
        """Whether it counts at a time."""
        return self.given_at <= now and self.withdrawn_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class Block:
    """Somebody is not to be recognized, for a reason, since a time."""

    reason: str
    blocked_at: datetime


@dataclass(frozen=True, slots=True)
class PersonPrivacy:
    """What holds for a person.

    Attributes:
        block: None: not blocked.
        consents: All that are recorded, oldest first.
        recognizable: Whether the person may be matched now.
    """

    block: Block | None
    consents: tuple[Consent, ...]
    recognizable: bool


@dataclass(frozen=True, slots=True)
class Erasure:
    """Somebody is being erased, or was. Without any name, and at the end without the id.

    Attributes:
        erasure_id: Made up for it.
        person_id: None when everything is done.
        requested_at: When the person ceased to be known.
        finished_at: When the last trace was gone; None: not yet.
        counts: What was removed: place to number.
        digest: Of the receipt; empty until finished.
        overwritten_at: When the bytes were overwritten in the database's files, which may be after the receipt was
            written and is not in its digest; None: not yet, or a database server's own matter.
    """

    erasure_id: str
    person_id: str | None
    requested_at: datetime
    finished_at: datetime | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    digest: str = ""
    overwritten_at: datetime | None = None

    @property
    def sound(self) -> bool:
        """Whether a finished receipt is as it was written."""
        return self.finished_at is not None and self.digest == digest_of(self, self.finished_at)


@dataclass(frozen=True, slots=True)
class ErasedFace:
    """A face that an engine keeps itself and has still to forget."""

    face_id: str
    engine: str
    external_id: str


def subject_of(person_id: str) -> str:
    """Returns what is kept of an erased person for ever, so that the id never comes back: SHA-256, hexadecimal.

    Whoever knows the id can tell that it was erased; nobody can read the id from it.
    """
    return hashlib.sha256(b"portero person\0" + person_id.encode()).hexdigest()


def digest_of(erasure: Erasure, finished_at: datetime) -> str:
    """Returns the digest of a receipt: SHA-256 of its canonical JSON, hexadecimal."""
    told = {
        "counts": dict(erasure.counts),
        "erasure": erasure.erasure_id,
        "finished": finished_at.isoformat(timespec="microseconds"),
        "requested": erasure.requested_at.isoformat(timespec="microseconds"),
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def checked_words(value: str, field_name: str, most: int, *, required: bool = True) -> str:
    """Returns a short text without blanks around it.

    Raises:
        InvalidInput: It is empty though required, too long, or holds control characters.
    """
    value = value.strip()
    if (required and not value) or len(value) > most or (value and not value.isprintable()):
        raise InvalidInput(field_name, f"{field_name} must be {int(required)} to {most} printable characters")
    return value
