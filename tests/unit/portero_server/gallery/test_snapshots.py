"""Snapshots are written after their sightings, deleted with their rows, and never left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from portero_server.domain.people.photos import SETTLES_AFTER
from portero_server.domain.recording.review_pictures import PictureOutcome
from portero_server.gallery import waiting_pictures
from portero_server.gallery.snapshots import SnapshotKeeper
from portero_server.store.database import Database
from portero_server.store.erasures import ErasureStore
from portero_server.vault.place import VaultUnavailable
from portero_server.vision.jpeg import decode_color
from tests.support.server.snapshot_house import FORM, SnapshotHouse, scene
from tests.support.time.virtual_time import ManualClock

OFFERED = "portero_snapshots_offered_total"


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> SnapshotHouse:
    """A door, Ana, and a folder."""
    house = SnapshotHouse(database, ManualClock(), tmp_path / "snapshots")
    await house.seen_by.open_door("ana")
    return house


def _clock(house: SnapshotHouse) -> ManualClock:
    assert isinstance(house.clock, ManualClock)
    return house.clock


async def test_nothing_is_written_before_the_sighting(house: SnapshotHouse) -> None:
    """Then a face and a frame are, under names that say nothing, for their owner alone."""
    house.keeper.offer("t1", scene())
    await house.keeper.round()
    assert house.files() == set()
    assert house.value("portero_snapshots_waiting_bytes") == scene().size
    await house.seen_by.seen("t1", person_id="ana")
    house.keeper.notify(1)
    await house.keeper.round()
    assert len(house.files()) == 2
    paths = list(house.folder.glob("*/*"))
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o600}
    assert not any("ana" in str(path.relative_to(house.folder)) for path in paths)
    assert sorted(max(decode_color(path.read_bytes()).shape) for path in paths) == [176, 320]
    assert (house.value(OFFERED, outcome="kept"), house.value("portero_snapshots_waiting_bytes")) == (1, 0)


async def test_a_better_shot_replaces_the_files(house: SnapshotHouse) -> None:
    """A poorer one leaves them as they are."""
    await house.seen_by.seen("t1", person_id="ana")
    assert await house.keep("t1", 0.5) is PictureOutcome.KEPT
    before = house.files()
    assert await house.keep("t1", 0.4) is PictureOutcome.POORER
    assert await house.keep("t1", 0.6) is PictureOutcome.KEPT
    await house.vault.sweep()
    assert (len(house.files()), house.files() & before) == (2, set())
    assert house.value("portero_snapshots_deleted_total") == 2


async def test_who_turns_out_to_be_nobodys_to_look_at_is_deleted(house: SnapshotHouse) -> None:
    """Whether the frame still waits or was written."""
    await house.seen_by.seen("t1", person_id="ana")
    house.keeper.offer("t1", scene())
    await house.keeper.round()
    house.keeper.offer("t2", scene())
    for track_id in ("t1", "t2"):
        house.keeper.drop(track_id)
    await house.keeper.round()
    await house.vault.sweep()
    assert (house.files(), house.value("portero_snapshots_waiting_bytes")) == (set(), 0)


async def test_what_does_not_fit_is_dropped_and_counted(house: SnapshotHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small faces, too many frames, too many bytes: none of them waits for room."""
    keeper = SnapshotKeeper(
        house.store, house.vault, house.clock, house.metrics.snapshots, FORM, least_side=32, most_bytes=2 * scene().size
    )
    keeper.offer("t0", scene(face=replace(scene().face, width=0.05)))
    for track_id in ("t1", "t2", "t3"):
        keeper.offer(track_id, scene())
    assert (house.value(OFFERED, outcome="small"), house.value(OFFERED, outcome="dropped")) == (1, 1)
    monkeypatch.setattr(waiting_pictures, "MOST_WAITING", 1)
    house.keeper.offer("t1", scene())
    house.keeper.offer("t2", scene())
    assert house.value(OFFERED, outcome="dropped") == 2


async def test_a_frame_of_which_no_picture_can_be_made_costs_itself_alone(
    house: SnapshotHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is counted as failed; the next one is kept."""
    await house.seen_by.seen("t1", person_id="ana")

    def unmade(*_: object) -> NoReturn:
        raise ValueError("no pixels")

    with monkeypatch.context() as patched:
        patched.setattr("portero_server.gallery.snapshots.snapshots_of", unmade)
        house.keeper.offer("t1", scene())
        await house.keeper.round()
    assert house.value(OFFERED, outcome="failed") == 1
    house.keeper.offer("t1", scene())
    await house.keeper.round()
    assert house.files()


async def test_a_folder_that_is_away_costs_the_picture_alone(house: SnapshotHouse) -> None:
    """It is counted; what was begun is swept when nobody can be writing it any more."""
    await house.seen_by.seen("t1", person_id="ana")
    house.place.broken = True
    house.keeper.offer("t1", scene())
    await house.keeper.round()
    assert house.value(OFFERED, outcome="failed") == 1
    assert house.value("portero_snapshots_failures_total", operation="put") == 1
    with pytest.raises(VaultUnavailable):
        await house.vault.try_out()
    house.place.broken = False
    await house.vault.try_out()
    _clock(house).advance(SETTLES_AFTER.total_seconds())
    await house.vault.round()
    held = await house.store.held()
    assert (house.files(), held.count, held.leaving) == (set(), 0, 0)


@pytest.mark.parametrize("written", [0, 1, 2])
async def test_a_server_killed_at_any_place_leaves_no_file(house: SnapshotHouse, written: int) -> None:
    """Between row and file, between two files, and between the files and the note that they are there."""
    await house.seen_by.seen("t1", person_id="ana")
    put, complete, left = house.place.put, house.store.complete, [written]

    def dying(name: str, content: bytes) -> None:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        put(name, content)

    async def never(made: object) -> PictureOutcome:
        raise asyncio.CancelledError

    house.place.put = dying  # type: ignore[method-assign]
    house.store.complete = never  # type: ignore[method-assign]
    with pytest.raises((KeyboardInterrupt, asyncio.CancelledError)):
        await house.keep("t1")
    house.place.put, house.store.complete = put, complete  # type: ignore[method-assign]
    assert len(house.files()) == written
    assert await house.shown(await house.sighting()) == 0
    _clock(house).advance(SETTLES_AFTER.total_seconds())
    await house.vault.round()
    held = await house.store.held()
    assert (house.files(), held.leaving) == (set(), 0)


async def test_files_without_a_row_are_swept(house: SnapshotHouse) -> None:
    """As after a restore: now, and then not for an hour, since the whole folder is listed."""
    await house.seen_by.seen("t1", person_id="ana")
    assert await house.keep("t1") is PictureOutcome.KEPT
    house.place.put("f" * 32, b"stray")
    assert await house.vault.strays() == 1
    await house.vault.round()
    assert len(house.files()) == 2
    house.place.put("f" * 32, b"stray")
    await house.vault.round()
    assert len(house.files()) == 3
    _clock(house).advance(3600)
    await house.vault.round()
    assert len(house.files()) == 2
    assert (house.value("portero_snapshots_stored"), house.value("portero_snapshots_leaving")) == (2, 0)


async def test_an_erasure_lists_the_folder_once_a_process(house: SnapshotHouse) -> None:
    """Before the first receipt objects without a row are searched for; after that rows say what is to be deleted."""
    listed = []
    names = house.place.names

    def counted() -> Iterator[str]:
        listed.append(1)
        return names()

    house.place.names = counted  # type: ignore[method-assign]
    erasures = ErasureStore(house.database, house.clock)
    await house.seen_by.seen("t1", person_id="ana")
    assert await house.keep("t1") is PictureOutcome.KEPT
    house.place.put("f" * 32, b"stray")
    begun = await erasures.begin("ana")
    await house.vault.erase()
    assert (len(listed), house.place.get("f" * 32)) == (1, None)
    await erasures.scrub(begun)
    assert (await erasures.finish(begun.erasure_id)).counts["snapshots"] == 2
    await house.vault.erase()
    assert len(listed) == 1


async def test_an_erasure_between_row_and_file_deletes_both(house: SnapshotHouse) -> None:
    """The file that is on its way is deleted by whoever wrote it, and the receipt waits for that."""
    await house.seen_by.seen("t1", person_id="ana")
    erasures = ErasureStore(house.database, house.clock)
    begun = []

    async def erased_before_it_is_there(track_id: str) -> PictureOutcome:
        begin = house.store.begin

        async def begin_and_erase(made: object) -> PictureOutcome | None:
            refused = await begin(made)  # type: ignore[arg-type]
            begun.append(await erasures.begin("ana"))
            await erasures.scrub(begun[0])
            assert (await erasures.finish(begun[0].erasure_id)).finished_at is None
            return refused

        house.store.begin = begin_and_erase  # type: ignore[method-assign]
        return await house.keep(track_id)

    assert await erased_before_it_is_there("t1") is PictureOutcome.WITHHELD
    assert house.files() == set()
    assert (await erasures.finish(begun[0].erasure_id)).sound
