"""Consents, blocks and erasures of people, and the purposes for which data is kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from portero_server.domain.people.photos import KEEP_PHOTOS
from portero_server.errors import InvalidInput


class Purpose(Enum):
    """The purpose for which rows are kept; each has its own retention period."""

    STRANGERS = "strangers"
    """Sightings and recognitions of strangers, including erased people."""
    VISITORS = "visitors"
    """What makes a stranger known again."""
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
    CHECK_INS = "check_ins"
    """Check-ins, with what was read from the cards."""
    PHOTOS = "photos"
    """Enrollment photographs in the vault."""
    DECISIONS = "decisions"
    """What decisions about faces saw."""
    REVIEWS = "reviews"
    """What people said of sightings."""
    REVIEW_PICTURES = "review_pictures"
    """Pictures of faces that wait to be reviewed."""
    SNAPSHOTS = "snapshots"
    """Snapshots of sightings."""
    ATTENDANCE = "attendance"
    """Sessions with their records, changes, corrections and excuses, and what cameras watched."""
    GUESTS = "guests"
    """Expected guests, from the end of their day of arrival on."""


@dataclass(frozen=True, slots=True)
class Consent:
    """A person's consent to be recognized; with the purpose KEEP_PHOTOS, to have their enrollment photos kept.

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
        """Whether the consent is valid at a time."""
        return self.given_at <= now and self.withdrawn_at is None and (self.expires_at is None or now < self.expires_at)

    def allows_recognition(self, now: datetime) -> bool:
        """Whether the consent is one to be recognized, and valid at a time."""
        return self.purpose != KEEP_PHOTOS and self.valid(now)

    def repeats(self, first: Consent) -> bool:
        """Whether this one, recorded again, says what the first one said; "given now" is the same at any time."""
        given_now = self.given_at == self.recorded_at and first.given_at == first.recorded_at
        return (given_now or self.given_at == first.given_at) and (
            (self.person_id, self.purpose, self.text_version, self.channel, self.guardian, self.expires_at)
            == (first.person_id, first.purpose, first.text_version, first.channel, first.guardian, first.expires_at)
        )


@dataclass(frozen=True, slots=True)
class Block:
    """A person must not be recognized, for a reason, since a time."""

    reason: str
    blocked_at: datetime


@dataclass(frozen=True, slots=True)
class PersonPrivacy:
    """Consents, block and recognizability of a person.

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
    """An erasure in progress or completed. It holds no name and, once completed, no person id.

    Attributes:
        erasure_id: Made up for it.
        person_id: None when everything is done.
        requested_at: When the person ceased to be known.
        finished_at: When the last trace was gone; None: not yet.
        counts: What was removed: place to number.
        digest: Digest of the receipt; empty until finished.
        overwritten_at: When the bytes were overwritten in the database's files, which may be after the receipt was
            written and is not in its digest; None: not yet, or a database server's own matter.
        adopted_as: Subjects of the person ids as which another program's faces of the person are adopted. Kept like the
            subject of the erasure, so that the collection can be searched for them later; not in the digest.
    """

    erasure_id: str
    person_id: str | None
    requested_at: datetime
    finished_at: datetime | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    digest: str = ""
    overwritten_at: datetime | None = None
    adopted_as: frozenset[str] = frozenset()

    @property
    def sound(self) -> bool:
        """Whether the receipt of a completed erasure is unchanged."""
        return self.finished_at is not None and self.digest == digest_of(self, self.finished_at)


@dataclass(frozen=True, slots=True)
class ErasedFace:
    """A face that an engine stores itself and has yet to remove."""

    face_id: str
    engine: str
    external_id: str


def subject_of(person_id: str) -> str:
    """Returns the SHA-256 (hexadecimal) of an erased person's id, kept permanently so that the id is never reused.

    Given an id, one can tell that it was erased, but the id cannot be read from the digest.
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
    """Returns a valid short text, with surrounding blanks removed.

    Raises:
        InvalidInput: It is empty though required, too long, or holds control characters.
    """
    value = value.strip()
    if (required and not value) or len(value) > most or (value and not value.isprintable()):
        raise InvalidInput(field_name, f"{field_name} must be {int(required)} to {most} printable characters")
    return value
