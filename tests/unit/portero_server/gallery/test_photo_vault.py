"""Photos are kept with consent, deleted with what they belong to, and lost to nobody when something fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from portero_server.domain.people.photos import SETTLES_AFTER, PhotoState
from portero_server.engines.scripted import ScriptedEngine
from portero_server.errors import StoreUnavailable
from portero_server.gallery.mirror import GalleryMirror
from portero_server.gallery.service import Gallery
from portero_server.store.consents import ConsentStore
from portero_server.store.database import Database
from portero_server.store.people import PeopleStore
from portero_server.vault.place import VaultUnavailable
from portero_server.vault.sealing import SealBroken
from tests.support.images.patch_photos import ANA, EVE, photo
from tests.support.server.photo_vault import Vault, keeping, vault_in
from tests.support.store.fixtures import database, database_url
from tests.support.time.virtual_time import ManualClock

__all__ = ["database", "database_url"]


@dataclass
class Site:
    """A gallery with Ana and Eve, of whom Ana lets her photos be kept, and the vault behind it."""

    gallery: Gallery
    consents: ConsentStore
    vault: Vault
    clock: ManualClock

    async def counts(self) -> tuple[int, int, int]:
        """Returns how many photos are pending, kept and to be deleted."""
        counts = await self.vault.photos.counts()
        return counts[PhotoState.PENDING], counts[PhotoState.KEPT], counts[PhotoState.DELETING]

    async def round(self, passed: timedelta = timedelta()) -> None:
        """Lets time pass, and sweeps."""
        self.clock.advance(passed.total_seconds())
        await self.vault.vault.round()


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Site]:
    """A site with a vault."""
    clock = ManualClock()
    people, consents = PeopleStore(database, clock), ConsentStore(database, clock)
    engine = ScriptedEngine()
    mirror = GalleryMirror(engine, people, refresh=5)
    vault = vault_in(tmp_path / "photos", database, clock)
    gallery = Gallery(engine, people, mirror, clock, vault=vault.vault)
    for person_id in ("ana", "eve"):
        await gallery.create(person_id, person_id, {})
    await consents.record(keeping("ana", clock))
    yield Site(gallery, consents, vault, clock)
    await vault.vault.aclose()


async def test_the_photo_is_kept_as_it_was_enrolled_and_unreadable(site: Site) -> None:
    """The exact bytes come back; what lies in the folder holds neither them nor the person; twice is once."""
    shown = photo(ANA)
    face = await site.gallery.enroll("ana", shown)
    assert await site.gallery.enroll("ana", shown) == face
    [kept] = await site.vault.photos.page(10)
    assert (kept.person_id, kept.face_id, kept.consented) == ("ana", face.face_id, True)
    assert await site.vault.vault.read(kept) == shown
    [name] = site.vault.objects()
    assert name == kept.photo_id
    sealed = site.vault.path(name).read_bytes()
    assert shown[:16] not in sealed
    assert b"ana" not in sealed
    assert (site.vault.counted("offered_photos_total", outcome="kept"), await site.counts()) == (1, (0, 1, 0))
    assert site.vault.counted("offered_photos_total", outcome="known") == 1


async def test_without_consent_nothing_is_written(site: Site) -> None:
    """The face is enrolled as ever, and neither row nor object is there; a consent given later keeps the next one."""
    await site.gallery.enroll("eve", photo(EVE))
    assert (site.vault.objects(), await site.counts()) == ([], (0, 0, 0))
    assert site.vault.counted("offered_photos_total", outcome="no_consent") == 1
    await site.consents.record(keeping("eve", site.clock))
    await site.gallery.enroll("eve", photo(EVE))
    assert len(site.vault.objects()) == 1


async def test_a_vault_that_fails_costs_the_photo_only(site: Site) -> None:
    """The enrollment succeeds and the failure is counted; the row is swept, and the same photo is kept afterward."""
    site.vault.place.refused = {"put"}
    face = await site.gallery.enroll("ana", photo(ANA))
    assert (site.vault.objects(), await site.counts()) == ([], (1, 0, 0))
    assert site.vault.counted("offered_photos_total", outcome="failed") == 1
    assert site.vault.counted("failures_total", operation="put") == 1
    site.vault.place.refused = set()
    assert await site.gallery.enroll("ana", photo(ANA)) == face
    assert (len(site.vault.objects()), await site.counts()) == (1, (1, 1, 0))
    await site.round(SETTLES_AFTER)
    assert (len(site.vault.objects()), await site.counts()) == (1, (0, 1, 0))


async def test_a_slow_vault_does_not_hold_the_enrollment_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while the enrollment answers, and the photo is kept behind it."""
    began = asyncio.Event()
    going_on = asyncio.Event()
    complete = site.vault.photos.complete

    async def waiting(photo_id: str, person_id: str) -> object:
        began.set()
        await going_on.wait()
        return await complete(photo_id, person_id)

    monkeypatch.setattr(site.vault.photos, "complete", waiting)
    monkeypatch.setattr(site.vault.vault, "_patience", 0.0)
    await site.gallery.enroll("ana", photo(ANA))
    await began.wait()
    assert await site.counts() == (1, 0, 0)
    going_on.set()
    await asyncio.wait(site.vault.vault._keeping)
    assert await site.counts() == (0, 1, 0)


async def test_more_photos_than_the_vault_takes_at_once_are_let_go_of(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When as many are on their way as may be, the next one is counted as failed and not waited for."""
    monkeypatch.setattr("portero_server.gallery.photo_vault._MOST_AT_ONCE", 0)
    await site.gallery.enroll("ana", photo(ANA))
    assert site.vault.counted("offered_photos_total", outcome="failed") == 1
    assert await site.counts() == (0, 0, 0)


async def test_a_database_that_fails_after_the_object_leaves_it_to_the_sweep(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a crash between object and row: the object has a pending row, and goes with it in time."""

    async def failing(photo_id: str, person_id: str) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(site.vault.photos, "complete", failing)
    await site.gallery.enroll("ana", photo(ANA))
    assert (len(site.vault.objects()), await site.counts()) == (1, (1, 0, 0))
    await site.round(SETTLES_AFTER - timedelta(seconds=1))
    assert len(site.vault.objects()) == 1
    await site.round(timedelta(seconds=1))
    assert (site.vault.objects(), await site.counts()) == ([], (0, 0, 0))


@pytest.mark.parametrize("what", ["person", "face"])
async def test_the_photo_goes_with_what_it_belongs_to(site: Site, what: str) -> None:
    """Deleting the face, or the person, deletes object and row at once; others' photos stay."""
    await site.consents.record(keeping("eve", site.clock))
    face = await site.gallery.enroll("ana", photo(ANA))
    await site.gallery.enroll("eve", photo(EVE))
    await (site.gallery.delete("ana") if what == "person" else site.gallery.delete_face("ana", face.face_id))
    [left] = await site.vault.photos.page(10)
    assert (left.person_id, site.vault.objects()) == ("eve", [left.photo_id])


async def test_a_photo_that_cannot_be_deleted_now_is_deleted_later(site: Site) -> None:
    """While the vault is away its row says what is to go; no read finds it, and the next sweep deletes it."""
    face = await site.gallery.enroll("ana", photo(ANA))
    site.vault.place.refused = {"delete"}
    await site.gallery.delete_face("ana", face.face_id)
    assert (len(site.vault.objects()), await site.counts()) == (1, (0, 0, 1))
    assert await site.vault.photos.page(10) == []
    with pytest.raises(VaultUnavailable):
        await site.round()
    assert site.vault.metrics.registry.get_sample_value("portero_vault_photos", {"state": "deleting"}) == 1
    site.vault.place.refused = set()
    await site.round()
    assert (site.vault.objects(), await site.counts()) == ([], (0, 0, 0))


@pytest.mark.parametrize("how", ["withdrawn", "expired"])
async def test_the_photo_goes_with_the_consent(site: Site, how: str) -> None:
    """A consent that was withdrawn, or has expired, takes the photo with it; the face stays."""
    if how == "expired":
        await site.consents.record(keeping("eve", site.clock, days=30))
        await site.gallery.enroll("eve", photo(EVE))
        await site.round(timedelta(days=29))
        assert len(site.vault.objects()) == 1
        await site.round(timedelta(days=1))
    else:
        await site.gallery.enroll("ana", photo(ANA))
        await site.consents.withdraw("ana", "keep-ana")
        await site.round()
    assert (site.vault.objects(), await site.counts()) == ([], (0, 0, 0))


async def test_a_person_who_goes_while_the_photo_is_written_leaves_none(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deleted between row and object, the object is deleted as soon as it is there."""
    put = site.vault.place.put
    loop = asyncio.get_running_loop()

    def leaving(name: str, content: bytes) -> None:
        asyncio.run_coroutine_threadsafe(site.gallery.delete("ana"), loop).result()
        put(name, content)

    monkeypatch.setattr(site.vault.place, "put", leaving)
    await site.gallery.enroll("ana", photo(ANA))
    assert (site.vault.objects(), await site.counts()) == ([], (0, 0, 0))


async def test_the_same_photo_enrolled_twice_at_once_is_kept_once(site: Site) -> None:
    """Whichever enrollment is later finds the photo kept, and its own object goes."""
    await asyncio.gather(*(site.gallery.enroll("ana", photo(ANA)) for _ in range(3)))
    assert (len(site.vault.objects()), await site.counts()) == (1, (0, 1, 0))


async def test_a_damaged_or_exchanged_object_is_no_photo(site: Site) -> None:
    """An object in the place of another, and one with a changed byte, are refused."""
    await site.consents.record(keeping("eve", site.clock))
    await site.gallery.enroll("ana", photo(ANA))
    await site.gallery.enroll("eve", photo(EVE))
    first, second = await site.vault.photos.page(10)
    sealed = site.vault.path(second.photo_id).read_bytes()
    site.vault.path(first.photo_id).write_bytes(sealed)
    site.vault.path(second.photo_id).write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    for kept in (first, second):
        with pytest.raises(SealBroken) as caught:
            await site.vault.vault.read(kept)
        assert caught.value.reason == "PHOTO_DAMAGED"


async def test_nothing_of_a_photo_is_in_the_log(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever fails, the log has the face's id and a reason: no bytes, no name, no path."""
    site.vault.place.refused = {"put", "delete"}
    face = await site.gallery.enroll("ana", photo(ANA))
    await site.gallery.delete_face("ana", face.face_id)
    site.clock.advance(SETTLES_AFTER.total_seconds())
    await site.vault.vault.catch_up()
    told = "".join(capsys.readouterr())
    assert "photo_not_kept" in told
    assert "vault_behind" in told
    assert "VAULT_UNAVAILABLE" in told
    for word in ("PNG", "ana", str(site.vault.folder), photo(ANA)[:8].hex()):
        assert word not in told.replace("VAULT_UNAVAILABLE", "")
