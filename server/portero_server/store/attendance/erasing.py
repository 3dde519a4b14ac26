"""Takes a person out of attendance: what stays says how somebody attended, and not who."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.store.schema import (
    api_key_people,
    attendance_changes,
    attendance_corrections,
    attendance_excuses,
    attendance_memberships,
    attendance_notices,
    attendance_records,
)


async def erase_attendance(connection: AsyncConnection, person_id: str) -> Mapping[str, int]:
    """Removes a person from every table of attendance, and returns the changed or removed rows by table.

    Records and changes lose the person and everything that could tell who it was: times, sightings and reasons.
    """
    counts: dict[str, int] = {}
    # First: an erasure waits for whoever decides a session now, and holds its roster.
    for table in (
        attendance_memberships,
        attendance_excuses,
        attendance_corrections,
        attendance_notices,
        api_key_people,
    ):
        gone = await connection.execute(delete(table).where(table.c.person_id == person_id))
        counts[table.name] = gone.rowcount
    nobody = {"person_id": None, "arrived_at": None, "left_at": None, "correction_id": None, "detail": "{}"}
    records = update(attendance_records).where(attendance_records.c.person_id == person_id).values(nobody)
    counts[attendance_records.name] = (await connection.execute(records)).rowcount
    own = attendance_changes.c.person_id == person_id
    changes = update(attendance_changes).where(own).values(person_id=None, reference="")
    counts[attendance_changes.name] = (await connection.execute(changes)).rowcount
    return counts
