"""Finds and removes expired data, in batches small enough not to delay commits.

Two servers may remove the same rows at once: each removes what it still finds.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, and_, delete, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.people.privacy import Purpose
from portero_server.store.audit import retire_oldest
from portero_server.store.database import Database
from portero_server.store.open_tracks import read, written
from portero_server.store.photo_rows import delete_later
from portero_server.store.schema import (
    along,
    attendance_changes,
    attendance_corrections,
    attendance_coverage,
    attendance_excuses,
    attendance_notices,
    attendance_records,
    attendance_sessions,
    audit_entries,
    audit_head,
    budget_steps,
    check_ins,
    consents,
    decisions,
    events,
    guests,
    photos,
    recognitions,
    review_pictures,
    sighting_reviews,
    sighting_tracks,
    sightings,
    snapshots,
    stream_exceptions,
    streams,
    subscription_deliveries,
    subscription_told,
    texts,
    usage_avoided,
    usage_calls,
    visitor_encodings,
    visitor_visits,
    visitors,
)
from portero_server.store.snapshot_rows import delete_snapshots_later

BATCH = 500
"""Most rows of a table that one transaction removes."""

_Step = Callable[[AsyncConnection, datetime], Awaitable[int]]


class RetentionStore:
    """Removes data whose retention period has ended."""

    def __init__(self, database: Database, clock: Clock, *, batch: int = BATCH) -> None:
        self._database = database
        self._clock = clock
        self._batch = batch
        self._steps: Mapping[Purpose, Sequence[_Step]] = {
            Purpose.STRANGERS: (
                self._open_tracks(named=False),
                self._sightings(named=False),
                self._answers(named=False),
            ),
            Purpose.VISITORS: (
                self._rows(visitor_encodings, visitor_encodings.c.seen_at),
                self._rows(visitor_visits, visitor_visits.c.seen_at),
                self._named_after_all(visitor_encodings),
                self._named_after_all(visitor_visits),
                self._unknowable,
            ),
            Purpose.SIGHTINGS: (self._open_tracks(named=True), self._sightings(named=True), self._answers(named=True)),
            Purpose.TEXTS: (self._rows(texts, texts.c.captured_at),),
            Purpose.EVENTS: (
                self._events,
                self._rows(subscription_deliveries, subscription_deliveries.c.last_at),
                self._rows(subscription_told, subscription_told.c.told_at),
            ),
            Purpose.EXCEPTIONS: (self._date_exceptions, self._rows(stream_exceptions, stream_exceptions.c.recorded_at)),
            Purpose.USAGE: (
                self._rows(usage_calls, usage_calls.c.hour),
                self._rows(usage_avoided, usage_avoided.c.hour),
                self._rows(budget_steps, budget_steps.c.day),
            ),
            Purpose.CONSENTS: (self._consents,),
            Purpose.AUDIT: (self._audit,),
            Purpose.CHECK_INS: (self._rows(check_ins, check_ins.c.created_at),),
            Purpose.GUESTS: (self._rows(guests, guests.c.day_ends_at),),
            Purpose.PHOTOS: (self._photos,),
            Purpose.REVIEWS: (self._rows(sighting_reviews, sighting_reviews.c.reviewed_at),),
            Purpose.REVIEW_PICTURES: (self._rows(review_pictures, review_pictures.c.kept_at),),
            Purpose.SNAPSHOTS: (self._snapshots,),
            # Their candidates go with them.
            Purpose.DECISIONS: (self._rows(decisions, decisions.c.captured_at),),
            Purpose.ATTENDANCE: tuple(self._rows(age.table, age) for age in _ATTENDANCE),
        }

    def steps(self, purpose: Purpose) -> int:
        """Returns the number of kinds of rows that a purpose has."""
        return len(self._steps[purpose])

    async def remove_some(self, purpose: Purpose, step: int, before: datetime) -> tuple[int, bool]:
        """Removes one batch of one kind of rows older than a time, in one transaction.

        Returns:
            How many were removed, and whether there may be more.
        """
        work = self._steps[purpose][step]
        found = await self._database.run(lambda connection: work(connection, before))
        # Dating rows removes none of them.
        return 0 if work == self._date_exceptions else found, found >= self._batch

    async def oldest(self, purpose: Purpose, before: datetime) -> datetime | None:
        """Returns the time of the oldest row older than `before`; None if there is none, as expected."""
        return await self._database.read(lambda connection: _oldest(connection, _AGES[purpose], before))

    def _rows(self, table: Table, age: Column[Any]) -> _Step:
        async def step(connection: AsyncConnection, before: datetime) -> int:
            key = tuple(table.primary_key)
            query = select(*key).where(age < before).order_by(age).limit(self._batch)
            found = (await connection.execute(query)).all()
            if found:
                await connection.execute(delete(table).where(tuple_(*key).in_([tuple(row) for row in found])))
            return len(found)

        return step

    def _sightings(self, *, named: bool) -> _Step:
        async def step(connection: AsyncConnection, before: datetime) -> int:
            table = sightings.c
            query = select(table.sighting_id).where(table.first_seen < before, table.last_seen < before)
            query = query.where(_named(table.person_id, named=named)).order_by(table.first_seen).limit(self._batch)
            query = along(query, sightings, "ix_sightings_time" if named else "ix_sightings_person")
            found = sorted(await connection.scalars(query))
            if found:
                # Once more with the time: a commit may have gone on with the visit since.
                gone = and_(table.sighting_id.in_(found), table.last_seen < before)
                await connection.execute(delete(sightings).where(gone))
                left = set(await connection.scalars(select(table.sighting_id).where(table.sighting_id.in_(found))))
                links = sighting_tracks.c.sighting_id.in_([key for key in found if key not in left])
                await connection.execute(delete(sighting_tracks).where(links))
            return len(found)

        return step

    def _answers(self, *, named: bool) -> _Step:
        async def step(connection: AsyncConnection, before: datetime) -> int:
            table = recognitions.c
            query = select(table.recognition_id).where(table.captured_at < before)
            query = query.where(_named(table.person_id, named=named)).order_by(table.captured_at).limit(self._batch)
            query = along(query, recognitions, "ix_recognitions_time" if named else "ix_recognitions_person")
            found = sorted(await connection.scalars(query))
            if found:
                await connection.execute(delete(recognitions).where(table.recognition_id.in_(found)))
            return len(found)

        return step

    def _open_tracks(self, *, named: bool) -> _Step:
        """Removes the stored tracks of streams that were interrupted long ago."""

        async def step(connection: AsyncConnection, before: datetime) -> int:
            holding = func.coalesce(streams.c.open_tracks, "") != ""
            removed = 0
            for stream_id, text in (
                await connection.execute(select(streams.c.stream_id, streams.c.open_tracks).where(holding))
            ).all():
                tracks = read(text)
                kept = [each for each in tracks if (each.match is not None) != named or each.last_seen >= before]
                if len(kept) < len(tracks):
                    # As it was read: a stream that has gone on since keeps what it wrote.
                    own = (streams.c.stream_id == stream_id, streams.c.open_tracks == text)
                    await connection.execute(update(streams).where(*own).values(open_tracks=written(kept)))
                    removed += len(tracks) - len(kept)
            return removed

        return step

    async def _events(self, connection: AsyncConnection, before: datetime) -> int:
        # Positions grow with time, so the oldest are the first: no index on time is needed.
        query = select(events.c.position, events.c.happened_at).order_by(events.c.position).limit(self._batch)
        found = [row.position for row in await connection.execute(query) if row.happened_at < before]
        if found:
            await connection.execute(delete(events).where(events.c.position.in_(found)))
        return len(found)

    async def _date_exceptions(self, connection: AsyncConnection, before: datetime) -> int:
        """Dates rows of earlier versions, which have no date, with the day on which they are found; removes none."""
        table = stream_exceptions.c
        key = (table.stream_id, table.first_sequence)
        query = select(*key).where(table.recorded_at.is_(None)).limit(self._batch)
        found = [tuple(row) for row in await connection.execute(query)]
        if found:
            dated = update(stream_exceptions).where(tuple_(*key).in_(found)).values(recorded_at=self._clock.now())
            await connection.execute(dated)
        return len(found)

    async def _consents(self, connection: AsyncConnection, before: datetime) -> int:
        found = list(await connection.scalars(select(consents.c.consent_id).where(_ended(before)).limit(self._batch)))
        if found:
            await connection.execute(delete(consents).where(consents.c.consent_id.in_(found)))
        return len(found)

    async def _photos(self, connection: AsyncConnection, before: datetime) -> int:
        """Marks photos whose time has come; their rows go after their objects (`PhotoVault.sweep`)."""
        return await delete_later(connection, photos.c.created_at < before, limit=self._batch)

    async def _snapshots(self, connection: AsyncConnection, before: datetime) -> int:
        """Marks snapshots whose time has come; their rows go after their objects (`SnapshotVault.sweep`)."""
        return await delete_snapshots_later(connection, snapshots.c.created_at < before, limit=self._batch)

    def _named_after_all(self, table: Table) -> _Step:
        """Removes what is kept of visitors by sightings that turned out to be a person's."""

        async def step(connection: AsyncConnection, before: datetime) -> int:
            key = next(iter(table.primary_key))
            named = and_(sightings.c.sighting_id == table.c.sighting_id, sightings.c.person_id.is_not(None))
            query = select(key).select_from(table.join(sightings, named)).limit(self._batch)
            found = list(await connection.scalars(query))
            if found:
                await connection.execute(delete(table).where(key.in_(found)))
            return len(found)

        return step

    async def _unknowable(self, connection: AsyncConnection, before: datetime) -> int:
        """Removes visitors of whom no encoding is left, with the rest of what is kept of them."""
        known = select(visitor_encodings.c.visitor_id).where(visitor_encodings.c.visitor_id == visitors.c.visitor_id)
        query = select(visitors.c.visitor_id).where(~known.exists()).limit(self._batch)
        found = list(await connection.scalars(query))
        if found:
            await connection.execute(delete(visitors).where(visitors.c.visitor_id.in_(found)))
        return len(found)

    async def _audit(self, connection: AsyncConnection, before: datetime) -> int:
        return await retire_oldest(connection, before, self._clock.now(), self._batch)


def _named(person: Column[Any] | ColumnElement[Any], *, named: bool) -> ColumnElement[bool]:
    return person.is_not(None) if named else person.is_(None)


def _ended(before: datetime) -> ColumnElement[bool]:
    return or_(consents.c.withdrawn_at < before, consents.c.expires_at < before)


# Entries go in the chain's order, so that the first says how late retention is, and the last, which stays, does not.
_FIRST_IN_CHAIN = and_(
    audit_entries.c.position == select(func.min(audit_entries.c.position)).scalar_subquery(),
    audit_entries.c.position < select(audit_head.c["count"]).scalar_subquery(),
)

_ATTENDANCE = (
    attendance_records.c.starts_at,
    attendance_changes.c.changed_at,
    attendance_notices.c.decided_at,
    attendance_corrections.c.corrected_at,
    attendance_excuses.c.ends_at,
    attendance_coverage.c.ends_at,
    # Last: a session without records would be decided once more.
    attendance_sessions.c.starts_at,
)

_AGES: Mapping[Purpose, Sequence[tuple[Column[Any], ColumnElement[bool] | None]]] = {
    Purpose.STRANGERS: (
        (sightings.c.last_seen, sightings.c.person_id.is_(None)),
        (recognitions.c.captured_at, recognitions.c.person_id.is_(None)),
    ),
    Purpose.VISITORS: ((visitor_encodings.c.seen_at, None), (visitor_visits.c.seen_at, None)),
    Purpose.SIGHTINGS: (
        (sightings.c.last_seen, sightings.c.person_id.is_not(None)),
        (recognitions.c.captured_at, recognitions.c.person_id.is_not(None)),
    ),
    Purpose.TEXTS: ((texts.c.captured_at, None),),
    Purpose.EVENTS: (
        (events.c.happened_at, None),
        (subscription_deliveries.c.last_at, None),
        (subscription_told.c.told_at, None),
    ),
    Purpose.EXCEPTIONS: ((stream_exceptions.c.recorded_at, None),),
    Purpose.USAGE: ((usage_calls.c.hour, None), (usage_avoided.c.hour, None), (budget_steps.c.day, None)),
    Purpose.CONSENTS: ((consents.c.withdrawn_at, None), (consents.c.expires_at, None)),
    Purpose.AUDIT: ((audit_entries.c.happened_at, _FIRST_IN_CHAIN),),
    Purpose.CHECK_INS: ((check_ins.c.created_at, None),),
    Purpose.GUESTS: ((guests.c.day_ends_at, None),),
    Purpose.PHOTOS: ((photos.c.created_at, None),),
    Purpose.REVIEWS: ((sighting_reviews.c.reviewed_at, None),),
    Purpose.REVIEW_PICTURES: ((review_pictures.c.kept_at, None),),
    Purpose.SNAPSHOTS: ((snapshots.c.created_at, None),),
    Purpose.DECISIONS: ((decisions.c.captured_at, None),),
    Purpose.ATTENDANCE: tuple((age, None) for age in _ATTENDANCE),
}
"""By which column each kind of row is as old as it is; for the one that is most overdue."""


async def _oldest(
    connection: AsyncConnection,
    ages: Sequence[tuple[Column[Any], ColumnElement[bool] | None]],
    before: datetime,
) -> datetime | None:
    found: list[datetime] = []
    for age, condition in ages:
        query = select(func.min(age)).where(age < before)
        moment = (await connection.execute(query if condition is None else query.where(condition))).scalar_one()
        if moment is not None:
            found.append(moment)
    return min(found, default=None)
