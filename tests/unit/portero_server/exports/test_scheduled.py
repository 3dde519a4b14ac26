"""Days are written once they are closed and again when they change: whole files, by one server, whatever fails."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from portero_server.domain.audit.chain import SERVER
from portero_server.domain.people.privacy import Purpose
from portero_server.domain.recording.export_days import ExportRules
from portero_server.errors import StartupProblem, StoreUnavailable
from portero_server.exports.files import FileFormat
from portero_server.exports.scheduled import LEASE
from portero_server.store.database import Database
from portero_server.store.erasures import ErasureStore
from portero_server.store.retention import RetentionStore
from portero_server.vault.place import VaultUnavailable
from tests.support.server.export_house import DAY, GRACE, ExportHouse
from tests.support.store.commits import at
from tests.support.time.virtual_time import ManualClock

FIRST = date(2026, 3, 2)
NORTH, SOUTH = (f"site={site}/date=2026-03-02" for site in ("north", "south"))
CLOSED = at((16 + 6) * 3600)
"""When the first day is closed."""


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> ExportHouse:
    """A day with Ana and a stranger in the north, and Ben in the south."""
    house = ExportHouse(database, ManualClock(), tmp_path / "exports")
    await house.open()
    await house.seen("t1", 0, "ana")
    await house.seen("t2", 900)
    await house.seen("t3", 1800, "ben", "desk")
    return house


def _manifest(house: ExportHouse, partition: str) -> dict[str, object]:
    told: dict[str, object] = json.loads((house.folder / partition / "_manifest.json").read_text())
    return told


async def test_a_day_is_written_once_it_is_closed(house: ExportHouse) -> None:
    """Before, nothing is; after, each site has a file with a manifest, and the audit trail an entry of the day."""
    export = house.scheduled()
    house.go_to(CLOSED - timedelta(seconds=1))
    await export.round()
    assert NORTH not in house.files()
    house.go_to(CLOSED)
    house.deeds.clear()
    await export.round()
    assert house.files() == {NORTH: ["ana", ""], SOUTH: ["ben"]}
    manifest = _manifest(house, NORTH)
    assert (manifest["rows"], manifest["revision"], manifest["file"]) == (2, 1, "part-00000.csv")
    assert [(deed.actor, deed.action, deed.resource) for deed in house.deeds] == [
        (SERVER, "sightings.export", "days/2026-03-02")
    ]
    assert house.value("portero_export_written_until_timestamp_seconds") == at(16 * 3600).timestamp()
    assert (house.value("portero_export_dates_due"), house.value("portero_export_rows_total")) == (0, 3)
    modes = {path.stat().st_mode & 0o777 for path in house.folder.rglob("*.csv")}
    assert (modes, list(house.folder.glob(".work"))) == ({0o600}, [])
    house.deeds.clear()
    await export.round()
    assert house.deeds == []


async def test_late_rows_have_their_partition_written_again(house: ExportHouse) -> None:
    """Only the file whose sightings differ, however late; the other one is compared and stays."""
    export = house.scheduled()
    house.go_to(CLOSED)
    await export.round()
    house.go_to(at(9 * DAY))
    await export.round()
    await house.seen("late", 3600, "ben")
    await export.round()
    assert house.files() == {NORTH: ["ana", "", "ben"], SOUTH: ["ben"]}
    assert (_manifest(house, NORTH)["revision"], _manifest(house, SOUTH)["revision"]) == (2, 1)
    outcomes = [house.value("portero_export_partitions_total", outcome=each) for each in ("written", "revised")]
    assert (outcomes, house.value("portero_export_partitions_total", outcome="unchanged")) == ([2, 1], 1)


async def test_who_is_erased_goes_from_the_files(house: ExportHouse) -> None:
    """Their sightings are a stranger's then, and no byte of the folder has the name."""
    export = house.scheduled()
    house.go_to(CLOSED)
    await export.round()
    erasures = ErasureStore(house.database, house.clock)
    begun = await erasures.begin("ana")
    await erasures.scrub(begun)
    house.clock.advance(1)
    await export.round()
    assert house.files() == {NORTH: ["", ""], SOUTH: ["ben"]}
    assert not any(b"ana" in path.read_bytes().lower() for path in house.folder.rglob("*") if path.is_file())
    assert await erasures.exported_days_left(await erasures.finish(begun.erasure_id)) == 0


async def test_retention_takes_rows_and_then_files(house: ExportHouse) -> None:
    """First strangers', then all; what is empty is deleted with its folders, unless files are to keep what is gone."""
    spans = {Purpose.STRANGERS: timedelta(days=30), Purpose.SIGHTINGS: timedelta(days=60)}
    house.rules = ExportRules(GRACE, retention=spans)
    export, keeping = house.scheduled(), replace(house, rules=ExportRules(GRACE)).scheduled()
    kept = RetentionStore(house.database, house.clock)
    house.go_to(CLOSED)
    await export.round()
    for days, expected in ((32, {NORTH: ["ana"], SOUTH: ["ben"]}), (62, {})):
        house.go_to(at(days * DAY))
        for purpose, span in spans.items():
            for step in range(kept.steps(purpose)):
                await kept.remove_some(purpose, step, house.clock.now() - span)
        before = house.files()
        await keeping.round()
        assert house.files() == before
        await export.round()
        assert house.files() == expected
    assert list(house.folder.glob("site=*")) == []
    assert house.value("portero_export_partitions_total", outcome="removed") == 2


async def test_one_server_writes_at_a_time(house: ExportHouse) -> None:
    """Another one goes on when the claim of the first has ended, as after a kill, and at once when a round is over."""
    one, other = house.scheduled("one"), house.scheduled("two")
    house.go_to(CLOSED)
    await one.check()
    await one._claim.state(0)
    assert await one._claim.claim(house.clock.now(), LEASE)
    await other.round()
    assert (house.files(), house.value("portero_export_dates_due")) == ({}, 1)
    house.clock.advance(LEASE)
    await other.round()
    assert house.files() == {NORTH: ["ana", ""], SOUTH: ["ben"]}
    house.go_to(CLOSED + timedelta(days=1))
    await one.round()
    assert house.value("portero_export_dates_due") == 0


async def test_a_round_that_was_cut_is_gone_on_with(house: ExportHouse) -> None:
    """Files are whole at any moment; what was written of the day is replaced, and nothing is counted twice."""
    house.place.room = 1
    house.go_to(CLOSED)
    with pytest.raises(VaultUnavailable):
        await house.scheduled("one").round()
    assert house.files() == {NORTH: ["ana", ""]}
    assert (house.value("portero_export_dates_due"), list(house.folder.glob(".work"))) == (1, [])
    house.place.room = 10
    (house.folder / ".work").mkdir()
    (house.folder / ".work" / "2026-03-02-0.csv").write_text("what a kill has left")
    await house.scheduled("two").round()
    assert house.files() == {NORTH: ["ana", ""], SOUTH: ["ben"]}
    assert house.value("portero_export_dates_due") == 0


async def test_nothing_leaves_without_an_entry_of_the_trail(house: ExportHouse) -> None:
    """While the audit trail cannot be written, no file is; the round fails, and the next one goes on."""
    export = house.scheduled()

    async def refused(deed: object) -> None:
        raise StoreUnavailable("away")

    record, export._record = export._record, refused
    house.go_to(CLOSED)
    with pytest.raises(StoreUnavailable):
        await export.round()
    assert house.files() == {}
    export._record = record
    await export.round()
    assert NORTH in house.files()


async def test_an_export_of_something_else_is_refused(house: ExportHouse) -> None:
    """One of other sites, another format or another database, at the start and before anything is written."""
    house.go_to(CLOSED)
    await house.scheduled().round()
    await house.scheduled().check()
    before = house.files()
    for other in (
        house.scheduled(sites=("north",)),
        house.scheduled(format_=FileFormat.JSONL),
        replace(house, export_id="of another database").scheduled(),
    ):
        with pytest.raises(StartupProblem, match=r"PORTERO_EXPORT holds another export: .*csv"):
            await other.check()
    await house.seen("late", 3600, "ben")
    with pytest.raises(StartupProblem):
        await house.scheduled(sites=("north",)).round()
    assert house.files() == before


async def test_only_the_sites_that_are_named_are_written(house: ExportHouse) -> None:
    """Of others, no file has a row."""
    house.go_to(CLOSED)
    await house.scheduled(sites=("south",)).round()
    assert house.files() == {SOUTH: ["ben"]}


async def test_a_disk_that_is_full_ends_a_round_and_no_server(house: ExportHouse) -> None:
    """The round fails with the system's word, and is counted by `run`."""

    def full(*_: object) -> Path:
        raise OSError(28, "No space left on device")

    house.place.begin = full  # type: ignore[method-assign]
    house.go_to(CLOSED)
    with pytest.raises(VaultUnavailable, match="No space left on device"):
        await house.scheduled().round()


@pytest.mark.parametrize("fault", [VaultUnavailable("full"), ValueError("a library's own")])
async def test_no_fault_ends_what_runs_in_the_server(house: ExportHouse, fault: Exception) -> None:
    """It is counted, and the next round goes on, also after one that nobody thought of."""
    export = house.scheduled()
    begin = house.place.begin

    def failing() -> Path:
        house.place.begin = begin  # type: ignore[method-assign]
        raise fault

    async def once_more(seconds: float) -> None:
        if seconds == 900 and house.files():
            raise asyncio.CancelledError

    house.place.begin = failing  # type: ignore[method-assign]
    export._sleep = once_more
    house.go_to(CLOSED)
    with pytest.raises(asyncio.CancelledError):
        await export.run()
    assert (house.files(), house.value("portero_export_failures_total")) == ({NORTH: ["ana", ""], SOUTH: ["ben"]}, 1)


async def test_a_place_that_lost_its_files_is_not_begun_anew(house: ExportHouse) -> None:
    """As a mount that is away: who was erased may be named in what is out of sight, so no day counts as written."""
    export = house.scheduled()
    house.go_to(CLOSED)
    await export.round()
    away = house.folder.rename(house.folder.with_name("away"))
    house.place.check()
    erasures = ErasureStore(house.database, house.clock)
    begun = await erasures.begin("ana")
    await erasures.scrub(begun)
    receipt = await erasures.finish(begun.erasure_id)
    house.clock.advance(1)
    with pytest.raises(VaultUnavailable, match=r"lost its marker _export\.json: mount the folder again"):
        await export.round()
    assert (list(house.folder.iterdir()), await erasures.exported_days_left(receipt)) == ([], 1)
    house.folder.rmdir()
    away.rename(house.folder)
    await export.round()
    assert (house.files(), await erasures.exported_days_left(receipt)) == ({NORTH: ["", ""], SOUTH: ["ben"]}, 0)


async def test_what_retention_removes_late_goes_from_the_files(house: ExportHouse) -> None:
    """As after days without a server: the day is read daily, and not at each round, until nothing expired is left."""
    spans = {Purpose.SIGHTINGS: timedelta(days=60)}
    house.rules = ExportRules(GRACE, since=FIRST, retention=spans)
    export, kept = house.scheduled(), RetentionStore(house.database, house.clock)
    house.go_to(CLOSED)
    await export.round()
    house.go_to(at(80 * DAY))
    await export.round()
    read_at = (await house.days.days())[FIRST].read_at
    assert (house.files()[NORTH], read_at) == (["ana", ""], house.clock.now())
    for step in range(kept.steps(Purpose.SIGHTINGS)):
        await kept.remove_some(Purpose.SIGHTINGS, step, house.clock.now() - spans[Purpose.SIGHTINGS])
    house.clock.advance(900)
    await export.round()
    assert (await house.days.days())[FIRST].read_at == read_at
    house.clock.advance(DAY)
    await export.round()
    assert house.files() == {NORTH: [""]}
