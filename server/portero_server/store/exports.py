"""Exports everything that is stored about a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Table, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.documents.check_in import Holder
from portero_server.errors import NotFound
from portero_server.store.database import Database
from portero_server.store.exported import ExportedRecord, exported
from portero_server.store.holders import HOLDER_KINDS, holder_records, run_of
from portero_server.store.schema import (
    api_key_people,
    attendance_changes,
    attendance_corrections,
    attendance_excuses,
    attendance_memberships,
    attendance_notices,
    attendance_records,
    consents,
    decision_candidates,
    faces,
    merged_people,
    people,
    people_blocks,
    photos,
    recognitions,
    review_pictures,
    sighting_reviews,
    sightings,
    subscription_people,
)

_KINDS: Mapping[str, Table] = {
    "person": people,
    "merged_person": merged_people,
    "face": faces,
    "consent": consents,
    "block": people_blocks,
    "sighting": sightings,
    "recognition": recognitions,
    "decision_candidate": decision_candidates,
    "sighting_review": sighting_reviews,
    "review_picture": review_pictures,
    "photo": photos,
    "subscription_filter": subscription_people,
    "attendance_membership": attendance_memberships,
    "attendance_excuse": attendance_excuses,
    "attendance_correction": attendance_corrections,
    "attendance_record": attendance_records,
    "attendance_change": attendance_changes,
    "attendance_notice": attendance_notices,
    "guardian_key": api_key_people,
}
"""In the order in which they are returned. What a photo shows is in the vault. What a picture of a doubtful sighting
shows is not told: it may be somebody else."""


def _about(table: Table, person_id: str) -> ColumnElement[bool]:
    # A review is about whom the sighting showed before, too.
    return or_(*(table.c[name] == person_id for name in ("person_id", "decided_person_id") if name in table.c))


class ExportStore:
    """Reads all rows about a person."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def records(
        self, person_id: str, limit: int, after: tuple[str, str] | None = None
    ) -> Sequence[ExportedRecord]:
        """Returns at most `limit` records of a person, after the kind and key of the last one.

        Raises:
            NotFound: Nothing is stored of such a person.
        """
        first, key = after if after is not None else (next(iter(_KINDS)), "")
        if first not in (*_KINDS, *HOLDER_KINDS):
            raise NotFound(f"people/{person_id}")
        kinds = list(_KINDS)[list(_KINDS).index(first) :] if first in _KINDS else []

        async def unit(connection: AsyncConnection) -> list[ExportedRecord]:
            found: list[ExportedRecord] = []
            for kind in kinds:
                table = _KINDS[kind]
                # The first column of the key tells the rows of one person apart.
                place, *_ = table.primary_key
                query = select(table).where(_about(table, person_id)).order_by(place)
                if kind == first and after is not None:
                    query = query.where(place > key)
                rows = (await connection.execute(query.limit(limit - len(found)))).mappings()
                found += [ExportedRecord(kind, row[place.name], exported(row)) for row in rows]
                if len(found) >= limit:
                    return found
            run = await run_of(connection, person_id)
            if run is not None:
                place_after = after if first in HOLDER_KINDS else None
                found += await holder_records(connection, Holder(run=run), limit - len(found), place_after)
            return found

        records = await self._database.read(unit)
        if not records and after is None:
            raise NotFound(f"people/{person_id}")
        return records
