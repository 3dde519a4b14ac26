"""Moves what cameras saw of one person, and what people said of it, to another, within the transaction of a merge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.people.merging import NamedTrack, Span, covering
from portero_server.domain.recording.resuming import OpenTrack
from portero_server.domain.recording.reviews import UNDONE_BY_MERGE, ReviewAction
from portero_server.store.open_tracks import read, written
from portero_server.store.schema import (
    decision_candidates,
    recognitions,
    review_pictures,
    sighting_reviews,
    sightings,
    streams,
)

_AT_ONCE = 500
_LONGEST = timedelta(days=1)
"""Of a face that is followed for longer, only the answers within it are compared with others' tracks."""


async def named_tracks(connection: AsyncConnection, person_id: str) -> Sequence[NamedTrack]:
    """Returns when which tracks were recognized as a person."""
    return await _tracks(connection, recognitions.c.person_id == person_id)


async def named_tracks_near(
    connection: AsyncConnection, person_id: str, tracks: Sequence[NamedTrack]
) -> Sequence[NamedTrack]:
    """Returns when which tracks were recognized as a person, of those that may have been followed with others."""
    table, found = recognitions.c, list[NamedTrack]()
    for span in covering(Span(track.first - _LONGEST, track.last + _LONGEST) for track in tracks):
        found += await _tracks(connection, table.person_id == person_id, table.captured_at.between(*span))
    return found


async def move_answers(connection: AsyncConnection, kept_id: str, other_id: str) -> None:
    """Moves the engine's answers, what decisions saw, and pictures to be reviewed, to the person who is kept."""
    for held in (recognitions, review_pictures):
        await connection.execute(update(held).where(held.c.person_id == other_id).values(person_id=kept_id))
    table, rival = decision_candidates.c, decision_candidates.alias()
    both = select(table.recognition_id, table.place, rival.c.place.label("other_place")).join(
        rival, rival.c.recognition_id == table.recognition_id
    )
    both = both.where(table.person_id == kept_id, rival.c.person_id == other_id)
    worse: dict[str, list[str]] = {kept_id: [], other_id: []}
    for row in await connection.execute(both):
        worse[other_id if row.place < row.other_place else kept_id].append(row.recognition_id)
    # What was decided between the two of them is not replayed any more, since a candidate is missing in it.
    for person_id, ids in worse.items():
        for some in _some(ids):
            gone = (table.person_id == person_id, table.recognition_id.in_(some))
            await connection.execute(delete(decision_candidates).where(*gone))
    rest = update(decision_candidates).where(table.person_id == other_id)
    await connection.execute(rest.values(person_id=kept_id))


async def move_reviews(
    connection: AsyncConnection, kept_id: str, other_id: str, display_name: str, now: datetime
) -> int:
    """Moves reviews, without what they demand, to the person who is kept. Returns how many.

    Whoever said that a face is not one of the two may have meant that it is the other one. So a denied name demands
    nothing of the person who is kept, and the denial of one name ends where the sighting has the other one.
    """
    await _end_denials(connection, (kept_id, other_id), now)
    table = sighting_reviews.c
    about = or_(table.person_id == other_id, table.decided_person_id == other_id)
    count: int = (
        await connection.execute(select(func.count()).select_from(sighting_reviews).where(about))
    ).scalar_one()
    said = update(sighting_reviews).where(table.person_id == other_id)
    nothing = {"demand_engine": None, "demand_similarity": None, "demand_until": None}
    await connection.execute(said.values(person_id=kept_id, **nothing))
    decided = update(sighting_reviews).where(table.decided_person_id == other_id)
    await connection.execute(decided.values(decided_person_id=kept_id, decided_name=display_name))
    return count


async def _end_denials(connection: AsyncConnection, both: Sequence[str], now: datetime) -> None:
    """Undoes the reviews that deny one of two people and whose sighting is of either of them."""
    table = sighting_reviews.c
    of_either = exists().where(sightings.c.sighting_id == table.sighting_id, sightings.c.person_id.in_(both))
    holding = (table.person_id.in_(both), table.action == ReviewAction.NOT.value, table.undone_at.is_(None))
    ended = update(sighting_reviews).where(*holding, of_either)
    await connection.execute(ended.values(undone_at=now, undone_by=UNDONE_BY_MERGE))


async def move_open_tracks(connection: AsyncConnection, kept_id: str, other_id: str) -> None:
    """Moves the faces that streams follow under the other name to the person who is kept."""
    key = streams.c.stream_id
    holding = streams.c.open_tracks.contains(f'["{other_id}"', autoescape=True)
    query = select(key, streams.c.open_tracks).where(holding).order_by(key).with_for_update()
    for row in (await connection.execute(query)).all():
        tracks = _renamed(read(row.open_tracks), kept_id, other_id)
        await connection.execute(update(streams).where(key == row.stream_id).values(open_tracks=written(tracks)))


def _renamed(tracks: Sequence[OpenTrack], kept_id: str, other_id: str) -> list[OpenTrack]:
    # Of two faces in one picture only one keeps the name.
    taken = any(track.match is not None and track.match.person_id == kept_id for track in tracks)
    renamed = []
    for track in tracks:
        match: Any = track.match
        if match is not None and match.person_id == other_id:
            match = None if taken else replace(match, person_id=kept_id)
            taken = True
        renamed.append(replace(track, match=match))
    return renamed


async def _tracks(connection: AsyncConnection, *which: ColumnElement[bool]) -> Sequence[NamedTrack]:
    table = recognitions.c
    query = select(table.stream_id, table.track_id, func.min(table.captured_at), func.max(table.captured_at))
    query = query.where(*which, table.outcome == "match").group_by(table.stream_id, table.track_id)
    return [NamedTrack(*row) for row in await connection.execute(query)]


def _some(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]
