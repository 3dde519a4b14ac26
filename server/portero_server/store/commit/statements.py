"""The SQL statements of a group commit. Each takes any number of rows, and is skipped if there are none."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Select, and_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.recording.sightings import Sighting, SightingEventKind, StreamCommit
from portero_server.domain.streams.frames import RejectionReason
from portero_server.store.bulk.incoming import DialectName, encoded, incoming, whole
from portero_server.store.bulk.writing import insert_new, upsert
from portero_server.store.commit.visits import JoinWindow, TrackLink
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

_SIGHTING = [column.name for column in sightings.columns if not column.primary_key]
_LINK = [column.name for column in sighting_tracks.columns if not column.primary_key]
# Every commit that finds a face asks these, and SQLAlchemy takes longer to put them together than to run them.
_LINKS = select(sighting_tracks).where(sighting_tracks.c.track_id.in_(bindparam("ids", expanding=True)))
_LINKS_OF = select(sighting_tracks).where(sighting_tracks.c.sighting_id.in_(bindparam("ids", expanding=True)))
_HELD = (
    select(sightings)
    .where(sightings.c.sighting_id.in_(bindparam("ids", expanding=True)))
    .order_by(sightings.c.sighting_id)
    .with_for_update()
)
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

        times = [Column("earliest", UtcTime), Column("latest", UtcTime)]
        wanted = incoming(dialect, [Column("camera_id", Name), Column("person_id", Name), *times])
        begun = and_(
            sightings.c.person_id == wanted.c.person_id,
            sightings.c.camera_id == wanted.c.camera_id,
            sightings.c.first_seen >= wanted.c.earliest,
            sightings.c.first_seen <= wanted.c.latest,
            sightings.c.track_count > 0,
        )
        query = select(sightings.c.sighting_id).select_from(wanted.join(sightings, begun))
        self._begun_within = along(query, sightings, "ix_sightings_visit")

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
        return await _links(connection, _LINKS, track_ids)

    async def links_of(self, connection: AsyncConnection, sighting_ids: Collection[str]) -> Sequence[TrackLink]:
        """Returns the stored links of all tracks of these sightings."""
        return await _links(connection, _LINKS_OF, sighting_ids)

    async def joinable_sightings(self, connection: AsyncConnection, windows: Iterable[JoinWindow]) -> set[str]:
        """Returns, for every named track decided, the person's latest sighting at the camera that it might join."""
        return await self._latest(connection, [(window, window.latest) for window in windows])

    async def all_joinable_sightings(self, connection: AsyncConnection, windows: Collection[JoinWindow]) -> set[str]:
        """Returns all sightings that tracks might join: those that begin in their windows, and those just before."""
        wanted = [
            {
                "camera_id": window.camera_id,
                "person_id": window.person_id,
                "earliest": window.earliest,
                "latest": window.latest,
            }
            for window in windows
        ]
        if not wanted:
            return set()
        found = set(await connection.scalars(self._begun_within, encoded(wanted)))
        return found | await self._latest(connection, [(window, window.earliest) for window in windows])

    async def _latest(self, connection: AsyncConnection, windows: Iterable[tuple[JoinWindow, datetime]]) -> set[str]:
        wanted = [
            {"camera_id": window.camera_id, "person_id": window.person_id, "latest": latest}
            for window, latest in windows
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
        return [sighting_of(row) for row in await connection.execute(_HELD, {"ids": sorted(ids)})]

    async def write_sightings(self, connection: AsyncConnection, changed: Iterable[Sighting]) -> None:
        """Writes whole sightings, new and existing ones."""
        rows = [sighting_columns(sighting) for sighting in changed]
        await upsert(connection, sightings, rows, replacing=_SIGHTING)

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
        await upsert(connection, sighting_tracks, rows, replacing=_LINK)

    async def write_evidence(
        self, connection: AsyncConnection, parts: Sequence[StreamCommit], names: Mapping[str, str], now: datetime
    ) -> None:
        """Writes recognitions, refused and missing frames, and texts; existing rows are left unchanged.

        Args:
            connection: Connection of the transaction.
            parts: What each stream adds to the commit.
            names: People who may be named; an answer that names somebody else keeps its row but not the person.
            now: The time recorded for refused and missing frames.
        """
        await insert_new(connection, recognitions, _recognition_rows(parts, names))
        await upsert(connection, stream_exceptions, _exception_rows(parts, now), replacing=("last_sequence",))
        await insert_new(connection, texts, _text_rows(parts))

    async def write_events(
        self, connection: AsyncConnection, happened: Sequence[tuple[SightingEventKind, Sighting]], now: datetime
    ) -> int | None:
        """Appends events and returns the position of the last one."""
        if not happened:
            return None
        first = await take_positions(connection, "events", len(happened))
        rows = [
            {
                "position": position,
                "kind": kind.value,
                "sighting_id": sighting.sighting_id,
                "camera_id": sighting.camera_id,
                "happened_at": now,
            }
            for position, (kind, sighting) in enumerate(happened, first)
        ]
        await insert_new(connection, events, rows)
        return first + len(rows) - 1


async def _links(
    connection: AsyncConnection, query: Select[tuple[str, str, int, bool]], ids: Collection[str]
) -> Sequence[TrackLink]:
    if not ids:
        return []
    rows = await connection.execute(query, {"ids": sorted(ids)})
    return [TrackLink(row.track_id, row.sighting_id, row.ordinal, row.ended) for row in rows]


def _recognition_rows(parts: Iterable[StreamCommit], names: Mapping[str, str]) -> list[dict[str, Any]]:
    rows = []
    for part in parts:
        for answer in part.recognitions:
            known = answer.person_id in names
            # An answer about a person who may not be named is stored as "unknown".
            outcome = "unknown" if answer.person_id is not None and not known else answer.outcome
            rows.append(
                {
                    "recognition_id": answer.recognition_id,
                    "stream_id": part.stream_id,
                    "track_id": answer.track_id,
                    "sequence": answer.sequence,
                    "captured_at": answer.captured_at,
                    "engine": answer.engine,
                    "outcome": outcome,
                    "person_id": answer.person_id if known else None,
                    "similarity": answer.similarity if known else 0.0,
                    "margin": answer.margin if known else 0.0,
                    "quality": answer.quality,
                    "latency": answer.latency,
                }
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


def _text_rows(parts: Iterable[StreamCommit]) -> list[dict[str, Any]]:
    return [
        {
            "stream_id": part.stream_id,
            "sequence": text.sequence,
            "captured_at": text.captured_at,
            "content": json.dumps(text.lines, ensure_ascii=False),
        }
        for part in parts
        for text in part.texts
    ]
