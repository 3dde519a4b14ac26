"""Exports everything that is stored about a person."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.errors import NotFound
from portero_server.store.database import Database
from portero_server.store.schema import consents, faces, people, people_blocks, recognitions, sightings

_KINDS: Mapping[str, Table] = {
    "person": people,
    "face": faces,
    "consent": consents,
    "block": people_blocks,
    "sighting": sightings,
    "recognition": recognitions,
}
"""In the order in which they are returned. Photographs are not stored, so none are exported."""
_DERIVED = frozenset({"search_name", "long_until"})
"""Columns that only repeat others in a form for indexes."""


@dataclass(frozen=True, slots=True)
class ExportedRecord:
    """One row: its kind, its key, and its values as a JSON object."""

    kind: str
    key: str
    json: str


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
        if first not in _KINDS:
            raise NotFound(f"people/{person_id}")
        kinds = list(_KINDS)[list(_KINDS).index(first) :]

        async def unit(connection: AsyncConnection) -> list[ExportedRecord]:
            found: list[ExportedRecord] = []
            for kind in kinds:
                table = _KINDS[kind]
                (place,) = table.primary_key
                query = select(table).where(table.c.person_id == person_id).order_by(place)
                if kind == first and after is not None:
                    query = query.where(place > key)
                rows = (await connection.execute(query.limit(limit - len(found)))).mappings()
                found += [ExportedRecord(kind, row[place.name], _json(row)) for row in rows]
                if len(found) >= limit:
                    break
            return found

        records = await self._database.read(unit)
        if not records and after is None:
            raise NotFound(f"people/{person_id}")
        return records


def _json(row: RowMapping) -> str:
    values = {name: _plain(value) for name, value in row.items() if name not in _DERIVED}
    return json.dumps(values, ensure_ascii=False, sort_keys=True)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
