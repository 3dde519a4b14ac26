"""API keys: one row each, with a hash of the key's text and never the text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.access.identities import Role, Scope
from portero_server.domain.access.keys import ApiKey, StoredKey
from portero_server.errors import NotFound
from portero_server.store.database import Database
from portero_server.store.schema import api_keys


class KeyStore:
    """Stores API keys. Revoked and expired keys are kept, so that their history is known."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, stored: StoredKey) -> None:
        """Adds an API key; its text is stored only as a hash."""
        row = _row(stored)

        async def unit(connection: AsyncConnection) -> None:
            await connection.execute(insert(api_keys).values(row))

        await self._database.run(unit)

    async def find(self, key_ids: Sequence[str]) -> Mapping[str, StoredKey]:
        """Returns those of the keys that exist, by id."""
        query = select(api_keys).where(api_keys.c.key_id.in_(key_ids))

        async def unit(connection: AsyncConnection) -> Mapping[str, StoredKey]:
            rows = await connection.execute(query)
            return {row.key_id: StoredKey(_key(row), bytes.fromhex(row.digest)) for row in rows}

        return await self._database.read(unit)

    async def list(self, limit: int, after_id: str | None = None) -> Sequence[ApiKey]:
        """Returns at most `limit` keys by id, after an id."""
        query = select(api_keys).order_by(api_keys.c.key_id).limit(limit)
        if after_id is not None:
            query = query.where(api_keys.c.key_id > after_id)

        async def unit(connection: AsyncConnection) -> Sequence[ApiKey]:
            return [_key(row) for row in await connection.execute(query)]

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
            return _key(row)

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


def _key(row: Any) -> ApiKey:
    return ApiKey(
        key_id=row.key_id,
        display_name=row.display_name,
        roles=frozenset(Role(word) for word in json.loads(row.roles) if word in _ROLES),
        scope=Scope(frozenset(json.loads(row.cameras)), frozenset(json.loads(row.sites)), row.everything),
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )


# A newer server may have given a key a role that this one does not know; it is ignored here.
_ROLES = frozenset(role.value for role in Role)


def _words(words: Any) -> str:
    return json.dumps(sorted(words), separators=(",", ":"))
