"""Which days an export has written, for all servers, and which must be written again."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.people.privacy import Purpose
from portero_server.domain.recording.export_days import ExportDay, WrittenPartition, days_between
from portero_server.store.bulk.writing import insert_new
from portero_server.store.database import Database
from portero_server.store.export_rows import lock_days, note_changed_days
from portero_server.store.schema import event_relays, events, export_days, sightings
from portero_server.store.sequencers import last_position

_PAGE = 2000
_SINCE = {
    Purpose.STRANGERS: "strangers_since",
    Purpose.VISITORS: "visitors_since",
    Purpose.SIGHTINGS: "sightings_since",
}


class ExportDayStore:
    """Stores the days of one export."""

    def __init__(self, database: Database, export_id: str) -> None:
        """Creates the store.

        Args:
            database: Where it is.
            export_id: Digest of where to, and of what.
        """
        self._database = database
        self._export_id = export_id
        self._own = export_days.c.export_id == export_id

    async def marker_key(self) -> str | None:
        """Returns what tells this export from one of another database to the same place; None: it never ran."""
        query = select(event_relays.c.endpoint).where(event_relays.c.name == relay_name(self._export_id))

        async def unit(connection: AsyncConnection) -> str | None:
            found: str | None = (await connection.execute(query)).scalar_one_or_none()
            return found

        return await self._database.read(unit)

    async def last_position(self) -> int:
        """Returns the position of the last event; a new export follows those after it."""
        return await self._database.read(lambda connection: last_position(connection, "events"))

    async def days(self) -> Mapping[date, ExportDay]:
        """Returns the days that were noted, without their partitions: those of years are many."""
        table = export_days.c
        since = (table[each] for each in _SINCE.values())
        query = select(table.day, table.changes, table.written, table.read_at, *since).where(self._own)

        async def unit(connection: AsyncConnection) -> Mapping[date, ExportDay]:
            return {each.day: each for each in map(_day, await connection.execute(query))}

        return await self._database.read(unit)

    async def begin(self, day: date) -> ExportDay:
        """Notes a day, if it is new, before its sightings are read: what changes from now on is noted with it.

        Returns:
            The day as it is noted.
        """
        new = {
            "export_id": self._export_id,
            "day": day.isoformat(),
            "changes": 1,
            "written": 0,
            "read_at": None,
            **dict.fromkeys(_SINCE.values()),
            "partitions": "{}",
        }

        async def unit(connection: AsyncConnection) -> ExportDay:
            await lock_days(connection)
            await insert_new(connection, export_days, [new])
            query = select(export_days).where(self._own, export_days.c.day == day.isoformat())
            row = (await connection.execute(query)).one()
            partitions = {site: WrittenPartition(*each) for site, each in json.loads(row.partitions).items()}
            return replace(_day(row), partitions=partitions)

        return await self._database.run(unit)

    async def finish(self, day: ExportDay) -> None:
        """Stores what the files of a day show.

        Args:
            day: As `begin` returned it, with the files, when their reading began, and what retention removes first.
                What has changed since `begin` makes it due again.
        """
        told = {site: [each.revision, each.rows, each.rows_sha256] for site, each in day.partitions.items()}
        values = {
            "written": day.changes,
            "read_at": day.read_at,
            "partitions": json.dumps(told, sort_keys=True),
            **{column: day.oldest.get(kind) for kind, column in _SINCE.items()},
        }
        changed = update(export_days).where(self._own, export_days.c.day == day.day.isoformat()).values(values)

        async def unit(connection: AsyncConnection) -> None:
            await connection.execute(changed)

        await self._database.run(unit)

    async def follow(self, position: int, known: Collection[date]) -> int:
        """Notes which days the next events after a position have changed.

        Args:
            position: Of the last event that was followed.
            known: The days that were noted; others need no note.

        Returns:
            The position of the last event that was followed now; the same one: there are no more.
        """
        query = select(events.c.position, sightings.c.first_seen, sightings.c.last_seen)
        # A sighting that is gone went by retention, which needs no event.
        query = query.outerjoin_from(events, sightings, sightings.c.sighting_id == events.c.sighting_id)
        query = query.where(events.c.position > position).order_by(events.c.position).limit(_PAGE)

        async def read(connection: AsyncConnection) -> tuple[int, set[date], bool]:
            # First: what is committed after it is met by the next call.
            newest = await last_position(connection, "events")
            oldest = (await connection.execute(select(func.min(events.c.position)))).scalar_one()
            rows = (await connection.execute(query)).all()
            last = rows[-1].position if rows else newest
            seen = {(row.first_seen, row.last_seen) for row in rows if row.first_seen is not None}
            changed = {day for first, until in seen for day in days_between(first, until)}
            # Positions have no gaps, so what is missing after ours was removed before it was followed.
            missed = last > position and (oldest is None or oldest > position + 1)
            return last, changed, missed

        last, changed, missed = await self._database.read(read)
        days = set(known) if missed else changed & set(known)
        if days:
            await self._database.run(lambda connection: note_changed_days(connection, days, self._own))
        return last


def relay_name(export_id: str) -> str:
    """Returns the name of an export's row in `event_relays`."""
    return f"export/{export_id}"


def _day(row: Any) -> ExportDay:
    oldest = {kind: getattr(row, column) for kind, column in _SINCE.items() if getattr(row, column) is not None}
    return ExportDay(date.fromisoformat(row.day), row.changes, row.written, row.read_at, oldest=oldest)
