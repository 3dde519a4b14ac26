"""Rows of exported days, as units of work that change sightings without an event note it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, Select, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.store.schema import export_days, sequencers, sightings, visitor_visits

_HELD = select(sequencers.c.position).where(sequencers.c.name == "export_days")
"""Locked while the set of noted days must not change: a day that is not there yet has no row that could be."""


async def note_changed_days(connection: AsyncConnection, days: Collection[date], *which: Any) -> int:
    """Has every export write these days again. Returns how many it has written, or is writing."""
    if not days:
        return 0
    own = (export_days.c.day.in_(sorted(day.isoformat() for day in days)), *which)
    changed = update(export_days).where(*own).values(changes=export_days.c.changes + 1)
    return (await connection.execute(changed)).rowcount


async def note_days_of_person(connection: AsyncConnection, person_id: str) -> int | None:
    """Has every export write the days again on which a person was seen. Returns how many; None: there is no export."""
    return await _note(connection, _begun().where(sightings.c.person_id == person_id))


async def note_days_of_sightings(connection: AsyncConnection, sighting_ids: Sequence[str]) -> int | None:
    """Has every export write the days of these sightings again. Returns how many; None: there is no export."""
    return await _note(connection, _begun().where(sightings.c.sighting_id.in_(sorted(sighting_ids))))


async def note_days_of_visitors(connection: AsyncConnection, visitor_ids: Collection[str]) -> int | None:
    """Has every export write the days of the visits of visitors again, while these visits are still stored."""
    joined = _begun().join(visitor_visits, visitor_visits.c.sighting_id == sightings.c.sighting_id)
    return await _note(connection, joined.where(visitor_visits.c.visitor_id.in_(sorted(visitor_ids))))


async def lock_days(connection: AsyncConnection) -> None:
    """Waits for all who note days of changed sightings, and has others wait, until the transaction ends."""
    (await connection.execute(_HELD.with_for_update())).all()


async def days_behind(connection: AsyncConnection, moment: datetime) -> int:
    """Returns how many days must be written again whose files show what was read by a moment."""
    table = export_days.c
    query = select(func.count()).select_from(export_days)
    behind = (table.written < table.changes, or_(table.read_at.is_(None), table.read_at <= moment))
    return int((await connection.execute(query.where(*behind))).scalar_one())


async def _hold_days(connection: AsyncConnection) -> None:
    # SQLite has one writer at a time.
    if connection.dialect.name != "sqlite":
        (await connection.execute(_HELD.with_for_update(read=True))).all()


def _begun() -> Select[Any]:
    return select(func.date(sightings.c.first_seen, type_=Date)).distinct()


async def _note(connection: AsyncConnection, query: Select[Any]) -> int | None:
    # Whoever notes a day while this goes on waits, and then reads what this has left.
    await _hold_days(connection)
    # First, since mostly there is no export, and to look for the days takes long.
    if (await connection.execute(select(export_days.c.day).limit(1))).first() is None:
        return None
    return await note_changed_days(connection, set(await connection.scalars(query)))
