"""The audit trail: who did what, when and from where, in entries of which each seals the one before.

An entry's digest is SHA-256 over the previous entry's digest and the entry's own canonical bytes (the linear linking of
Haber and Stornetta, "How to time-stamp a digital document", 1991). Nobody who lacks the head can thus edit,
remove, reorder, insert or cut without it showing. Who may write the whole database can forge the head too: against
that, the head is anchored where nobody can change it (`audit/anchors.py`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum

_FORMAT = "portero-audit-1"
_LONGEST = 190

GENESIS = hashlib.sha256(_FORMAT.encode()).hexdigest()
"""What the first entry seals, where another has its predecessor's digest."""


class AuditOutcome(Enum):
    """The outcome of an action, as far as the entry knows."""

    ASKED = "asked"
    """Written before it is done: without this entry it is not done at all. It was done unless FAILED follows."""
    DONE = "done"
    """Was done; written after it, to name what was made, or where nobody waits for an entry before."""
    FAILED = "failed"
    """Was asked and not done, or not wholly."""
    DENIED = "denied"
    """Was refused to a caller who is known."""
    NO_LOGIN = "no_login"
    """Was refused to a caller whose credential is missing or invalid."""
    UNREADABLE = "unreadable"
    """Stands for an unknown value in the database, which this server did not write."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who performed an action, and from where.

    Attributes:
        subject: As in `domain/access.Identity`: "keys/ID", "bridges/NAME", "users/SUBJECT", "local"; "server" for
            the server itself; "mqtt" for whoever the MQTT broker lets publish a command; empty when nobody knows.
        peer: Address of the connection's other end; "console" for a command on the server's machine.
        method: How the identity was proven: "key", "certificate", "token" or "none".
        credential: The public part of the credential: a key's id, a token's id.
    """

    subject: str
    peer: str
    method: str = "none"
    credential: str = ""


SERVER = Actor("server", "local")
"""The server, acting by itself."""

CONSOLE = Actor("server", "console")
"""A person who runs a command of portero-server on its machine."""


@dataclass(frozen=True, slots=True)
class Deed:
    """The content of an entry.

    It names resources and reasons, never names of people, faces, texts or photographs.

    Attributes:
        actor: Who.
        action: What: "GalleryService/EnrollFace", or a word of ours ("audit.retire").
        resource: Name of the resource acted on, such as "people/ana"; empty if it is about no single one.
        outcome: How it went.
        reason: UPPER_SNAKE_CASE reason of a refusal or failure; for a configuration, what is set.
        count: Number of identical deeds since the trail was last written.
    """

    actor: Actor
    action: str
    resource: str = ""
    outcome: AuditOutcome = AuditOutcome.ASKED
    reason: str = ""
    count: int = 1

    def clipped(self) -> Deed:
        """Returns the deed in a form that can be stored: texts of at most 190 valid characters."""
        who = self.actor
        actor = Actor(_clipped(who.subject), _clipped(who.peer), _clipped(who.method), _clipped(who.credential))
        return replace(
            self,
            actor=actor,
            action=_clipped(self.action),
            resource=_clipped(self.resource),
            reason=_clipped(self.reason),
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One link of the chain.

    Attributes:
        position: Number of the entry, from 1 without gaps.
        at: When it was appended, UTC, microseconds.
        deed: What is recorded.
        previous: Digest of the entry before, or GENESIS; 64 hexadecimal digits.
        digest: SHA-256 of this entry, hexadecimal.
    """

    position: int
    at: datetime
    deed: Deed
    previous: str
    digest: str

    @property
    def sound(self) -> bool:
        """Whether the digest is that of what the entry says."""
        return self.digest == self.digest_at(self.position)

    def digest_at(self, position: int) -> str:
        """Returns the digest that the entry would have at a position."""
        return digest_of(position, self.at, self.deed, self.previous)


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain, and where its stored part begins.

    Attributes:
        count: Entries ever appended; the last one's position.
        digest: The last one's, or GENESIS.
        base_count: Entries that retention has removed from the beginning.
        base_digest: The digest of the last of them, or GENESIS.
    """

    count: int = 0
    digest: str = GENESIS
    base_count: int = 0
    base_digest: str = GENESIS


@dataclass(frozen=True, slots=True)
class Anchor:
    """A head stored where it cannot be changed: the number of entries, and the last one's digest."""

    count: int
    digest: str


def digest_of(position: int, at: datetime, deed: Deed, previous: str) -> str:
    """Returns an entry's digest, 64 hexadecimal digits, from everything else it says."""
    # The digits as text, not their value: a tampered digest need not be hexadecimal.
    return hashlib.sha256(previous.encode("utf-8", "replace") + b"\n" + canonical(position, at, deed)).hexdigest()


def canonical(position: int, at: datetime, deed: Deed) -> bytes:
    """Returns the bytes that stand for an entry: a JSON array in ASCII, so that each text has one form only."""
    actor = deed.actor
    parts = [
        _FORMAT,
        position,
        at.astimezone(UTC).isoformat(timespec="microseconds"),
        actor.subject,
        actor.peer,
        actor.method,
        actor.credential,
        deed.action,
        deed.resource,
        deed.outcome.value,
        deed.reason,
        deed.count,
    ]
    return json.dumps(parts, ensure_ascii=True, separators=(",", ":")).encode("ascii")


@dataclass(slots=True)
class Chain:
    """Appends entries to a head; pure, used by the store while it holds the head's row."""

    head: Head
    appended: list[Entry] = field(default_factory=list)

    def append(self, deed: Deed, at: datetime) -> Entry:
        """Appends a deed and returns its entry."""
        stored = deed.clipped()
        head = self.head
        position = head.count + 1
        entry = Entry(position, at, stored, head.digest, digest_of(position, at, stored, head.digest))
        self.head = Head(position, entry.digest, head.base_count, head.base_digest)
        self.appended.append(entry)
        return entry


RETIRED = "audit.retire"
"""Action of the entry by which retention says what it removed; its resource is `retired_name` of the new base."""


def retired_name(count: int, digest: str) -> str:
    """Returns the resource of a RETIRED entry."""
    return f"audit/{count}/{digest}"


def _clipped(text: str) -> str:
    # A lone surrogate has no bytes, and a database would refuse the whole entry for it.
    return text.encode("utf-8", "replace").decode()[:_LONGEST]
