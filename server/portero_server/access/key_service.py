"""Creates, lists and revokes API keys, for the RPCs and for the command on the server's machine."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from portero_server.access.key_text import digest_of, mint
from portero_server.clock import Clock
from portero_server.domain.access.identities import OF_ATTENDANCE, Role, Scope
from portero_server.domain.access.keys import MAX_SCOPE, ApiKey, StoredKey
from portero_server.domain.people.people import checked_display_name, checked_identifier
from portero_server.errors import InvalidInput


class KeyRows(Protocol):
    """Stores API keys."""

    async def add(self, stored: StoredKey) -> None:
        """Stores a new key. Raises NotFound: a group or a person of its scope."""
        ...

    async def list(self, limit: int, after_id: str | None = None) -> Sequence[ApiKey]:
        """Returns keys by id."""
        ...

    async def revoke(self, key_id: str, at: datetime) -> ApiKey:
        """Revokes a key. Raises NotFound."""
        ...


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """The properties of a key to create, unchecked; no cameras and no sites mean all, no groups and people none."""

    display_name: str
    roles: Collection[Role]
    cameras: Collection[str] = ()
    sites: Collection[str] = ()
    expires_at: datetime | None = None
    groups: Collection[str] = ()
    people: Collection[str] = ()


class ApiKeyService:
    """Creates, lists and revokes API keys."""

    def __init__(self, rows: KeyRows, clock: Clock) -> None:
        self._rows = rows
        self._clock = clock

    async def create(self, wanted: KeyRequest, created_by: str) -> tuple[ApiKey, str]:
        """Creates an API key and its secret text.

        Returns:
            The key, and its text, which is not stored and cannot be recovered.

        Raises:
            InvalidInput: No role, a malformed name, an expiry in the past, or a scope that its roles have no use for.
            NotFound: There is no such group or person.
        """
        now = self._clock.now()
        if not wanted.roles:
            raise InvalidInput("key.roles", "key.roles must have at least one role")
        if wanted.expires_at is not None and wanted.expires_at <= now:
            raise InvalidInput("key.expire_time", "key.expire_time must be in the future")
        scope = _scope(wanted)
        key_id, text = mint()
        key = ApiKey(
            key_id,
            checked_display_name(wanted.display_name, "key.display_name"),
            frozenset(wanted.roles),
            scope,
            created_at=now,
            created_by=created_by,
            expires_at=wanted.expires_at,
        )
        await self._rows.add(StoredKey(key, digest_of(text)))
        return key, text

    async def list(self, limit: int, after_id: str | None = None) -> Sequence[ApiKey]:
        """Returns at most `limit` keys by id, after an id."""
        return await self._rows.list(limit, after_id)

    async def revoke(self, key_id: str) -> ApiKey:
        """Revokes a key and returns it as stored; revoking it again changes nothing.

        Raises:
            NotFound: It does not exist.
        """
        return await self._rows.revoke(key_id, self._clock.now())


def _scope(wanted: KeyRequest) -> Scope:
    if max(map(len, (wanted.cameras, wanted.sites, wanted.groups, wanted.people))) > MAX_SCOPE:
        raise InvalidInput(
            "key.cameras",
            f"key.cameras, key.sites, key.groups and key.people must have at most {MAX_SCOPE} entries each",
        )
    _refuse_useless(wanted)
    sees_cameras = bool(set(wanted.roles) - OF_ATTENDANCE)
    scope = Scope(
        frozenset(checked_identifier(camera, "key.cameras") for camera in wanted.cameras),
        frozenset(checked_identifier(site, "key.sites") for site in wanted.sites),
        everything=sees_cameras and not wanted.cameras and not wanted.sites,
        groups=frozenset(checked_identifier(group, "key.groups") for group in wanted.groups),
        people=frozenset(checked_identifier(person, "key.people") for person in wanted.people),
    )
    if Role.BRIDGE in wanted.roles and scope.everything:
        raise InvalidInput(
            "key.cameras", "a key with the role bridge must name its cameras or sites: it stands in public places"
        )
    return scope


def _refuse_useless(wanted: KeyRequest) -> None:
    """Raises an error for a role without what it is for, and for what no role of the key is for."""
    for role, field, named in (
        (Role.TEACHER, "key.groups", wanted.groups),
        (Role.GUARDIAN, "key.people", wanted.people),
    ):
        if (role in wanted.roles) != bool(named):
            raise InvalidInput(field, f"{field} must be given with the role {role.value}, and only with it")
    if not set(wanted.roles) - OF_ATTENDANCE and (wanted.cameras or wanted.sites):
        raise InvalidInput("key.cameras", "a teacher and a guardian see no camera: leave out key.cameras and key.sites")
