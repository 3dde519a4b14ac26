"""What is stored of the holder of a document: to be exported, and to be erased for good.

A check-in belongs to the RUN, or to the number, of the card that was shown. Where a card contradicted itself, it
belongs to every RUN that was read on it, whoever's that is.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.documents.check_in import RUN_LABEL, Holder
from portero_server.domain.documents.run import parse_run
from portero_server.domain.people.privacy import Erasure, digest_of
from portero_server.errors import NotFound
from portero_server.store.database import Database
from portero_server.store.exported import ExportedRecord, exported
from portero_server.store.schema import (
    check_ins,
    erased_records,
    erasures,
    guests,
    people,
    requests,
    subscriptions,
    visitors,
)


class HolderStore:
    """Erases and exports check-ins and guests."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def erase(self, holder: Holder) -> Erasure:
        """Erases the check-ins and the expected arrivals of a holder at once, and returns the receipt.

        Nothing is stored of the holder afterwards; what follows later is a new check-in.

        Raises:
            NotFound: Nothing is stored of them.
        """

        async def unit(connection: AsyncConnection) -> Erasure:
            found = list(await connection.scalars(select(check_ins.c.check_in_id).where(shown_by(holder))))
            expected = list(await connection.scalars(select(guests.c.guest_id).where(_expected(holder, found))))
            if not found and not expected:
                raise _nothing_stored()
            return await _erase(connection, found, expected, self._clock.now())

        return await self._database.run(unit)

    async def erase_check_in(self, check_in_id: str) -> Erasure:
        """Erases one check-in, and returns the receipt. Raises NotFound."""

        async def unit(connection: AsyncConnection) -> Erasure:
            query = select(check_ins.c.check_in_id).where(check_ins.c.check_in_id == check_in_id)
            if (await connection.scalar(query)) is None:
                raise NotFound(f"checkIns/{check_in_id}")
            return await _erase(connection, [check_in_id], [], self._clock.now())

        return await self._database.run(unit)

    async def erase_guest(self, guest_id: str) -> Erasure:
        """Erases one expected guest, and returns the receipt. Raises NotFound."""

        async def unit(connection: AsyncConnection) -> Erasure:
            query = select(guests.c.guest_id).where(guests.c.guest_id == guest_id)
            if (await connection.scalar(query)) is None:
                raise NotFound(f"guests/{guest_id}")
            return await _erase(connection, [], [guest_id], self._clock.now())

        return await self._database.run(unit)

    async def records(
        self, holder: Holder, limit: int, after: tuple[str, str] | None = None
    ) -> Sequence[ExportedRecord]:
        """Returns at most `limit` records of a holder, after the kind and key of the last one.

        Raises:
            NotFound: Nothing is stored of them.
        """
        records = await self._database.read(lambda connection: holder_records(connection, holder, limit, after))
        if not records and after is None:
            raise _nothing_stored()
        return records


HOLDER_KINDS = ("check_in", "guest")
"""Kinds of exported records of a holder, in their order."""


async def holder_records(
    connection: AsyncConnection, holder: Holder, limit: int, after: tuple[str, str] | None = None
) -> list[ExportedRecord]:
    """Returns at most `limit` records of a holder, after the kind and key of the last one."""
    found = list(await connection.scalars(select(check_ins.c.check_in_id).where(shown_by(holder))))
    kinds = zip(
        HOLDER_KINDS,
        (check_ins, guests),
        (check_ins.c.check_in_id, guests.c.guest_id),
        (shown_by(holder), _expected(holder, found)),
        strict=True,
    )
    told: list[ExportedRecord] = []
    for kind, table, key, own in kinds:
        if after is not None and kind < after[0]:
            continue
        query = select(table).where(own).order_by(key)
        if after is not None and kind == after[0]:
            query = query.where(key > after[1])
        rows = (await connection.execute(query.limit(limit - len(told)))).mappings()
        told += [ExportedRecord(kind, row[key.name], exported(row)) for row in rows]
    return told


async def run_of(connection: AsyncConnection, person_id: str) -> str | None:
    """Returns the RUN in a person's label "run", whose check-ins are theirs; None: there is none."""
    labels = await connection.scalar(select(people.c.labels).where(people.c.person_id == person_id))
    run = None if labels is None else parse_run(labels.get(RUN_LABEL, ""))
    return None if run is None or not run.valid else str(run)


def shown_by(holder: Holder) -> ColumnElement[bool]:
    """Returns the condition that a check-in is of a holder."""
    column, value = _key(holder)
    # Also where a card contradicts itself: as a whole value of the stored JSON.
    return or_(check_ins.c[column] == value, check_ins.c.reading.contains(json.dumps(value), autoescape=True))


async def erase_run(connection: AsyncConnection, run: str, erasure_id: str, now: datetime) -> dict[str, int]:
    """Erases what belongs to a RUN as part of a person's erasure, and returns how much, by table."""
    holder = Holder(run=run)
    found = list(await connection.scalars(select(check_ins.c.check_in_id).where(shown_by(holder))))
    expected = list(await connection.scalars(select(guests.c.guest_id).where(_expected(holder, found))))
    return await _remove(connection, found, expected, erasure_id, now)


async def erase_again(connection: AsyncConnection, rows: Sequence[Any]) -> int:
    """Erases in a restored database what was erased since its backup; returns how many records that were."""
    known = set(await connection.scalars(select(erased_records.c.record_id)))
    count = 0
    for row in rows:
        if row["record_id"] in known:
            continue
        for table, key in (
            (check_ins, check_ins.c.check_in_id),
            (guests, guests.c.guest_id),
            # With what is kept of them: the database sees to that.
            (visitors, visitors.c.visitor_id),
            (subscriptions, subscriptions.c.subscription_id),
        ):
            count += (await connection.execute(delete(table).where(key == row["record_id"]))).rowcount
        await _forget_requests(connection, [row["record_id"]])
        await connection.execute(insert(erased_records).values(dict(row)))
    return count


def _nothing_stored() -> NotFound:
    # Without the RUN or the number, which errors and logs never hold.
    error = NotFound("holders/-")
    error.message = "nothing is stored of this holder"
    return error


def _key(holder: Holder) -> tuple[str, str]:
    return ("run", holder.run) if holder.run is not None else ("document_number", holder.document_number or "")


def _expected(holder: Holder, check_in_ids: Collection[str]) -> ColumnElement[bool]:
    column, value = _key(holder)
    came = select(check_ins.c.guest_id).where(check_ins.c.check_in_id.in_(sorted(check_in_ids)))
    return or_(guests.c[column] == value, guests.c.check_in_id.in_(sorted(check_in_ids)), guests.c.guest_id.in_(came))


async def _erase(
    connection: AsyncConnection, check_in_ids: Sequence[str], guest_ids: Sequence[str], now: datetime
) -> Erasure:
    erasure_id = uuid4().hex
    counts = await _remove(connection, check_in_ids, guest_ids, erasure_id, now)
    erasure = Erasure(erasure_id, None, now, now, counts)
    digest = digest_of(erasure, now)
    row = {
        "erasure_id": erasure_id,
        # Says nothing of the holder: there are too few RUNs for a digest of one to hide it.
        "subject": f"records {erasure_id}",
        "person_id": None,
        "requested_at": now,
        "finished_at": now,
        "counts": json.dumps(counts, sort_keys=True),
        "digest": digest,
    }
    await connection.execute(insert(erasures).values(row))
    return Erasure(erasure_id, None, now, now, counts, digest)


async def _remove(
    connection: AsyncConnection,
    check_in_ids: Sequence[str],
    guest_ids: Sequence[str],
    erasure_id: str,
    now: datetime,
) -> dict[str, int]:
    gone = sorted(guest_ids)
    imports = list(await connection.scalars(select(guests.c.import_id).where(guests.c.guest_id.in_(gone))))
    await connection.execute(delete(check_ins).where(check_ins.c.check_in_id.in_(sorted(check_in_ids))))
    await connection.execute(delete(guests).where(guests.c.guest_id.in_(gone)))
    # Who is erased as a check-in may still be expected by a name alone, and the other way round.
    came = guests.c.check_in_id.in_(sorted(check_in_ids))
    await connection.execute(update(guests).where(came).values(check_in_id=None))
    await connection.execute(update(check_ins).where(check_ins.c.guest_id.in_(gone)).values(guest_id=None))
    earlier = check_ins.c.earlier_id.in_(sorted(check_in_ids))
    await connection.execute(update(check_ins).where(earlier).values(earlier_id=None))
    for record_id in (*check_in_ids, *guest_ids):
        row = {"record_id": record_id, "erasure_id": erasure_id, "erased_at": now}
        await connection.execute(insert(erased_records).values(row))
    await _forget_requests(connection, [*check_in_ids, *imports])
    return {"check_ins": len(check_in_ids), "guests": len(guest_ids)}


async def _forget_requests(connection: AsyncConnection, resources: Collection[str]) -> None:
    # The key stays, so that a late repetition makes nothing again. The digest of names and RUNs goes.
    asked = requests.c.resource.in_(sorted(set(resources)))
    await connection.execute(update(requests).where(asked).values(digest=None))
