"""What was decided about people and keys, and must hold after a restore too, although the backup is older.

Erasures of people, check-ins and guests, blocks and withdrawn consents, and revoked keys. They are read from the
database that is being replaced, and from later backups; and applied to the restored rows before anybody is served from
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, insert, select, union, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.people.privacy import subject_of
from portero_server.store.database import Database
from portero_server.store.erasures import EarlierErasure, ErasureStore
from portero_server.store.holders import erase_again
from portero_server.store.schema import (
    api_keys,
    consents,
    erased_records,
    erasures,
    gallery_changes,
    people,
    people_blocks,
    recognitions,
    sightings,
)

_Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Decisions:
    """Rows as they are stored: erasures, blocks, withdrawn consents, revoked keys, erased check-ins and guests."""

    erasures: Sequence[_Row] = ()
    blocks: Sequence[_Row] = ()
    withdrawn: Sequence[_Row] = ()
    revoked: Sequence[_Row] = ()
    records: Sequence[_Row] = ()


@dataclass(frozen=True, slots=True)
class Applied:
    """How many of the decisions changed something in what was restored.

    Attributes:
        erased: People who were in the backup and have been erased again.
        blocked: People blocked since.
        withdrawn: Consents withdrawn since.
        revoked: Keys revoked since.
        records: Check-ins, guests and visitors that were in the backup and have been erased again.
    """

    erased: int = 0
    blocked: int = 0
    withdrawn: int = 0
    revoked: int = 0
    records: int = 0


def joined(found: Iterable[Decisions]) -> Decisions:
    """Returns the decisions of several databases, each once."""
    keys = ("subject", "person_id", "consent_id", "key_id", "record_id")
    each = [(one.erasures, one.blocks, one.withdrawn, one.revoked, one.records) for one in found]
    unique = [{row[key]: row for rows in each for row in rows[kind]} for kind, key in enumerate(keys)]
    return Decisions(*(tuple(rows.values()) for rows in unique))


async def decisions_of(database: Database) -> Decisions:
    """Returns the decisions that a database holds, as of one moment."""

    async def read(connection: AsyncConnection) -> Decisions:
        async def rows(query: Any) -> list[_Row]:
            return [dict(row) for row in (await connection.execute(query)).mappings()]

        return Decisions(
            await rows(select(erasures)),
            await rows(select(people_blocks)),
            await rows(select(consents).where(consents.c.withdrawn_at.is_not(None))),
            await rows(select(api_keys).where(api_keys.c.revoked_at.is_not(None))),
            await rows(select(erased_records)),
        )

    return await database.run_long(read, snapshot=True)


async def write_decisions(decisions: Decisions, database: Database) -> None:
    """Writes decisions into a database without any."""

    async def write(connection: AsyncConnection) -> None:
        for table, rows in (
            (erasures, decisions.erasures),
            (people_blocks, decisions.blocks),
            (consents, decisions.withdrawn),
            (api_keys, decisions.revoked),
            (erased_records, decisions.records),
        ):
            if rows:
                await connection.execute(insert(table), [dict(row) for row in rows])

    await database.run_long(write)


async def apply_decisions(decisions: Decisions, database: Database, clock: Clock, *, overwrites: bool) -> Applied:
    """Makes decisions hold in a restored database; what it knows already is left as it is.

    Args:
        decisions: What was decided.
        database: Nobody else uses it.
        clock: Dates the receipts of repeated erasures.
        overwrites: Whether these very files go into service, so that the erased bytes in them are overwritten.
    """
    # First, since whoever is erased loses consents and block as well.
    erased = await _erase(decisions.erasures, database, clock)
    records = await database.run_long(lambda connection: erase_again(connection, decisions.records))
    if overwrites:
        await ErasureStore(database, clock).overwrite()

    async def write(connection: AsyncConnection) -> Applied:
        blocked = await _block(connection, decisions.blocks)
        withdrawn = await _end(connection, consents, "consent_id", "withdrawn_at", decisions.withdrawn)
        revoked = await _end(connection, api_keys, "key_id", "revoked_at", decisions.revoked)
        return Applied(erased, blocked, withdrawn, revoked, records)

    return await database.run_long(write)


async def _erase(told: Sequence[_Row], database: Database, clock: Clock) -> int:
    store = ErasureStore(database, clock)
    known, persons = await _erased_before(database), await _persons(database)
    erased = 0
    new = [row for row in told if row["subject"] not in known]
    # Those of nobody here come first: whoever was merged takes the other ids along, which keep the receipts told.
    for row in sorted(new, key=lambda row: row["subject"] in persons):
        person_id = persons.get(row["subject"])
        if person_id is None:
            await store.add(row)
            continue
        # Only the digest of the id outlives an erasure: the id is that of whoever in the backup has this digest.
        erasure = await store.begin(person_id, EarlierErasure(row["erasure_id"], row["requested_at"]))
        await store.scrub(erasure)
        await store.finish(erasure.erasure_id)
        erased += 1
    return erased


async def _erased_before(database: Database) -> set[str]:
    async def read(connection: AsyncConnection) -> set[str]:
        return set((await connection.scalars(select(erasures.c.subject))).all())

    return await database.run_long(read, snapshot=True)


async def _persons(database: Database) -> Mapping[str, str]:
    """Returns the ids of everybody of whom there is a trace, by their digest."""
    columns = [table.c.person_id for table in (people, sightings, recognitions, consents, gallery_changes)]

    async def read(connection: AsyncConnection) -> Mapping[str, str]:
        found = await connection.scalars(union(*(select(column).where(column.is_not(None)) for column in columns)))
        return {subject_of(person_id): person_id for person_id in found.all() if person_id}

    return await database.run_long(read, snapshot=True)


async def _block(connection: AsyncConnection, rows: Sequence[_Row]) -> int:
    there = set((await connection.scalars(select(people_blocks.c.person_id))).all())
    known = set((await connection.scalars(select(people.c.person_id))).all())
    new = [dict(row) for row in rows if row["person_id"] in known - there]
    if new:
        await connection.execute(insert(people_blocks), new)
    return len(new)


async def _end(connection: AsyncConnection, table: Table, key: str, ended: str, rows: Sequence[_Row]) -> int:
    """Writes when rows ended, where they have not ended yet; returns how many that are."""
    changed = 0
    for row in rows:
        lasting = update(table).where(table.c[key] == row[key], table.c[ended].is_(None))
        changed += (await connection.execute(lasting.values({ended: row[ended]}))).rowcount
    return changed
