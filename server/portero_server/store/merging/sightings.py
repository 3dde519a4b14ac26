"""Moves the sightings of one person to another, within the transaction of a merge, and tells of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Select, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.people.merging import Span, covering
from portero_server.domain.recording.sightings import Sighting, SightingEventKind
from portero_server.domain.recording.visits import JoinedVisit, joined_visits
from portero_server.store.bulk.writing import insert_new
from portero_server.store.schema import along, cameras, events, sighting_tracks, sightings, unserved
from portero_server.store.sequencers import take_positions
from portero_server.store.sightings import LONG, sighting_columns, sighting_of


class MovedSightings(NamedTuple):
    """What became of sightings.

    Attributes:
        moved: How many became the person's who is kept.
        joined: How many of the person's are part of another one now.
        position: That of the last event that tells of it; None: there was nothing to tell.
    """

    moved: int
    joined: int
    position: int | None


async def move_sightings(
    connection: AsyncConnection,
    kept_id: str,
    other_id: str,
    display_name: str,
    visit_gap: timedelta,
    now: datetime,
) -> MovedSightings:
    """Moves sightings to the person who is kept; two at one camera within its visit gap become one.

    Args:
        connection: Holds both people.
        kept_id: Whose they become.
        other_id: Whose they are.
        display_name: Of the person who is kept.
        visit_gap: That of cameras without one of their own.
        now: When it happens.
    """
    own = sightings.c.person_id == other_id
    rows = (await connection.execute(select(sightings).where(own).with_for_update())).all()
    if not rows:
        return MovedSightings(0, 0, None)
    await _confirm_open(connection, other_id)
    await connection.execute(update(sightings).where(own).values(person_id=kept_id, display_name=display_name))
    moved = {row.sighting_id for row in rows if row.track_count > 0}
    count = len(moved)
    told: list[tuple[SightingEventKind, Sighting]] = []
    joined: set[str] = set()
    for camera_id, gap in (await _gaps(connection, {row.camera_id for row in rows}, visit_gap)).items():
        near = covering(
            Span(row.first_seen - gap, row.last_seen + gap)
            for row in rows
            if row.camera_id == camera_id and row.sighting_id in moved
        )
        there = await _at_camera(connection, camera_id, kept_id, near)
        for visit in joined_visits(there, gap):
            ids = {visit.stays.sighting_id, *(each.sighting_id for each in visit.others)}
            # What was apart before, as under another gap, stays so.
            if ids & moved:
                told += await _join(connection, visit)
                joined |= {each.sighting_id for each in visit.others}
                moved -= ids
        told += [(SightingEventKind.REVISED, each) for each in there if each.sighting_id in moved]
    return MovedSightings(count, len(joined), await _tell(connection, told, now))


async def _confirm_open(connection: AsyncConnection, person_id: str) -> None:
    """Marks the sightings of a person who is in view as reviewed, since somebody has said whose they are now.

    Streams let go of the name that is gone, and say so; that must not make a stranger of the one who is kept.
    """
    tracks = sighting_tracks.join(sightings, sightings.c.sighting_id == sighting_tracks.c.sighting_id)
    query = select(sightings.c.sighting_id).select_from(tracks).distinct()
    query = query.where(sightings.c.person_id == person_id, sighting_tracks.c.ended.is_(False))
    found = list(await connection.scalars(query))
    for sighting_id in found:
        own = update(sightings).where(sightings.c.sighting_id == sighting_id)
        await connection.execute(own.values(reviewed=True))


async def _gaps(connection: AsyncConnection, camera_ids: set[str], visit_gap: timedelta) -> dict[str, timedelta]:
    query = select(cameras.c.camera_id, cameras.c.visit_gap_seconds).where(cameras.c.camera_id.in_(sorted(camera_ids)))
    own = {row.camera_id: row.visit_gap_seconds for row in await connection.execute(query)}
    return {each: visit_gap if own.get(each) is None else timedelta(seconds=own[each]) for each in sorted(camera_ids)}


async def _at_camera(
    connection: AsyncConnection, camera_id: str, person_id: str, near: Sequence[Span]
) -> Sequence[Sighting]:
    """Returns at least the sightings of a person that last into one of the spans, oldest first, and locks them."""
    table, found = sightings.c, dict[str, Sighting]()
    for span in near:
        own = (table.person_id == person_id, table.camera_id == camera_id, table.track_count > 0)
        query = select(sightings).where(*own, table.first_seen.between(span.first - LONG, span.last))
        found |= await _locked(connection, along(query, sightings, "ix_sightings_visit"))
    if near:
        whose, begun = unserved(table.person_id), unserved(table.first_seen)
        own = (whose == person_id, table.camera_id == camera_id, table.track_count > 0)
        query = select(sightings).where(*own, table.long_until >= near[0].first, begun <= near[-1].last)
        found |= await _locked(connection, along(query, sightings, "ix_sightings_camera_long"))
    return sorted(found.values(), key=lambda each: (each.first_seen, each.sighting_id))


async def _locked(connection: AsyncConnection, query: Select[Any]) -> dict[str, Sighting]:
    return {row.sighting_id: sighting_of(row) for row in await connection.execute(query.with_for_update())}


async def _join(connection: AsyncConnection, visit: JoinedVisit) -> list[tuple[SightingEventKind, Sighting]]:
    """Makes sightings one, as a commit does, and returns what is to be told."""
    told: list[tuple[SightingEventKind, Sighting]] = []
    links: list[Any] = []
    for other in visit.others:
        own = await _links(connection, other.sighting_id)
        if own and not own[-1].ended:
            told.append((SightingEventKind.LEFT, other))
        retired = replace(other, track_count=0)
        await _write(connection, retired)
        told.append((SightingEventKind.REVISED, retired))
        links += own
    # Those of the one that stays come last, so that its end is the end of all.
    links += await _links(connection, visit.stays.sighting_id)
    for ordinal, link in enumerate(links, 1):
        own_row = update(sighting_tracks).where(sighting_tracks.c.track_id == link.track_id)
        await connection.execute(own_row.values(sighting_id=visit.stays.sighting_id, ordinal=ordinal))
    await _write(connection, visit.stays)
    return [*told, (SightingEventKind.REVISED, visit.stays)]


async def _links(connection: AsyncConnection, sighting_id: str) -> Sequence[Any]:
    query = select(sighting_tracks).where(sighting_tracks.c.sighting_id == sighting_id)
    rows = (await connection.execute(query)).all()
    # One that returned has the place of the last one, and is open.
    return sorted(rows, key=lambda link: (link.ordinal, not link.ended, link.track_id))


async def _write(connection: AsyncConnection, sighting: Sighting) -> None:
    own = update(sightings).where(sightings.c.sighting_id == sighting.sighting_id)
    await connection.execute(own.values(sighting_columns(sighting)))


async def _tell(
    connection: AsyncConnection, told: Sequence[tuple[SightingEventKind, Sighting]], now: datetime
) -> int | None:
    if not told:
        return None
    first = await take_positions(connection, "events", len(told))
    rows = [
        {
            "position": position,
            "kind": kind.value,
            "sighting_id": sighting.sighting_id,
            "camera_id": sighting.camera_id,
            "happened_at": now,
        }
        for position, (kind, sighting) in enumerate(told, first)
    ]
    await insert_new(connection, events, rows)
    return first + len(told) - 1
