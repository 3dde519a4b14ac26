"""The audit trail: who did what, when and from where, and whether it was tampered with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class AuditOutcome(Enum):
    """The outcome of an action; UNSPECIFIED is an outcome that this client does not know."""

    UNSPECIFIED = "unspecified"
    ASKED = "asked"
    DONE = "done"
    FAILED = "failed"
    DENIED = "denied"
    NO_LOGIN = "no_login"


class AuditTampering(Enum):
    """How the chain was changed; UNSPECIFIED is a kind that this client does not know."""

    UNSPECIFIED = "unspecified"
    EDITED = "edited"
    REMOVED = "removed"
    REORDERED = "reordered"
    INSERTED = "inserted"
    CUT = "cut"
    REWRITTEN = "rewritten"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry of the audit trail.

    Attributes:
        position: Number of the entry, from 1 without gaps.
        time: When it was written, UTC.
        subject: Who: "keys/{key}", "bridges/{bridge}", "users/{subject}", "local", "server", "mqtt" (a command that
            came by MQTT), or empty: unknown.
        peer: Where the call came from: an address, or "console".
        method: How the identity was proven: "key", "certificate", "token" or "none".
        credential: The public part of the credential.
        action: What: "GalleryService/EnrollFace", or a word such as "server.configured".
        resource: Name of the resource acted on; empty if it is about no single one.
        outcome: How it went. ASKED is written before, so it was done unless FAILED follows.
        reason: Why it was refused or failed; for a change, the fields; for a configuration, what is set.
        count: Number of identical actions that the entry combines.
        previous_digest: SHA-256 of the entry before, hexadecimal.
        digest: SHA-256 of this entry, hexadecimal.
    """

    position: int
    time: datetime
    subject: str
    peer: str
    method: str
    credential: str
    action: str
    resource: str
    outcome: AuditOutcome
    reason: str
    count: int
    previous_digest: str
    digest: str


@dataclass(frozen=True, slots=True)
class AuditAnchor:
    """An end of the trail at some time: the number of entries, and the last one's digest."""

    count: int
    digest: str


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """An inconsistency of the chain, from a first to a last position."""

    tampering: AuditTampering
    first_position: int
    last_position: int


@dataclass(frozen=True, slots=True)
class AuditReport:
    """The result of checking the whole trail.

    Attributes:
        findings: Inconsistencies; empty if the chain is intact.
        head: Where the chain ends; keep it, and give it to a later check as an anchor.
        retired_count: Entries that retention has removed from the beginning.
        anchor_count: Anchors that were compared.
    """

    findings: tuple[AuditFinding, ...]
    head: AuditAnchor
    retired_count: int
    anchor_count: int

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found."""
        return not self.findings
