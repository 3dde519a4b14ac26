"""Where a person's id and name are stored besides the gallery, and how each table removes them.

Rows of sightings and recognitions stay, as a stranger's: a frame that is sent again then finds its key and adds
nothing, visits are counted as before, and watchers can still look up a sighting. What remains says that somebody was
there, not who.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.store.export_rows import note_days_of_sightings
from portero_server.store.open_tracks import read, written
from portero_server.store.schema import erasures, recognitions, sightings, streams, visitor_visits, visitors
from portero_server.store.visitor_rows import erase_visitors

Scrub = Callable[[AsyncConnection, str, int], Awaitable[int]]
"""Removes a person's id from up to a number of rows, and returns how many it changed."""


async def _visitors(connection: AsyncConnection, person_id: str, limit: int) -> int:
    """Removes strangers who turned out to be the person, with all that makes them known again."""
    mine = select(visitor_visits.c.visitor_id).join(sightings, sightings.c.sighting_id == visitor_visits.c.sighting_id)
    found = sorted(await connection.scalars(mine.where(sightings.c.person_id == person_id).distinct().limit(limit)))
    if not found:
        return 0
    asked = select(erasures.c.requested_at).where(erasures.c.person_id == person_id)
    removed, _ = await erase_visitors(connection, found, (await connection.execute(asked)).scalar_one())
    return removed[visitors.name]


async def _sightings(connection: AsyncConnection, person_id: str, limit: int) -> int:
    key, own = sightings.c.sighting_id, sightings.c.person_id == person_id
    found = (await connection.scalars(select(key).where(own).limit(limit))).all()
    if not found:
        return 0
    # In the same transaction: an export that has read the name by now reads the day again.
    await note_days_of_sightings(connection, found)
    forgotten = {"person_id": None, "display_name": "", "similarity": 0.0, "margin": 0.0, "erased": True}
    await connection.execute(update(sightings).where(key.in_(sorted(found)), own).values(forgotten))
    return len(found)


async def _recognitions(connection: AsyncConnection, person_id: str, limit: int) -> int:
    key, own = recognitions.c.recognition_id, recognitions.c.person_id == person_id
    found = (await connection.scalars(select(key).where(own).limit(limit))).all()
    if not found:
        return 0
    forgotten = {"person_id": None, "outcome": "unknown", "similarity": 0.0, "margin": 0.0}
    await connection.execute(update(recognitions).where(key.in_(sorted(found)), own).values(forgotten))
    return len(found)


async def _open_tracks(connection: AsyncConnection, person_id: str, limit: int) -> int:
    key = streams.c.stream_id
    holding = streams.c.open_tracks.contains(f'["{person_id}"', autoescape=True)
    rows = await connection.execute(select(key).where(holding).order_by(key).limit(limit))
    found = [row.stream_id for row in rows]
    held = select(key, streams.c.open_tracks).where(key.in_(found), holding).order_by(key).with_for_update()
    count = 0
    for row in (await connection.execute(held)).all() if found else ():
        tracks = [
            replace(track, match=None) if track.match is not None and track.match.person_id == person_id else track
            for track in read(row.open_tracks)
        ]
        await connection.execute(update(streams).where(key == row.stream_id).values(open_tracks=written(tracks)))
        count += 1
    return count


SCRUBS: Mapping[str, Scrub] = {
    # First, while the sightings still say whose they are.
    "visitors": _visitors,
    "sightings": _sightings,
    "recognitions": _recognitions,
    "open_tracks": _open_tracks,
}
