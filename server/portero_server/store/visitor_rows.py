"""What the statements on visitors have in common, within a transaction of the caller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.people.visitors import Visitor
from portero_server.domain.recording.sightings import SightingEventKind
from portero_server.store.export_rows import note_days_of_visitors
from portero_server.store.picture_rows import delete_pictures_of_visitors
from portero_server.store.schema import (
    erased_records,
    events,
    review_pictures,
    sequencers,
    sightings,
    snapshots,
    visitor_encodings,
    visitor_visits,
    visitors,
)
from portero_server.store.sequencers import take_positions
from portero_server.store.snapshot_rows import delete_snapshots_of_visitors

_ON_ITS_WAY = timedelta(hours=1)
"""A picture of a visit that ended longer ago is stored, or never will be; it takes a minute at most."""


async def visitors_of(connection: AsyncConnection, rows: Sequence[Any]) -> Sequence[Visitor]:
    """Returns the visitors of rows of `visitors`, with what their sightings say of them."""
    ids = [row.visitor_id for row in rows]
    if not ids:
        return []
    joined = visitor_visits.join(sightings, sightings.c.sighting_id == visitor_visits.c.sighting_id)
    # A sighting that turned out to be a person's is no visitor's any more; retention removes the row.
    own = (visitor_visits.c.visitor_id.in_(ids), sightings.c.person_id.is_(None))
    seen = select(
        visitor_visits.c.visitor_id,
        func.min(sightings.c.first_seen).label("first_seen"),
        func.max(sightings.c.last_seen).label("last_seen"),
        func.count(visitor_visits.c.visit.distinct()).label("visits"),
    )
    seen = seen.select_from(joined).where(*own).group_by(visitor_visits.c.visitor_id)
    where = select(visitor_visits.c.visitor_id, sightings.c.camera_id).select_from(joined).where(*own).distinct()
    kept = select(
        visitor_encodings.c.visitor_id,
        func.count().label("number"),
        func.max(visitor_encodings.c.seen_at).label("latest"),
    )
    kept = kept.where(visitor_encodings.c.visitor_id.in_(ids)).group_by(visitor_encodings.c.visitor_id)
    times = {row.visitor_id: row for row in await connection.execute(seen)}
    encodings = {row.visitor_id: row for row in await connection.execute(kept)}
    places: dict[str, set[str]] = {}
    for row in await connection.execute(where):
        places.setdefault(row.visitor_id, set()).add(row.camera_id)
    return [_visitor(row, times.get(row.visitor_id), encodings.get(row.visitor_id), places) for row in rows]


def _visitor(row: Any, times: Any, encodings: Any, places: dict[str, set[str]]) -> Visitor:
    return Visitor(
        visitor_id=row.visitor_id,
        site=row.site,
        created_at=row.created_at,
        first_seen=row.created_at if times is None else times.first_seen,
        last_seen=row.created_at if times is None else times.last_seen,
        visits=0 if times is None else times.visits,
        cameras=tuple(sorted(places.get(row.visitor_id, ()))),
        encodings=0 if encodings is None else encodings.number,
        newest_encoding_at=None if encodings is None else encodings.latest,
    )


async def keep_newest(connection: AsyncConnection, visitor_id: str, most: int) -> None:
    """Removes the encodings of a visitor beyond the newest ones."""
    key, columns = visitor_encodings.c.encoding_id, visitor_encodings.c
    newest = select(key).where(columns.visitor_id == visitor_id)
    newest = newest.order_by(columns.seen_at.desc(), columns.quality.desc(), key)
    surplus = list(await connection.scalars(newest))[most:]
    if surplus:
        await connection.execute(delete(visitor_encodings).where(key.in_(surplus)))


async def renumber(connection: AsyncConnection, visitor_id: str, visit_gap: timedelta) -> None:
    """Counts the visits of a visitor anew, in the order of their sightings."""
    joined = visitor_visits.join(sightings, sightings.c.sighting_id == visitor_visits.c.sighting_id)
    query = select(visitor_visits.c.sighting_id, sightings.c.first_seen, sightings.c.last_seen).select_from(joined)
    query = query.where(visitor_visits.c.visitor_id == visitor_id).order_by(sightings.c.first_seen)
    number, until = 0, None
    visits: dict[int, list[str]] = {}
    for row in (await connection.execute(query)).all():
        if until is None or row.first_seen - until > visit_gap:
            number += 1
        until = _later(until, row.last_seen)
        visits.setdefault(number, []).append(row.sighting_id)
    for visit, ids in visits.items():
        own = visitor_visits.c.sighting_id.in_(ids)
        await connection.execute(update(visitor_visits).where(own).values(visit=visit))


def _later(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else max(one, other)


async def lock_visitors(connection: AsyncConnection) -> int:
    """Locks the visitors until the transaction ends, and returns their position."""
    own = select(sequencers.c.position).where(sequencers.c.name == "visitors")
    position: int = (await connection.execute(own.with_for_update())).scalar_one()
    return position


async def hold_visitors(connection: AsyncConnection) -> None:
    """Has nobody change visitors, nor forget one, until the transaction ends; SQLite has one writer at a time."""
    if connection.dialect.name != "sqlite":
        own = select(sequencers.c.position).where(sequencers.c.name == "visitors")
        (await connection.execute(own.with_for_update(read=True))).all()


async def erase_visitors(
    connection: AsyncConnection, visitor_ids: Sequence[str], now: datetime
) -> tuple[Mapping[str, int], set[str]]:
    """Removes visitors with everything that is kept of them. Returns the rows by table, and who was there."""
    await lock_visitors(connection)
    there = select(visitors.c.visitor_id).where(visitors.c.visitor_id.in_(visitor_ids))
    found = set(await connection.scalars(there))
    counts = {
        review_pictures.name: await delete_pictures_of_visitors(connection, visitor_ids),
        snapshots.name: await delete_snapshots_of_visitors(connection, visitor_ids),
    }
    await _no_more_pictures(connection, visitor_ids, now)
    await note_days_of_visitors(connection, visitor_ids)
    for table in (visitor_encodings, visitor_visits, visitors):
        gone = await connection.execute(delete(table).where(table.c.visitor_id.in_(visitor_ids)))
        counts[table.name] = gone.rowcount
    await never_again(connection, sorted(found), now)
    await take_positions(connection, "visitors", 1)
    return counts, found


async def _no_more_pictures(connection: AsyncConnection, visitor_ids: Sequence[str], now: datetime) -> None:
    """Has no picture stored of the latest visits of visitors, of which one may be on its way still."""
    joined = visitor_visits.join(sightings, sightings.c.sighting_id == visitor_visits.c.sighting_id)
    known = select(erased_records.c.record_id).where(erased_records.c.record_id == sightings.c.sighting_id)
    query = select(sightings.c.sighting_id, visitor_visits.c.visitor_id).select_from(joined)
    query = query.where(
        visitor_visits.c.visitor_id.in_(visitor_ids), sightings.c.last_seen > now - _ON_ITS_WAY, ~known.exists()
    )
    rows = [
        {"record_id": row.sighting_id, "erasure_id": f"visitor-{row.visitor_id}", "erased_at": now}
        for row in await connection.execute(query)
    ]
    if rows:
        await connection.execute(insert(erased_records), rows)


async def never_again(connection: AsyncConnection, visitor_ids: Sequence[str], now: datetime) -> None:
    """Has a backup that is restored lose these visitors again."""
    rows = [{"record_id": each, "erasure_id": f"visitor-{each}", "erased_at": now} for each in visitor_ids]
    if rows:
        await connection.execute(insert(erased_records), rows)


async def tell(connection: AsyncConnection, sighting_id: str, camera_id: str, now: datetime) -> int:
    """Appends the event that a sighting has got a visitor, and returns its position."""
    position = await take_positions(connection, "events", 1)
    row = {
        "position": position,
        "kind": SightingEventKind.REVISED.value,
        "sighting_id": sighting_id,
        "camera_id": camera_id,
        "happened_at": now,
    }
    await connection.execute(insert(events).values(row))
    return position
