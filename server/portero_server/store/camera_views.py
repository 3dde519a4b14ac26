"""What cameras see now, and whether frames come, read from what every server has committed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.store.database import Database
from portero_server.store.open_tracks import PRESENT, read
from portero_server.store.schema import along, sighting_tracks, sightings, streams

_NOBODY = ""
_CHUNK = 500
_OWNED = along(
    select(streams.c.camera_id, streams.c.stream_id, streams.c.durable_sequence, streams.c.open_tracks)
    .where(streams.c.session > _NOBODY)
    .order_by(streams.c.session),
    streams,
    "ix_streams_session",
)


@dataclass(frozen=True, slots=True)
class CameraView:
    """What the stream of a camera has come to.

    Attributes:
        progress: Its stream and durable sequence; it is another one after each frame that was committed.
        in_view: The sightings of those who are before the camera, each with its person, or None for a stranger.
    """

    progress: tuple[int, int]
    in_view: Mapping[str, str | None]


class CameraViews:
    """Reads the view of all cameras."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def now(self) -> Mapping[str, CameraView]:
        """Returns the view of each camera that ever had a stream, by its id.

        Raises:
            StoreUnavailable: The database does not answer.
        """

        async def unit(connection: AsyncConnection) -> Mapping[str, CameraView]:
            rows = (await connection.execute(_OWNED)).all()
            tracks = {row.camera_id: _present(row.open_tracks) for row in rows}
            sightings_of = await _sightings(connection, [track for each in tracks.values() for track in each])
            return {
                row.camera_id: CameraView(
                    (row.stream_id, row.durable_sequence),
                    dict(sightings_of[track] for track in tracks[row.camera_id] if track in sightings_of),
                )
                for row in rows
            }

        return await self._database.read(unit)


def _present(text: str | None) -> list[str]:
    if text is None or PRESENT not in text:
        return []
    return [track.track_id for track in read(text) if not track.absent]


async def _sightings(connection: AsyncConnection, tracks: list[str]) -> Mapping[str, tuple[str, str | None]]:
    """Returns the sighting of each track that has one, with its person."""
    joined = select(sighting_tracks.c.track_id, sightings.c.sighting_id, sightings.c.person_id).join_from(
        sighting_tracks, sightings, sightings.c.sighting_id == sighting_tracks.c.sighting_id
    )
    found: dict[str, tuple[str, str | None]] = {}
    for first in range(0, len(tracks), _CHUNK):
        chunk = joined.where(sighting_tracks.c.track_id.in_(tracks[first : first + _CHUNK]))
        rows: Any = await connection.execute(chunk)
        found |= {row.track_id: (row.sighting_id, row.person_id) for row in rows}
    return found
