"""Days that an export has written, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.people.privacy import Purpose
from portero_server.domain.recording.export_days import ExportDay, WrittenPartition
from portero_server.store import export_days
from portero_server.store.database import Database
from portero_server.store.event_relays import EventRelayStore
from portero_server.store.export_days import ExportDayStore, relay_name
from portero_server.store.schema import events
from portero_server.store.sequencers import SequencerName
from tests.support.server.export_house import DAY, ExportHouse
from tests.support.store.commits import at
from tests.support.time.virtual_time import ManualClock

FIRST, SECOND = date(2026, 3, 2), date(2026, 3, 3)


@pytest.fixture
async def house(database: Database, clock: ManualClock, tmp_path: Path) -> ExportHouse:
    """Cameras and people."""
    house = ExportHouse(database, clock, tmp_path / "exports")
    await house.open()
    return house


async def _changes(house: ExportHouse) -> dict[date, int]:
    return {day: each.changes for day, each in (await house.days.days()).items()}


async def test_a_day_is_noted_once_and_kept_as_it_was_written(house: ExportHouse) -> None:
    """Its partitions come back as they were told, and another export knows nothing of them."""
    noted = await house.days.begin(FIRST)
    assert noted == ExportDay(FIRST, 1) == await house.days.begin(FIRST)
    told = {"north": WrittenPartition(1, 7, "a"), "": WrittenPartition(3, 0, "b")}
    oldest = {Purpose.STRANGERS: at(1), Purpose.SIGHTINGS: at(2)}
    await house.days.finish(replace(noted, partitions=told, read_at=at(60), oldest=oldest))
    assert await house.days.days() == {FIRST: ExportDay(FIRST, 1, 1, at(60), oldest=oldest)}
    assert await house.days.begin(FIRST) == ExportDay(FIRST, 1, 1, at(60), told, oldest)
    assert await ExportDayStore(house.database, "e2").days() == {}


async def test_events_change_the_days_of_their_sightings(house: ExportHouse) -> None:
    """Days that were not noted are passed over; a visit over midnight changes both."""
    start = await house.days.last_position()
    await house.days.begin(FIRST)
    await house.days.begin(SECOND)
    await house.seen("t1", 0, "ana")
    await house.seen("t2", 5 * DAY)
    known = await house.days.days()
    position = await house.days.follow(start, known)
    assert await _changes(house) == {FIRST: 2, SECOND: 1}
    assert position == await house.days.last_position()
    assert await house.days.follow(position, known) == position
    await house.seen("t3", 16 * 3600 - 5)
    await house.days.follow(position, known)
    assert await _changes(house) == {FIRST: 3, SECOND: 2}


async def test_events_that_are_gone_may_have_changed_any_day(house: ExportHouse) -> None:
    """As when no server exported for longer than events are kept."""
    await house.days.begin(FIRST)
    await house.days.begin(SECOND)
    start = await house.days.last_position()
    await house.seen("t1", 0, "ana")
    await house.seen("t2", 900, "ben")
    first = start + 1

    async def forget(connection: AsyncConnection) -> None:
        await connection.execute(delete(events).where(events.c.position <= first))

    await house.database.run(forget)
    position = await house.days.follow(start, await house.days.days())
    assert await _changes(house) == {FIRST: 2, SECOND: 2}
    await house.days.follow(position, await house.days.days())
    assert await _changes(house) == {FIRST: 2, SECOND: 2}


async def test_what_changes_while_a_day_is_read_makes_it_due_again(house: ExportHouse) -> None:
    """The change is noted beside what was read, not under it."""
    noted = await house.days.begin(FIRST)
    start = await house.days.last_position()
    await house.seen("t1", 0, "ana")
    await house.days.follow(start, await house.days.days())
    await house.days.finish(replace(noted, read_at=at(60)))
    day = (await house.days.days())[FIRST]
    assert (day.changes, day.written) == (2, 1)


async def test_the_first_server_gives_an_export_its_key(house: ExportHouse) -> None:
    """Those that come later find it, as does the same server after a restart."""
    assert await house.days.marker_key() is None
    for key in ("k1", "k2"):
        await EventRelayStore(house.database, relay_name(house.export_id), key, "one").state(0)
        assert await house.days.marker_key() == "k1"


async def test_a_day_of_very_many_sites_is_kept(house: ExportHouse) -> None:
    """Their revisions and digests are longer than MySQL's TEXT."""
    told = {f"site-{number}": WrittenPartition(1, 1, "1-" + "a" * 64) for number in range(2000)}
    await house.days.finish(replace(await house.days.begin(FIRST), partitions=told, read_at=at(60)))
    assert (await house.days.begin(FIRST)).partitions == told


async def test_an_event_that_comes_while_events_are_read_is_met_next(
    house: ExportHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there were none before, it does not count as followed."""
    start = await house.days.last_position()
    await house.days.begin(FIRST)
    known, asked = await house.days.days(), []

    async def after_all(connection: AsyncConnection, name: SequencerName) -> int:
        asked.append(name)
        return start + 5 if len(executed) > 1 else start

    executed: list[object] = []
    execute = AsyncConnection.execute

    async def counted(connection: AsyncConnection, statement: Any, *parameters: Any, **options: Any) -> Any:
        executed.append(statement)
        return await execute(connection, statement, *parameters, **options)

    monkeypatch.setattr(AsyncConnection, "execute", counted)
    monkeypatch.setattr(export_days, "last_position", after_all)
    assert (await house.days.follow(start, known), asked) == (start, ["events"])
