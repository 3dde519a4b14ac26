"""Ids of people who were erased or merged are nobody's again."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.people.people import FaceModel
from portero_server.domain.people.transfer import PersonRecord
from portero_server.errors import FailedPrecondition
from portero_server.store.backup.decisions import apply_decisions, decisions_of
from portero_server.store.database import Database
from portero_server.store.erasures import ErasureStore
from portero_server.store.gone_people import erase_merged, refuse_gone
from portero_server.store.merging.people import PeopleMergeStore
from portero_server.store.people import PeopleStore
from portero_server.store.people_transfer import PeopleTransferStore
from portero_server.store.schema import people as people_table
from tests.support.store.enrolled_twice import GAP
from tests.support.time.timeouts import PATIENCE
from tests.support.time.virtual_time import ManualClock


async def test_an_id_that_is_gone_is_refused_with_who_it_is(
    database: Database, people: PeopleStore, clock: ManualClock
) -> None:
    """One that was erased names nobody; one that was merged names who stays; others are free."""
    for person_id in ("ana", "anna", "eva"):
        await people.create(person_id, person_id.title(), {})
    await PeopleMergeStore(database, clock, visit_gap=GAP).merge("ana", "anna")
    await ErasureStore(database, clock).begin("eva")
    await database.run(lambda connection: refuse_gone(connection, "ben"))
    for person_id, reason, told in (("anna", "PERSON_MERGED", "people/ana"), ("eva", "PERSON_ERASED", "was erased")):
        with pytest.raises(FailedPrecondition, match=told) as caught:
            await database.run(lambda connection, person_id=person_id: refuse_gone(connection, person_id))  # type: ignore[misc]
        assert caught.value.reason == reason


async def test_an_import_of_an_older_export_brings_nobody_back(
    database: Database, people: PeopleStore, clock: ManualClock
) -> None:
    """Whoever was merged since is refused by name, and the others are imported."""
    for person_id in ("ana", "anna"):
        await people.create(person_id, person_id.title(), {})
    await PeopleMergeStore(database, clock, visit_gap=GAP).merge("ana", "anna")
    records = [PersonRecord(person_id, person_id.title()) for person_id in ("ana", "anna", "ben")]
    outcomes = await PeopleTransferStore(database, people, clock).add(records, FaceModel("scripted", "v1"))
    assert [(each.created, each.reason) for each in outcomes] == [(False, ""), (False, "PERSON_MERGED"), (True, "")]
    assert "people/ana" in outcomes[1].message


async def test_ids_are_erased_with_the_person_whose_they_are(
    database: Database, people: PeopleStore, clock: ManualClock
) -> None:
    """Each has a receipt of its own, which says nothing of anybody; nobody else's ids are touched."""
    for person_id in ("ana", "anna", "ben", "benny"):
        await people.create(person_id, person_id.title(), {})
    merges = PeopleMergeStore(database, clock, visit_gap=GAP)
    await merges.merge("ana", "anna")
    await merges.merge("ben", "benny")
    assert await database.run(lambda connection: erase_merged(connection, "ana", clock.now())) == 1
    erasures = ErasureStore(database, clock)
    receipt = await erasures.of_person("anna")
    assert (receipt.sound, dict(receipt.counts), receipt.person_id) == (True, {}, None)
    with pytest.raises(FailedPrecondition, match="people/ben"):
        await database.run(lambda connection: refuse_gone(connection, "benny"))


async def test_a_restored_backup_from_before_a_merge_loses_both(
    database: Database, people: PeopleStore, clock: ManualClock, migrated_file: Path, tmp_path: Path
) -> None:
    """Whoever was erased after the merge is erased in it under either id, and nobody else is."""
    for person_id in ("ana", "anna"):
        await people.create(person_id, person_id.title(), {})
    await PeopleMergeStore(database, clock, visit_gap=GAP).merge("ana", "anna")
    await ErasureStore(database, clock).begin("ana")
    async with backup_of(("ana", "anna", "ben"), migrated_file, tmp_path, clock) as restored:
        applied = await apply_decisions(await decisions_of(database), restored, clock, overwrites=False)
        left = await PeopleStore(restored, clock).list(10)
    assert (applied.erased, [each.person_id for each in left]) == (2, ["ben"])


@pytest.mark.parametrize("backwards", [False, True])
async def test_a_restored_backup_from_between_merge_and_erasure_loses_her(
    database: Database, people: PeopleStore, clock: ManualClock, migrated_file: Path, tmp_path: Path, backwards: bool
) -> None:
    """In whatever order the receipts are told, the restored database has the same ones."""
    for person_id in ("ana", "anna"):
        await people.create(person_id, person_id.title(), {})
    await PeopleMergeStore(database, clock, visit_gap=GAP).merge("ana", "anna")
    await ErasureStore(database, clock).begin("ana")
    told = await decisions_of(database)
    rows = sorted(told.erasures, key=lambda row: str(row["subject"]), reverse=backwards)
    async with backup_of(("ana", "anna", "ben"), migrated_file, tmp_path, clock) as restored:
        await PeopleMergeStore(restored, clock, visit_gap=GAP).merge("ana", "anna")
        for erased in (1, 0):
            applied = await apply_decisions(replace(told, erasures=rows), restored, clock, overwrites=False)
            assert applied.erased == erased
        found = {row["subject"]: row["erasure_id"] for row in (await decisions_of(restored)).erasures}
        left = await PeopleStore(restored, clock).list(10)
    assert found == {row["subject"]: row["erasure_id"] for row in rows}
    assert [each.person_id for each in left] == ["ben"]


async def test_an_id_that_was_given_out_again_does_not_stop_an_erasure(
    database: Database, people: PeopleStore, clock: ManualClock
) -> None:
    """Whoever had the id keeps their receipt, and whoever has it stays until they are erased themselves."""
    for person_id in ("ana", "anna", "annie"):
        await people.create(person_id, person_id.title(), {})
    merges, erasures = PeopleMergeStore(database, clock, visit_gap=GAP), ErasureStore(database, clock)
    for person_id in ("anna", "annie"):
        await merges.merge("ana", person_id)
    # A server of an earlier version knows nothing of merges.
    for person_id in ("anna", "annie"):
        await _give_out_again(database, person_id, clock)
    before = await erasures.begin("anna")
    begun = await erasures.begin("ana")
    assert begun.counts["merged_people"] == 2
    assert (await erasures.of_person("anna")).erasure_id == before.erasure_id
    assert (await erasures.begin("annie")).counts["people"] == 1


async def _give_out_again(database: Database, person_id: str, clock: ManualClock) -> None:
    times = {"created_at": clock.now(), "updated_at": clock.now()}
    row = {"person_id": person_id, "display_name": "Somebody", "search_name": "somebody", "labels": {}, **times}

    async def unit(connection: AsyncConnection) -> None:
        await connection.execute(insert(people_table).values(row))

    await database.run(unit)


@asynccontextmanager
async def backup_of(
    person_ids: Sequence[str], migrated_file: Path, folder: Path, clock: ManualClock
) -> AsyncIterator[Database]:
    """Yields a database that was restored, with these people."""
    shutil.copy(migrated_file, folder / "restored.db")
    restored = Database(f"sqlite+aiosqlite:///{folder / 'restored.db'}", pool_size=1, timeout=PATIENCE)
    for person_id in person_ids:
        await PeopleStore(restored, clock).create(person_id, person_id.title(), {})
    yield restored
    await restored.aclose()
