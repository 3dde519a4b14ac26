"""The rows of the audit trail.

All server processes append to one chain: each locks the row of the chain's head until its commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.audit.chain import (
    RETIRED,
    SERVER,
    Actor,
    AuditOutcome,
    Chain,
    Deed,
    Entry,
    Head,
    retired_name,
)
from portero_server.store.database import Database
from portero_server.store.faults import StoreRefused
from portero_server.store.schema import audit_entries, audit_head

_OWN = audit_head.c.name == "audit"


class AuditStore:
    """Appends to the audit trail and reads it.

    Entries are never changed; only `retire_oldest` removes some, and records that.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, deeds: Sequence[Deed], at: datetime) -> Sequence[Entry]:
        """Appends entries in one transaction and returns them.

        Raises:
            StoreUnavailable: Nothing was appended, or (CommitUnknown) nobody knows.
        """

        async def unit(connection: AsyncConnection) -> Sequence[Entry]:
            return await append_deeds(connection, deeds, at)

        return await self._database.run(unit) if deeds else ()

    async def head(self) -> Head:
        """Returns the end of the chain.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        return await self._database.read(_head)

    async def page(self, after: int, limit: int) -> tuple[Sequence[Entry], Head]:
        """Returns the entries after a position, in order, and a head at least as new as they are."""
        query = select(audit_entries).where(audit_entries.c.position > after)
        query = query.order_by(audit_entries.c.position).limit(limit)

        async def unit(connection: AsyncConnection) -> tuple[Sequence[Entry], Head]:
            entries = [_entry(row) for row in await connection.execute(query)]
            return entries, await _head(connection)

        return await self._database.read(unit)

    async def newest(self, limit: int, before: int | None = None) -> Sequence[Entry]:
        """Returns the newest entries, newest first; with `before`, only those before that position."""
        query = select(audit_entries).order_by(audit_entries.c.position.desc()).limit(limit)
        if before is not None:
            query = query.where(audit_entries.c.position < before)

        async def unit(connection: AsyncConnection) -> Sequence[Entry]:
            return [_entry(row) for row in await connection.execute(query)]

        return await self._database.read(unit)

    async def last(self, action: str) -> Entry | None:
        """Returns the newest entry of an action, or None. Walks back from the newest entry.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        query = select(audit_entries).where(audit_entries.c.action == action)
        query = query.order_by(audit_entries.c.position.desc()).limit(1)

        async def unit(connection: AsyncConnection) -> Entry | None:
            row = (await connection.execute(query)).one_or_none()
            return None if row is None else _entry(row)

        return await self._database.read(unit)


async def append_deeds(connection: AsyncConnection, deeds: Sequence[Deed], at: datetime) -> Sequence[Entry]:
    """Appends entries as part of a unit of work.

    Do this last, since nobody else can append until the transaction ends.

    Raises:
        StoreRefused: The chain has lost its end, or the next place is taken; `audit verify` says what is wrong.
    """
    chain = Chain(await _held_head(connection))
    for deed in deeds:
        chain.append(deed, at)
    # Never `insert_new`, which passes over rows that are there: an entry that finds its place taken must fail.
    await connection.execute(insert(audit_entries), [_columns(entry) for entry in chain.appended])
    ends = {"count": chain.head.count, "digest": chain.head.digest}
    await connection.execute(update(audit_head).where(_OWN).values(**ends))
    return chain.appended


async def retire_oldest(connection: AsyncConnection, before: datetime, at: datetime, most: int) -> int:
    """Removes up to `most` of the entries before a time, oldest first, and appends an entry about it.

    The last entry stays, whatever its age. The rest still verifies, from its new beginning.

    Returns:
        How many were removed.

    Raises:
        StoreRefused: As `append_deeds`.
    """
    oldest = select(audit_entries.c.position, audit_entries.c.happened_at, audit_entries.c.digest)
    oldest = oldest.order_by(audit_entries.c.position).limit(most)
    head = await _held_head(connection)
    last = None
    for row in await connection.execute(oldest):
        # The clocks of servers differ, so the order of the chain decides.
        if row.happened_at >= before or row.position >= head.count:
            break
        last = row
    if last is None:
        return 0
    base = {"base_count": last.position, "base_digest": last.digest}
    await connection.execute(delete(audit_entries).where(audit_entries.c.position <= last.position))
    await connection.execute(update(audit_head).where(_OWN).values(**base))
    told = Deed(SERVER, RETIRED, retired_name(last.position, last.digest), AuditOutcome.DONE)
    await append_deeds(connection, [told], at)
    return int(last.position) - head.base_count


async def _held_head(connection: AsyncConnection) -> Head:
    # On SQLite, where this is a plain SELECT, writers hold the whole database from the beginning.
    row: Any = (await connection.execute(select(audit_head).where(_OWN).with_for_update())).one_or_none()
    if row is None:
        raise StoreRefused("the audit trail has lost its end; `portero-server audit verify` says more")
    return _head_of(row)


async def _head(connection: AsyncConnection) -> Head:
    row: Any = (await connection.execute(select(audit_head).where(_OWN))).one_or_none()
    # Without its row the chain has no end, and whatever is there shows as inserted.
    return Head() if row is None else _head_of(row)


def _head_of(row: Any) -> Head:
    # `count` is a method of rows.
    return Head(row._mapping["count"], row.digest, row.base_count, row.base_digest)


def _entry(row: Any) -> Entry:
    actor = Actor(row.subject, row.peer, row.method, row.credential)
    deed = Deed(actor, row.action, row.resource, _outcome(row.outcome), row.reason, row._mapping["count"])
    return Entry(row.position, row.happened_at, deed, row.previous, row.digest)


def _outcome(word: str) -> AuditOutcome:
    try:
        return AuditOutcome(word)
    except ValueError:
        return AuditOutcome.UNREADABLE


def _columns(entry: Entry) -> dict[str, Any]:
    deed, actor = entry.deed, entry.deed.actor
    return {
        "position": entry.position,
        "happened_at": entry.at,
        "subject": actor.subject,
        "peer": actor.peer,
        "method": actor.method,
        "credential": actor.credential,
        "action": deed.action,
        "resource": deed.resource,
        "outcome": deed.outcome.value,
        "reason": deed.reason,
        "count": deed.count,
        "previous": entry.previous,
        "digest": entry.digest,
    }
