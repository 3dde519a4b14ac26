"""People are merged with their photographs, on both databases; what fails merges nobody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from portero_server.domain.people.photos import SETTLES_AFTER, PhotoState
from portero_server.engines.scripted import ScriptedEngine
from portero_server.errors import FailedPrecondition, InvalidInput
from portero_server.gallery.mirror import GalleryMirror
from portero_server.gallery.people_merging import PeopleMerger
from portero_server.gallery.service import Gallery
from portero_server.store.consents import ConsentStore
from portero_server.store.database import Database
from portero_server.store.people import PeopleStore
from portero_server.telemetry.metrics import Metrics
from portero_server.vault.place import VaultUnavailable
from tests.support.images.patch_photos import ANA, EVE, photo
from tests.support.server.people_merging import merger_of
from tests.support.server.photo_vault import OTHER_KEY, Vault, keeping, vault_in
from tests.support.store.fixtures import database, database_url
from tests.support.time.virtual_time import ManualClock

__all__ = ["database", "database_url"]


@dataclass
class Site:
    """Ana, who was enrolled as "ana" and as "anna", each with a photo in the vault, and what merges the two."""

    gallery: Gallery
    merger: PeopleMerger
    vault: Vault
    clock: ManualClock
    metrics: Metrics
    without_vault: PeopleMerger
    told: list[int] = field(default_factory=list)

    async def photos(self) -> list[tuple[str, bytes | None]]:
        """Returns whose the kept photos are, and what they show."""
        return [(each.person_id, await self.vault.vault.read(each)) for each in await self.vault.photos.page(10)]


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Site]:
    """A site with a vault."""
    clock, engine = ManualClock(), ScriptedEngine()
    people, consents = PeopleStore(database, clock), ConsentStore(database, clock)
    mirror = GalleryMirror(engine, people, refresh=5)
    vault = vault_in(tmp_path / "photos", database, clock)
    gallery = Gallery(engine, people, mirror, clock, vault=vault.vault)
    metrics = Metrics(version="0", engine="scripted")
    merger = merger_of(database, people, mirror, clock, vault=vault.vault, metrics=metrics)
    made = Site(gallery, merger, vault, clock, metrics, merger_of(database, people, mirror, clock))
    for person_id, color in (("ana", ANA), ("anna", EVE)):
        await gallery.create(person_id, person_id.title(), {})
        await consents.record(keeping(person_id, clock))
        await gallery.enroll(person_id, photo(color))
    yield made
    await vault.vault.aclose()


async def test_photos_are_sealed_for_who_stays(site: Site) -> None:
    """They open under the id that stays and no other one, and the objects of the other one are gone."""
    merged = await site.merger.merge("ana", "anna", force=False)
    assert (merged.person.face_count, merged.counts.photos, merged.counts.dropped_photos) == (2, 1, 0)
    assert sorted(await site.photos()) == sorted([("ana", photo(ANA)), ("ana", photo(EVE))])
    assert len(site.vault.objects()) == 2
    assert site.metrics.registry.get_sample_value("portero_gallery_merged_people_total") == 1


async def test_the_same_photo_is_kept_once(site: Site) -> None:
    """And one that is damaged is deleted."""
    await site.gallery.enroll("anna", photo(ANA))
    (broken,) = [
        each for each in await site.vault.photos.kept_of("anna") if await site.vault.vault.read(each) == photo(EVE)
    ]
    site.vault.path(broken.photo_id).write_bytes(b"no photo")
    merged = await site.merger.merge("ana", "anna", force=False)
    assert (merged.counts.photos, merged.counts.dropped_photos) == (0, 2)
    assert await site.photos() == [("ana", photo(ANA))]
    assert len(site.vault.objects()) == 1


async def test_a_vault_that_is_away_merges_nobody(site: Site) -> None:
    """Called again, it goes on; what was copied for nothing is swept."""
    site.vault.place.refused = {"put"}
    with pytest.raises(VaultUnavailable):
        await site.merger.merge("ana", "anna", force=False)
    assert (await site.gallery.get("anna")).face_count == 1
    site.vault.place.refused = set()
    await site.merger.merge("ana", "anna", force=False)
    site.clock.advance(2 * SETTLES_AFTER.total_seconds())
    await site.vault.vault.round()
    counts = await site.vault.photos.counts()
    assert (counts[PhotoState.KEPT], sum(counts.values())) == (2, 2)


async def test_a_server_without_the_vault_merges_nobody_of_whom_it_has_photos(site: Site) -> None:
    """It could not seal them anew."""
    with pytest.raises(FailedPrecondition, match="PORTERO_PHOTO_VAULT") as caught:
        await site.without_vault.merge("ana", "anna", force=False)
    assert caught.value.reason == "NO_PHOTO_VAULT"


async def test_a_photo_of_a_key_that_is_missing_merges_nobody(site: Site, database: Database, tmp_path: Path) -> None:
    """The photo is whole, and a server that has the key takes it along."""
    people = PeopleStore(database, site.clock)
    mirror = GalleryMirror(ScriptedEngine(), people, refresh=5)
    lacking = vault_in(tmp_path / "photos", database, site.clock, keys=(OTHER_KEY,)).vault
    with pytest.raises(FailedPrecondition, match="PORTERO_PHOTO_VAULT_KEY_FILE") as caught:
        await merger_of(database, people, mirror, site.clock, vault=lacking).merge("ana", "anna", force=False)
    assert caught.value.reason == "PHOTO_OF_OTHER_KEY"
    assert (await site.gallery.get("anna")).face_count == 1
    await lacking.aclose()
    assert (await site.merger.merge("ana", "anna", force=False)).counts.photos == 1
    assert sorted(await site.photos()) == sorted([("ana", photo(ANA)), ("ana", photo(EVE))])


async def test_a_repetition_is_counted_once(site: Site) -> None:
    """It returns the same; nobody is merged into themselves."""
    first = await site.merger.merge("ana", "anna", force=False)
    again = await site.merger.merge("ana", "anna", force=False)
    assert again == first
    assert site.metrics.registry.get_sample_value("portero_gallery_merged_people_total") == 1
    with pytest.raises(InvalidInput, match="another person"):
        await site.merger.merge("ana", "ana", force=False)
