"""The SQL statements of a group commit. Each takes any number of rows, and is skipped if there are none."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.recording.sightings import Sighting, SightingEventKind, StreamCommit
from portero_server.domain.streams.frames import RejectionReason
from portero_server.store.commit.value_lists import NewRows
from portero_server.store.commit.visits import TrackLink
from portero_server.store.rows import DialectName, encoded, incoming, insert_rows, whole
from portero_server.store.schema import (
    along,
    events,
    recognitions,
    sighting_tracks,
    sightings,
    stream_exceptions,
    texts,
)
from portero_server.store.sequencers import take_positions
from portero_server.store.sightings import sighting_columns, sighting_of
from portero_server.store.types import Name, UtcTime

_OWNERS = "SELECT stream_id, session, durable_sequence, open_tracks FROM streams"


@dataclass(frozen=True, slots=True)
class StreamOwner:
    """The session that may commit to a stream, the stream's durable sequence, and the text of its open tracks."""

    session: str
    durable_sequence: int
    open_tracks: str | None


class CommitSql:
    """The statements in one SQL dialect, built once."""

    def __init__(self, dialect: DialectName) -> None:
        # SQLite has one writer at a time, which holds everything.
        self._holding = "" if dialect == "sqlite" else " FOR UPDATE"
        self._put_sightings = insert_rows(dialect, sightings, replacing=_all_but(sightings.c.sighting_id))
        self._put_links = insert_rows(dialect, sighting_tracks, replacing=_all_but(sighting_tracks.c.track_id))
        self._recognitions = NewRows(dialect, recognitions)
        self._put_exceptions = insert_rows(dialect, stream_exceptions, replacing=("last_sequence",))
        self._texts = NewRows(dialect, texts)
        self._events = NewRows(dialect, events)

        wanted = incoming(dialect, [Column("camera_id", Name), Column("person_id", Name), Column("latest", UtcTime)])
        latest_visit = (
            along(select(sightings.c.sighting_id), sightings, "ix_sightings_visit")
            .where(
                sightings.c.person_id == wanted.c.person_id,
                sightings.c.camera_id == wanted.c.camera_id,
                sightings.c.first_seen <= wanted.c.latest,
                sightings.c.track_count > 0,
            )
            .order_by(sightings.c.first_seen.desc(), sightings.c.sighting_id.desc())
            .limit(1)
            .correlate(wanted)
            .scalar_subquery()
        )
        self._latest_visits = select(latest_visit).select_from(wanted)

    async def lock_streams(self, connection: AsyncConnection, ids: Collection[int]) -> Mapping[int, StreamOwner]:
        """Locks the rows of streams until the transaction ends, and returns their owners by id."""
        if not ids:
            return {}
        # Formatted by hand: SQLAlchemy's IN clause took as long to build and expand as the rest of the read.
        which = ", ".join(str(whole(each)) for each in sorted(ids))
        # In order of id, as everybody locks them.
        query = f"{_OWNERS} WHERE stream_id IN ({which}) ORDER BY stream_id{self._holding}"
        rows: Sequence[Any] = (await connection.exec_driver_sql(query)).all()
        return {stream_id: StreamOwner(*owner) for stream_id, *owner in rows}

    async def links(self, connection: AsyncConnection, track_ids: Collection[str]) -> Sequence[TrackLink]:
        """Returns the stored links of these tracks."""
        if not track_ids:
            return []
        query = select(sighting_tracks).where(sighting_tracks.c.track_id.in_(sorted(track_ids)))
        return [
            TrackLink(row.track_id, row.sighting_id, row.ordinal, row.ended) for row in await connection.execute(query)
        ]

    async def joinable_sightings(self, connection: AsyncConnection, parts: Iterable[StreamCommit]) -> set[str]:
        """Returns, for every named track decided, the person's latest sighting at the camera that it might join."""
        wanted = [
            {
                "camera_id": part.camera_id,
                "person_id": track.match.person_id,
                "latest": track.last_seen + track.visit_gap,
            }
            for part in parts
            for track in part.decided
            if track.match is not None
        ]
        if not wanted:
            return set()
        return {found for found in await connection.scalars(self._latest_visits, encoded(wanted)) if found is not None}

    async def sightings(self, connection: AsyncConnection, ids: Collection[str]) -> Sequence[Sighting]:
        """Locks sightings until the transaction ends, and returns them by id.

        They are written back whole; without the lock, a name that was erased meanwhile would be written again.
        """
        if not ids:
            return []
        query = select(sightings).where(sightings.c.sighting_id.in_(sorted(ids))).order_by(sightings.c.sighting_id)
        query = query.with_for_update()
        return [sighting_of(row) for row in await connection.execute(query)]

    async def write_sightings(self, connection: AsyncConnection, changed: Iterable[Sighting]) -> None:
        """Writes whole sightings, new and existing ones."""
        await _write(connection, self._put_sightings, [sighting_columns(sighting) for sighting in changed])

    async def write_links(self, connection: AsyncConnection, changed: Iterable[TrackLink]) -> None:
        """Writes whole links, new and existing ones."""
        rows = [
            {
                "track_id": link.track_id,
                "sighting_id": link.sighting_id,
                "ordinal": link.ordinal,
                "ended": link.ended,
            }
            for link in changed
        ]
        await _write(connection, self._put_links, rows)

    async def write_evidence(
        self, connection: AsyncConnection, parts: Sequence[StreamCommit], names: Mapping[str, str], now: datetime
    ) -> None:
        """Writes recognitions, refused and missing frames, and texts; existing rows are left unchanged.

        Args:
            connection: Of the transaction.
            parts: Of the commit.
            names: People who may be named; an answer that names somebody else keeps its row but not the person.
            now: The time recorded for refused and missing frames.
        """
        await self._recognitions.write(connection, _recognition_rows(parts, names))
        await _write(connection, self._put_exceptions, _exception_rows(parts, now))
        await self._texts.write(connection, _text_rows(parts))

    async def write_events(
        self, connection: AsyncConnection, happened: Sequence[tuple[SightingEventKind, Sighting]], now: datetime
    ) -> int | None:
        """Appends events and returns the position of the last one."""
        if not happened:
            return None
        first = await take_positions(connection, "events", len(happened))
        rows = [
            (position, kind.value, sighting.sighting_id, sighting.camera_id, now)
            for position, (kind, sighting) in enumerate(happened, first)
        ]
        await self._events.write(connection, rows)
        return first + len(rows) - 1


def _all_but(key: Column[Any]) -> list[str]:
    return [column.name for column in key.table.columns if column is not key]


async def _write(connection: AsyncConnection, statement: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        await connection.execute(statement, encoded(rows))


def _recognition_rows(parts: Iterable[StreamCommit], names: Mapping[str, str]) -> list[tuple[Any, ...]]:
    rows = []
    for part in parts:
        for answer in part.recognitions:
            known = answer.person_id in names
            # An answer about a person who may not be named is stored as "unknown".
            outcome = "unknown" if answer.person_id is not None and not known else answer.outcome
            rows.append(
                (
                    answer.recognition_id,
                    part.stream_id,
                    answer.track_id,
                    answer.sequence,
                    answer.captured_at,
                    answer.engine,
                    outcome,
                    answer.person_id if known else None,
                    answer.similarity if known else 0.0,
                    answer.margin if known else 0.0,
                    answer.quality,
                    answer.latency,
                )
            )
    return rows


def _exception_rows(parts: Iterable[StreamCommit], now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "stream_id": part.stream_id,
            "first_sequence": exception.first_sequence,
            "last_sequence": exception.last_sequence,
            "kind": "rejected" if isinstance(exception.reason, RejectionReason) else "missing",
            "reason": exception.reason.value,
            "recorded_at": now,
        }
        for part in parts
        for exception in part.exceptions
    ]


def _text_rows(parts: Iterable[StreamCommit]) -> list[tuple[Any, ...]]:
    return [
        (part.stream_id, text.sequence, text.captured_at, json.dumps(text.lines, ensure_ascii=False))
        for part in parts
        for text in part.texts
    ]
