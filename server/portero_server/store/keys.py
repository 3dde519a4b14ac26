"""API keys: one row each, with a hash of the key's text and never the text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Table, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.access.identities import OF_ATTENDANCE, Role, Scope
from portero_server.domain.access.keys import ApiKey, StoredKey
from portero_server.errors import NotFound
from portero_server.store.database import Database
from portero_server.store.schema import api_key_groups, api_key_people, api_keys, attendance_groups, people


class KeyStore:
    """Stores API keys. Revoked and expired keys are kept, so that their history is known."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, stored: StoredKey) -> None:
        """Adds an API key; its text is stored only as a hash.

        Raises:
            NotFound: There is no such group or person as its scope names.
        """
        row, scope, key_id = _row(stored), stored.key.scope, stored.key.key_id
        groups = [{"key_id": key_id, "group_id": each} for each in sorted(scope.groups)]
        named = [{"key_id": key_id, "person_id": each} for each in sorted(scope.people)]

        async def unit(connection: AsyncConnection) -> None:
            await _refuse_unknown(connection, attendance_groups.c.group_id, scope.groups, "attendanceGroups")
            await _refuse_unknown(connection, people.c.person_id, scope.people, "people")
            await connection.execute(insert(api_keys).values(row))
            if groups:
                await connection.execute(insert(api_key_groups).values(groups))
            if named:
                await connection.execute(insert(api_key_people).values(named))

        await self._database.run(unit)

    async def find(self, key_ids: Sequence[str]) -> Mapping[str, StoredKey]:
        """Returns those of the keys that exist, by id."""
        query = select(api_keys).where(api_keys.c.key_id.in_(key_ids))

        async def unit(connection: AsyncConnection) -> Mapping[str, StoredKey]:
            rows = (await connection.execute(query)).all()
            keys = await _keys(connection, rows)
            return {row.key_id: StoredKey(key, bytes.fromhex(row.digest)) for row, key in zip(rows, keys, strict=True)}

        return await self._database.read(unit)

    async def list(self, limit: int, after_id: str | None = None) -> Sequence[ApiKey]:
        """Returns at most `limit` keys by id, after an id."""
        query = select(api_keys).order_by(api_keys.c.key_id).limit(limit)
        if after_id is not None:
            query = query.where(api_keys.c.key_id > after_id)

        async def unit(connection: AsyncConnection) -> Sequence[ApiKey]:
            return await _keys(connection, (await connection.execute(query)).all())

        return await self._database.read(unit)

    async def revoke(self, key_id: str, at: datetime) -> ApiKey:
        """Revokes a key and returns it as stored; if it was revoked before, the first time is kept.

        Raises:
            NotFound: It does not exist.
        """
        mine = api_keys.c.key_id == key_id

        async def unit(connection: AsyncConnection) -> ApiKey:
            await connection.execute(
                update(api_keys).where(mine, api_keys.c.revoked_at.is_(None)).values(revoked_at=at)
            )
            row = (await connection.execute(select(api_keys).where(mine))).one_or_none()
            if row is None:
                raise NotFound(f"keys/{key_id}")
            return (await _keys(connection, [row]))[0]

        return await self._database.run(unit)

    async def used(self, uses: Mapping[str, datetime]) -> None:
        """Records when keys were last used; a time earlier than the stored one changes nothing."""

        async def unit(connection: AsyncConnection) -> None:
            # In one order, so that two servers that note the same keys do not wait for each other in a ring.
            for key_id, at in sorted(uses.items()):
                later = or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at < at)
                await connection.execute(
                    update(api_keys).where(api_keys.c.key_id == key_id, later).values(last_used_at=at)
                )

        if uses:
            await self._database.run(unit)


def _row(stored: StoredKey) -> dict[str, Any]:
    key = stored.key
    return {
        "key_id": key.key_id,
        "digest": stored.digest.hex(),
        "display_name": key.display_name,
        "roles": _words(role.value for role in key.roles),
        "everything": key.scope.everything,
        "cameras": _words(key.scope.cameras),
        "sites": _words(key.scope.sites),
        "created_at": key.created_at,
        "created_by": key.created_by,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
    }


async def _refuse_unknown(
    connection: AsyncConnection, column: Column[Any], wanted: frozenset[str], collection: str
) -> None:
    if not wanted:
        return
    # Held, so that nobody is removed before the row that names them is there.
    known = await connection.execute(select(column).where(column.in_(wanted)).with_for_update(read=True))
    missing = wanted - set(known.scalars())
    if missing:
        raise NotFound(f"{collection}/{min(missing)}")


async def _keys(connection: AsyncConnection, rows: Sequence[Any]) -> list[ApiKey]:
    # Most keys are no teacher's or guardian's: two more queries are not worth it for those.
    limited = [row.key_id for row in rows if _LIMITED & set(json.loads(row.roles))]
    groups = await _named(connection, api_key_groups, api_key_groups.c.group_id, limited)
    named = await _named(connection, api_key_people, api_key_people.c.person_id, limited)
    return [_key(row, groups.get(row.key_id, ()), named.get(row.key_id, ())) for row in rows]


async def _named(
    connection: AsyncConnection, table: Table, column: Column[Any], key_ids: Sequence[str]
) -> Mapping[str, Sequence[str]]:
    """Returns what a table names, by key."""
    found: dict[str, list[str]] = {}
    if key_ids:
        query = select(table.c.key_id, column).where(table.c.key_id.in_(key_ids))
        for key_id, named in await connection.execute(query):
            found.setdefault(key_id, []).append(named)
    return found


def _key(row: Any, groups: Iterable[str], named: Iterable[str]) -> ApiKey:
    return ApiKey(
        key_id=row.key_id,
        display_name=row.display_name,
        roles=frozenset(Role(word) for word in json.loads(row.roles) if word in _ROLES),
        scope=Scope(
            frozenset(json.loads(row.cameras)),
            frozenset(json.loads(row.sites)),
            row.everything,
            frozenset(groups),
            frozenset(named),
        ),
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )


# A newer server may have given a key a role that this one does not know; it is ignored here.
_ROLES = frozenset(role.value for role in Role)
_LIMITED = frozenset(role.value for role in OF_ATTENDANCE)


def _words(words: Any) -> str:
    return json.dumps(sorted(words), separators=(",", ":"))
