"""API keys as they are stored: everything but the secret, of which only a hash is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portero_server.domain.access.identities import AuthMethod, Grant, Identity, Role, Scope

MAX_SCOPE = 1000
"""Most cameras, sites, groups and people named in one scope, of each."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key that was given out.

    Attributes:
        key_id: The public part of its text, and the last part of its resource name.
        display_name: Name to show to people ("bridge in the lobby").
        roles: What it may do.
        scope: The cameras, groups and people for which it may.
        created_at: UTC, as the other times.
        created_by: Subject of who made it.
        expires_at: When the key becomes invalid; None: never.
        revoked_at: When it was revoked; None: it was not.
        last_used_at: When it was last used, to the minute; None: never.
    """

    key_id: str
    display_name: str
    roles: frozenset[Role]
    scope: Scope
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    @property
    def identity(self) -> Identity:
        """The identity of a caller that presents this key."""
        grants = tuple(Grant(role, self.scope.of(role)) for role in sorted(self.roles, key=lambda role: role.value))
        return Identity(f"keys/{self.key_id}", AuthMethod.KEY, grants, self.expires_at, self.key_id)


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key with what its text is checked against: SHA-256 of the whole text, 32 bytes."""

    key: ApiKey
    digest: bytes
