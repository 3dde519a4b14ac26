"""Reads everything that the records of one session follow from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.attendance.groups import Placement, Roster
from portero_server.domain.attendance.limits import opening
from portero_server.domain.attendance.record import Excuse, PersonSighting
from portero_server.domain.attendance.rules import AttendanceRules
from portero_server.domain.attendance.schedule import AttendanceSession
from portero_server.domain.attendance.sheet import SessionFacts
from portero_server.domain.attendance.spans import TimeSpan
from portero_server.domain.attendance.suspects import FaceLook, is_unclear, suspects_of
from portero_server.domain.recording.reviews import ReviewAction
from portero_server.domain.tracking.deciding import DecisionReason
from portero_server.store.attendance.coverage import coverage_in
from portero_server.store.attendance.rows import correction_of, excuse_of, membership_of, placement_of
from portero_server.store.eligibility import recognizable_names
from portero_server.store.schema import (
    along,
    attendance_corrections,
    attendance_excuses,
    attendance_memberships,
    attendance_placements,
    decision_candidates,
    decisions,
    faces,
    look_alikes,
    sighting_reviews,
    sighting_tracks,
    sightings,
)

_LONG = timedelta(hours=1)
_NOT_COMPARED = frozenset({DecisionReason.NO_FACE.value, DecisionReason.REMEMBERED.value})
_AT_ONCE = 500


async def facts_of(
    connection: AsyncConnection,
    session: AttendanceSession,
    rules: AttendanceRules,
    now: datetime,
    *,
    consent_required: bool,
) -> SessionFacts:
    """Returns the facts of a session, and holds its roster until the transaction ends.

    Whoever is erased meanwhile waits for the records, and then takes the name out of them.
    """
    span = opening(session.span, rules)
    members = select(attendance_memberships).where(attendance_memberships.c.group_id == session.group_id)
    roster = Roster(tuple(membership_of(row) for row in await connection.execute(members.with_for_update(read=True))))
    people = roster.people_on(session.day)
    placements = await _placements(connection, session.room_ids)
    cameras = sorted({each.camera_id for each in placements if each.within(span) is not None})
    named = set(await recognizable_names(connection, people, now, consent_required=consent_required))
    enrolled = await _enrolled(connection, people)
    return SessionFacts(
        session,
        roster,
        rules,
        placements,
        await _sightings(connection, cameras, span),
        {camera_id: await coverage_in(connection, camera_id, span) for camera_id in cameras},
        await _excuses(connection, people, session.span),
        tuple(
            correction_of(row)
            for row in await connection.execute(
                select(attendance_corrections).where(attendance_corrections.c.session_id == session.session_id)
            )
        ),
        nameless=frozenset(people) - (named & enrolled),
    )


async def _placements(connection: AsyncConnection, room_ids: Collection[str]) -> tuple[Placement, ...]:
    query = select(attendance_placements).where(attendance_placements.c.room_id.in_(sorted(room_ids)))
    return tuple(placement_of(row) for row in await connection.execute(query))


async def _enrolled(connection: AsyncConnection, people: Sequence[str]) -> set[str]:
    query = select(faces.c.person_id).where(faces.c.person_id.in_(people)).distinct()
    return set(await connection.scalars(query)) if people else set()


async def _excuses(connection: AsyncConnection, people: Sequence[str], span: TimeSpan) -> tuple[Excuse, ...]:
    table = attendance_excuses.c
    own = (table.person_id.in_(people), table.starts_at < span.end, table.ends_at > span.start)
    query = select(attendance_excuses).where(*own, table.withdrawn_at.is_(None))
    return tuple(excuse_of(row) for row in await connection.execute(query)) if people else ()


async def _sightings(connection: AsyncConnection, cameras: Sequence[str], span: TimeSpan) -> tuple[PersonSighting, ...]:
    rows: list[Any] = []
    for camera_id in cameras:
        rows += await _rows_at(connection, camera_id, span)
    alike = await _look_alikes(connection, {row.person_id for row in rows if row.person_id is not None})
    nameless = [row.sighting_id for row in rows if row.person_id is None]
    looks, said = await _looks(connection, nameless), await _said(connection, nameless)
    return tuple(_sighting(row, alike, looks, said) for row in rows)


async def _rows_at(connection: AsyncConnection, camera_id: str, span: TimeSpan) -> list[Any]:
    table = sightings.c
    own = (table.camera_id == camera_id, table.track_count > 0, table.last_seen >= span.start)
    recent = select(sightings).where(*own, table.first_seen >= span.start - _LONG, table.first_seen < span.end)
    long = select(sightings).where(*own, table.long_until >= span.start, table.first_seen < span.start - _LONG)
    found = list(await connection.execute(along(recent, sightings, "ix_sightings_camera")))
    return [*found, *await connection.execute(along(long, sightings, "ix_sightings_camera_long"))]


def _sighting(
    row: Any,
    alike: Mapping[str, set[str]],
    looks: Mapping[str, Sequence[FaceLook]],
    said: Mapping[str, tuple[str, str | None]],
) -> PersonSighting:
    place = row.sighting_id, row.camera_id, row.first_seen, row.last_seen
    if row.person_id is not None:
        # A person knows the two apart who said which of them it is.
        others = frozenset[str]() if row.reviewed else frozenset(alike.get(row.person_id, ()))
        return PersonSighting(*place, row.person_id, 1.0 if row.reviewed else row.similarity, others)
    action, denied = said.get(row.sighting_id, ("", None))
    own = looks.get(row.sighting_id, ())
    unclear = action != ReviewAction.NOT.value and is_unclear(own)
    return PersonSighting(*place, may_be=suspects_of(own) - {denied or ""}, unclear=unclear)


async def _look_alikes(connection: AsyncConnection, people: set[str]) -> Mapping[str, set[str]]:
    table, found = look_alikes.c, defaultdict[str, set[str]](set)
    for some in _some(people):
        either = or_(table.first_person_id.in_(some), table.second_person_id.in_(some))
        query = select(table.first_person_id, table.second_person_id).where(either).distinct()
        for first, second in await connection.execute(query):
            found[first].add(second)
            found[second].add(first)
    return found


async def _looks(connection: AsyncConnection, sighting_ids: Sequence[str]) -> Mapping[str, list[FaceLook]]:
    found: dict[str, list[FaceLook]] = defaultdict(list)
    for some in _some(sighting_ids):
        tracks = select(sighting_tracks.c.sighting_id, decisions).join(
            decisions, decisions.c.track_id == sighting_tracks.c.track_id
        )
        rows = (await connection.execute(tracks.where(sighting_tracks.c.sighting_id.in_(some)))).all()
        seen = await _candidates(connection, [row.recognition_id for row in rows])
        for row in rows:
            compared = row.reason not in _NOT_COMPARED
            candidates = tuple(seen.get(row.recognition_id, ()))
            look = FaceLook(compared, row.quality, row.sure_quality, row.threshold, candidates)
            found[row.sighting_id].append(look)
    return found


async def _candidates(
    connection: AsyncConnection, recognition_ids: Sequence[str]
) -> Mapping[str, list[tuple[str, float]]]:
    table, found = decision_candidates.c, defaultdict[str, list[tuple[str, float]]](list)
    for some in _some(recognition_ids):
        query = select(table.recognition_id, table.person_id, table.similarity).where(table.recognition_id.in_(some))
        for recognition_id, person_id, similarity in await connection.execute(query):
            found[recognition_id].append((person_id, similarity))
    return found


async def _said(connection: AsyncConnection, sighting_ids: Sequence[str]) -> Mapping[str, tuple[str, str | None]]:
    """Returns what the reviews that hold say of sightings: action and person."""
    table, found = sighting_reviews.c, dict[str, tuple[str, str | None]]()
    for some in _some(sighting_ids):
        query = select(table.sighting_id, table.action, table.person_id)
        query = query.where(table.sighting_id.in_(some), table.undone_at.is_(None))
        found |= {row.sighting_id: (row.action, row.person_id) for row in await connection.execute(query)}
    return found


def _some(ids: Collection[str]) -> Iterator[list[str]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), _AT_ONCE):
        yield ordered[start : start + _AT_ONCE]
