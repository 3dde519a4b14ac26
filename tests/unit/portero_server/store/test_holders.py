"""What is stored of the holder of a document is exported as a whole, and erased without a trace, in both databases."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import String, TypeDecorator, func, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.documents.check_in import Guest, Holder
from portero_server.errors import NotFound
from portero_server.store.check_in_filter import CheckInFilter
from portero_server.store.check_ins import CheckInStore
from portero_server.store.database import Database
from portero_server.store.erasures import ErasureStore
from portero_server.store.exports import ExportStore
from portero_server.store.guests import GuestStore
from portero_server.store.holders import HolderStore
from portero_server.store.people import PeopleStore
from portero_server.store.schema import metadata, requests
from tests.support.server.check_in_parts import PAULA, PEDRO, contradictory, reading
from tests.support.time.virtual_time import ManualClock
from tests.unit.portero_server.store.test_check_ins import begun, ended

_DAY = date(2026, 3, 2)
_END = datetime(2026, 3, 3, 3, tzinfo=UTC)


@pytest.fixture
def holders(database: Database, clock: ManualClock) -> HolderStore:
    """Holders of the database."""
    return HolderStore(database, clock)


@pytest.fixture
async def store(database: Database, clock: ManualClock) -> CheckInStore:
    """Check-ins of Paula, of Pedro, and of a card that bears both RUNs; and both on the list of guests."""
    store, guests = CheckInStore(database, clock), GuestStore(database, clock)
    arriving = [Guest("g1", "Paula Soto", _DAY, run=PAULA), Guest("g2", "Pedro Ríos", _DAY, run=PEDRO)]
    await guests.add(arriving, [_END] * 2, "i1", "r1", "d1")
    await ended(store, clock, "first")
    await ended(store, clock, "both", read=contradictory(PEDRO, PAULA))
    await ended(store, clock, "pedro", read=reading(PEDRO, names=("RÍOS PAZ", "PEDRO"), number="777777777"))
    await begun(store, clock, "running")
    return store


async def _cells_with(database: Database, text: str) -> list[str]:
    """Returns every column of every table that contains a text."""

    async def unit(connection: AsyncConnection) -> list[str]:
        found = []
        for table in metadata.sorted_tables:
            for column in table.columns:
                kind: Any = column.type.impl if isinstance(column.type, TypeDecorator) else column.type
                if not isinstance(kind, String):
                    continue
                holding = type_coerce(column, String).contains(text, autoescape=True)
                query = select(func.count()).select_from(table).where(holding)
                if (await connection.execute(query)).scalar_one():
                    found.append(f"{table.name}.{column.name}")
        return found

    return await database.read(unit)


async def test_a_holder_is_erased_without_a_trace(
    database: Database, store: CheckInStore, holders: HolderStore
) -> None:
    """After an erasure by RUN no column of any table holds the RUN or the name; other people's check-ins stay."""
    assert await _cells_with(database, PAULA) == ["check_ins.run", "check_ins.reading", "guests.run"]
    receipt = await holders.erase(Holder(run=PAULA))
    assert receipt.sound
    assert receipt.counts == {"check_ins": 2, "guests": 1}
    assert await _cells_with(database, PAULA) == []
    assert await _cells_with(database, "PAULA") == []
    assert await _cells_with(database, "Paula") == []
    left = [check_in.check_in_id for check_in in await store.list(CheckInFilter(), 10)]
    assert left == ["running", "pedro"]
    with pytest.raises(NotFound):
        await holders.erase(Holder(run=PAULA))

    async def digests(connection: AsyncConnection) -> list[str | None]:
        return list(await connection.scalars(select(requests.c.digest)))

    assert await database.read(digests) == [None]


async def test_a_late_repetition_makes_nobody_again(
    database: Database, clock: ManualClock, holders: HolderStore
) -> None:
    """A request that is repeated after what it made was erased finds nothing, and makes nothing."""
    store = CheckInStore(database, clock)
    check_in = await begun(store, clock, "a")
    again = replace(check_in, check_in_id="b")
    await store.create(again, "s1", "r2", "d")
    await holders.erase_check_in("b")
    with pytest.raises(NotFound):
        await store.create(replace(check_in, check_in_id="c"), "s1", "r2", "other")
    guests = GuestStore(database, clock)
    guest = Guest("g1", "Paula Soto", _DAY, run=PAULA)
    await guests.add([guest], [_END], "i1", "r3", "d")
    await holders.erase_guest("g1")
    assert await guests.add([replace(guest, guest_id="g2")], [_END], "i2", "r3", "d") == []


async def test_one_check_in_or_guest_is_erased_alone(
    database: Database, store: CheckInStore, holders: HolderStore
) -> None:
    """Erasing by name takes one row, and its receipt can be read as any other."""
    receipt = await holders.erase_check_in("both")
    assert receipt.counts == {"check_ins": 1, "guests": 0}
    assert await ErasureStore(database, ManualClock()).get(receipt.erasure_id) == receipt
    assert (await holders.erase_guest("g2")).counts == {"check_ins": 0, "guests": 1}
    for erase, name in ((holders.erase_check_in, "both"), (holders.erase_guest, "g2")):
        with pytest.raises(NotFound):
            await erase(name)
    assert (await store.get("pedro")).guest_id is None


async def test_an_export_is_whole(store: CheckInStore, holders: HolderStore) -> None:
    """Pages of an export give everything of the holder once, also a card that contradicts itself, and no other's."""
    found: list[tuple[str, str]] = []
    after: tuple[str, str] | None = None
    while page := await holders.records(Holder(run=PAULA), 1, after):
        (record,) = page
        after = (record.kind, record.key)
        found.append(after)
        assert PAULA in record.json
    assert found == [("check_in", "both"), ("check_in", "first"), ("guest", "g1")]
    by_number = await holders.records(Holder(document_number="777777777"), 10)
    assert [record.key for record in by_number] == ["pedro"]
    told = json.loads(by_number[0].json)
    assert told["run"] == PEDRO
    assert json.loads(told["reading"])["kind"] == "id_card_2013"
    with pytest.raises(NotFound):
        await holders.records(Holder(run="1-9"), 10)


async def test_a_person_with_a_run_is_erased_with_their_check_ins(
    database: Database, store: CheckInStore, people: PeopleStore, clock: ManualClock
) -> None:
    """A person of the gallery whose label holds the RUN is exported and erased with check-ins and arrivals."""
    await people.create("paula", "Paula Soto", {"run": "20.111.222-" + PAULA[-1]})
    await people.create("ben", "Ben", {"run": "no run"})
    exports, kinds = ExportStore(database), list[str]()
    after: tuple[str, str] | None = None
    while page := await exports.records("paula", 1, after):
        after = (page[-1].kind, page[-1].key)
        kinds.append(page[-1].kind)
    assert kinds == ["person", "check_in", "check_in", "guest"]
    erasures = ErasureStore(database, clock)
    receipt = await erasures.begin("paula")
    assert receipt.counts["check_ins"] == 2
    assert receipt.counts["guests"] == 1
    assert await _cells_with(database, PAULA) == []
    await erasures.begin("ben")
    assert len(await store.list(CheckInFilter(), 10)) == 2
