"""People's rights over their data: consent, blocking, export and erasure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Consent:
    """A person's consent to be recognized.

    Attributes:
        name: Resource name, "people/{person}/consents/{consent}".
        purpose: What for.
        text_version: Which text was agreed to.
        channel: How it was given.
        guardian: Who agreed for a minor; empty: the person did.
        give_time: When the person gave it, UTC.
        record_time: When the server recorded it, UTC.
        expire_time: When it ceases to be valid, UTC; None: never.
        withdraw_time: When it was withdrawn, UTC; None: it was not.
    """

    name: str
    purpose: str
    text_version: str
    channel: str
    guardian: str
    give_time: datetime
    record_time: datetime
    expire_time: datetime | None
    withdraw_time: datetime | None


@dataclass(frozen=True, slots=True)
class PersonPrivacy:
    """Consents, block and recognizability of a person.

    Attributes:
        person: Resource name, "people/{person}".
        recognizable: Whether they may be matched now.
        blocked: Whether they are blocked, for `block_reason`, since `block_time`.
        consents: All, oldest first.
    """

    person: str
    recognizable: bool
    blocked: bool
    block_reason: str
    block_time: datetime | None
    consents: tuple[Consent, ...]


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure; once finished, its receipt.

    Attributes:
        name: Resource name, "erasures/{erasure}".
        request_time: When the person ceased to be known, UTC.
        finish_time: When the last trace was gone; None: not yet.
        removed: Place to number.
        digest: SHA-256 of the receipt; empty until finished.
        sound: Whether the stored receipt still has this digest.
        overwrite_time: When the bytes of what was removed were overwritten in the database's files, UTC; None: not
            yet, or the results are in a database server, which does so in its own time.
    """

    name: str
    request_time: datetime
    finish_time: datetime | None
    removed: Mapping[str, int]
    digest: str
    sound: bool
    overwrite_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of searching for an erased person; `remains`: count by table, empty if all is well."""

    erasure: Erasure
    remains: Mapping[str, int]
    clean: bool


@dataclass(frozen=True, slots=True)
class ExportRecord:
    """One stored record about a person.

    Attributes:
        kind: What it is: person, face, consent, block, sighting, recognition, photo, check_in or guest.
        json: Its values, as a JSON object.
        content: Of a photo, the JPEG or PNG file that was enrolled, if the server's vault has it; else empty.
    """

    kind: str
    json: str
    content: bytes = b""
