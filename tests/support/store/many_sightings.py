"""Days full of sightings, written straight into a database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.detection.geometry import Box
from portero_server.domain.recording.sightings import Sighting
from portero_server.store.database import Database
from portero_server.store.schema import sightings
from portero_server.store.sightings import sighting_columns

FIRST_DAY = datetime(2026, 5, 1, tzinfo=UTC)
CAMERAS = {"door": "lobby", "desk": "bar"}
"""The cameras that saw them, and the sites to register these at."""
_CHUNK = 500


def days_of_sightings(days: int, a_day: int) -> Sequence[Sighting]:
    """Returns so many sightings of each day, evenly over it and by turns at the cameras; each third is of "ana"."""
    names, box = list(CAMERAS), Box(0.25, 0.25, 0.5, 0.5)
    made = []
    for number in range(days * a_day):
        begun = FIRST_DAY + number * timedelta(days=1) / a_day
        person = "ana" if number % 3 == 0 else None
        similarity = 0.9 if person else 0
        made.append(
            Sighting(
                f"s{number:07}",
                names[number % len(names)],
                person,
                "Ana Núñez" if person else "",
                begun,
                begun + timedelta(seconds=9),
                similarity,
                similarity / 2,
                1,
                box,
            )
        )
    return made


async def write_sightings(database_url: str, many: Sequence[Sighting]) -> None:
    """Writes them."""
    database = Database(database_url, pool_size=1, timeout=30)
    try:
        for begin in range(0, len(many), _CHUNK):
            rows = [sighting_columns(each) for each in many[begin : begin + _CHUNK]]

            async def unit(connection: AsyncConnection, rows: Sequence[dict[str, object]] = rows) -> None:
                await connection.execute(insert(sightings).values(list(rows)))

            await database.run(unit)
    finally:
        await database.aclose()
