"""Stores many people and faces at once, and reads them with all that holds for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Table, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.people.people import FaceEnrollment, FaceModel, Person
from portero_server.domain.people.privacy import Block, Consent
from portero_server.domain.people.transfer import (
    ImportedPerson,
    PeopleImportPlan,
    PersonRecord,
    StoredPeople,
    named_faces,
    plan_people,
)
from portero_server.store.bulk.value_list import BinaryValue
from portero_server.store.bulk.writing import insert_new
from portero_server.store.consents import consent_columns, consent_of
from portero_server.store.database import Database
from portero_server.store.gallery import face_columns, log_changes
from portero_server.store.known_people import known_people
from portero_server.store.people import PeopleStore, person_columns
from portero_server.store.schema import consents, faces, people, people_blocks
from portero_server.store.types import labels_text

_ROWS = 200
"""Rows of a statement: of 512 numbers a face they are 1 MiB, which any server's max_allowed_packet holds."""


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A person with their faces, oldest first, and what holds for them."""

    person: Person
    faces: Sequence[FaceEnrollment]
    consents: Sequence[Consent]
    block: Block | None


class PeopleTransferStore:
    """Stores and reads people by the hundred."""

    def __init__(
        self, database: Database, people: PeopleStore, clock: Clock, *, consent_required: bool = False
    ) -> None:
        """Creates a store.

        Args:
            database: The database to use.
            people: Reads people and faces.
            clock: The server's clock.
            consent_required: Whether faces are only stored of people with a valid consent.
        """
        self._database = database
        self._people = people
        self._clock = clock
        self._consent_required = consent_required

    async def add(self, records: Sequence[PersonRecord], model: FaceModel) -> Sequence[ImportedPerson]:
        """Adds people and faces in one transaction, and returns what became of each person, in order.

        Args:
            records: Checked, each person once.
            model: What their encodings are of.
        """
        now = self._clock.now()

        async def unit(connection: AsyncConnection) -> PeopleImportPlan:
            stored = await self._stored(connection, records, model)
            plan = plan_people(records, stored, model, now, consent_required=self._consent_required)
            await insert_rows(connection, people, [person_columns(person) for person in plan.people])
            await insert_rows(connection, consents, [consent_columns(consent) for consent in plan.consents])
            await insert_rows(connection, people_blocks, [_block_columns(*each) for each in plan.blocks.items()])
            await insert_rows(connection, faces, [face_columns(face) for face in plan.faces])
            await log_changes(connection, plan.faces, added=True)
            return plan

        return (await self._database.run(unit)).outcomes

    async def read(self, limit: int, after_id: str | None = None) -> Sequence[StoredRecord]:
        """Returns people by id with all that is exported of them: at most `limit` after `after_id`."""
        found = await self._people.enrolled(limit, after_id)
        ids = [person.person_id for person, _ in found]
        given = (
            select(consents).where(consents.c.person_id.in_(ids)).order_by(consents.c.given_at, consents.c.consent_id)
        )
        blocked = select(people_blocks).where(people_blocks.c.person_id.in_(ids))

        async def unit(connection: AsyncConnection) -> tuple[Sequence[Row[Any]], Sequence[Row[Any]]]:
            return (await connection.execute(given)).all(), (await connection.execute(blocked)).all()

        consent_rows, block_rows = await self._database.read(unit)
        agreed: dict[str, list[Consent]] = {person_id: [] for person_id in ids}
        for row in consent_rows:
            agreed[row.person_id].append(consent_of(row))
        blocks = {row.person_id: Block(row.reason, row.blocked_at) for row in block_rows}
        return [
            StoredRecord(person, own, agreed[person.person_id], blocks.get(person.person_id)) for person, own in found
        ]

    async def _stored(
        self, connection: AsyncConnection, records: Sequence[PersonRecord], model: FaceModel
    ) -> StoredPeople:
        """Reads what is stored of the people of a request, and keeps it so until the transaction ends."""
        return await known_people(
            connection,
            [record.person_id for record in records],
            [face_id for record in records for face_id in named_faces(record, model)],
            [consent.consent_id for record in records for consent in record.consents],
            self._clock.now(),
        )


async def insert_rows(connection: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts rows whose keys are new."""
    for begin in range(0, len(rows), _ROWS):
        chunk = rows[begin : begin + _ROWS]
        if connection.dialect.name == "sqlite":
            # The JSON by which other rows travel to SQLite has no bytes.
            await connection.execute(sqlite.insert(table).on_conflict_do_nothing(), chunk)
        else:
            await insert_new(connection, table, [_stored_values(row) for row in chunk])


def _stored_values(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns a row whose labels are the text, and whose embedding the bytes, that their columns store."""
    return {
        name: _STORED[name](value) if name in _STORED and value is not None else value for name, value in row.items()
    }


_STORED: Mapping[str, Callable[[Any], Any]] = {"labels": labels_text, "embedding": BinaryValue}


def _block_columns(person_id: str, block: Block) -> dict[str, Any]:
    return {"person_id": person_id, "reason": block.reason, "blocked_at": block.blocked_at}
