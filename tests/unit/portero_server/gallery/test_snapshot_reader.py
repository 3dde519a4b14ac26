"""Snapshots are shown and linked to while they are kept, and not a moment longer."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from portero_server.domain.recording.review_pictures import PictureOutcome
from portero_server.domain.recording.snapshots import SnapshotKind
from portero_server.errors import FailedPrecondition, NotFound
from portero_server.gallery.snapshot_reader import SnapshotReader
from portero_server.gallery.snapshots import SnapshotVault
from portero_server.store.database import Database
from portero_server.store.erasures import ErasureStore
from portero_server.vault.folder import FolderPlace
from portero_server.vault.place import VaultUnavailable
from tests.support.server.snapshot_house import SPAN, SnapshotHouse, scene
from tests.support.store.commits import at
from tests.support.time.virtual_time import ManualClock

FACE, CONTEXT = SnapshotKind


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> SnapshotHouse:
    """A door that Ana passed, with her snapshots."""
    house = SnapshotHouse(database, ManualClock(), tmp_path / "snapshots")
    await house.seen_by.open_door("ana")
    await house.seen_by.seen("t1", person_id="ana")
    assert await house.keep("t1", 0.5) is PictureOutcome.KEPT
    return house


async def test_each_kind_is_shown(house: SnapshotHouse) -> None:
    """With its time, quality and end; each look is counted."""
    for kind in SnapshotKind:
        shown = await house.reader.show(await house.sighting(), kind)
        assert shown.jpeg.startswith(b"\xff\xd8")
        expires_at = house.clock.now() + SPAN
        assert (shown.kind, shown.taken_at, shown.quality, shown.expires_at) == (kind, at(0), 0.5, expires_at)
    assert house.value("portero_snapshots_told_total", how="shown") == 2


async def test_what_is_not_there_is_not_found(house: SnapshotHouse) -> None:
    """No sighting of that name; and a file that somebody deleted."""
    with pytest.raises(NotFound) as caught:
        await house.reader.show("other", FACE)
    assert caught.value.reason == "NO_SNAPSHOT"
    for name in house.files():
        house.place.delete(name)
    with pytest.raises(NotFound):
        await house.reader.show(await house.sighting(), CONTEXT)


async def test_links_end_before_the_picture_does(house: SnapshotHouse) -> None:
    """The last one is short; then there is none."""
    sighting_id, now = await house.sighting(), house.clock.now()
    link = await house.reader.link(sighting_id, CONTEXT, 60)
    assert (link.kind, link.expires_at) == (CONTEXT, now + timedelta(seconds=60))
    assert link.url.endswith("?seconds=60")
    assert isinstance(house.clock, ManualClock)
    house.clock.advance(SPAN.total_seconds() - 10)
    assert {each.expires_at for each in await house.reader.links(sighting_id, 3600)} == {now + SPAN}
    house.clock.advance(10)
    assert await house.reader.links(sighting_id, 3600) == []
    with pytest.raises(NotFound):
        await house.reader.link(sighting_id, FACE, 60)


async def test_a_folder_has_no_links(house: SnapshotHouse) -> None:
    """Asked for one, the server says so; messages have none."""
    vault = SnapshotVault(house.store, FolderPlace(house.folder), house.clock, house.metrics.snapshots, interval=60)
    reader = SnapshotReader(house.store, vault, house.clock, house.metrics.snapshots, SPAN)
    with pytest.raises(FailedPrecondition) as caught:
        await reader.link(await house.sighting(), FACE, 60)
    assert caught.value.reason == "NO_LINKS"
    assert await reader.links(await house.sighting(), 60) == []


async def test_a_link_that_cannot_be_made_holds_up_no_message(house: SnapshotHouse) -> None:
    """To whoever asks for it, the reason is told."""
    house.place.broken = True
    assert await house.reader.links(await house.sighting(), 60) == ()
    with pytest.raises(VaultUnavailable):
        await house.reader.link(await house.sighting(), FACE, 60)


async def test_a_server_without_snapshots_says_so(house: SnapshotHouse) -> None:
    """Its messages have no links."""
    off = SnapshotReader(house.store, None, house.clock, house.metrics.snapshots, SPAN)
    with pytest.raises(FailedPrecondition) as caught:
        await off.show(await house.sighting(), FACE)
    assert caught.value.reason == "SNAPSHOTS_OFF"
    assert await off.links(await house.sighting(), 60) == ()


async def test_after_an_erasure_nothing_is_told_again(house: SnapshotHouse) -> None:
    """A replay of old events has no link, and a frame that comes late is not written."""
    sighting_id = await house.sighting()
    assert await house.shown(sighting_id) == 2
    erasures = ErasureStore(house.database, house.clock)
    begun = await erasures.begin("ana")
    assert await house.shown(sighting_id) == 0
    # From here on the sighting is a stranger's.
    await erasures.scrub(begun)
    house.keeper.offer("t1", scene(1.0))
    await house.keeper.round()
    await house.vault.sweep()
    assert house.files() == set()
