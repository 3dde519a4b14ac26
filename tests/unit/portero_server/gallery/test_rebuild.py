"""Faces are made anew from the vault: over HTTP with unchanged boto3, on both databases.

The collection is the simulator's; whoever was named before is named afterward, and nobody else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from portero_server.domain.people.collection import CollectionState
from portero_server.domain.people.people import FaceModel
from portero_server.domain.people.photos import Rebuilding, RebuiltPhoto
from portero_server.engines.base import FaceCrop
from portero_server.engines.rekognition.engine import RekognitionEngine
from portero_server.engines.rekognition.options import RekognitionOptions
from portero_server.errors import EngineError, EngineUnavailable, FailedPrecondition
from portero_server.gallery.collection_repair import CollectionRepair
from portero_server.gallery.collection_watch import CollectionWatch
from portero_server.gallery.mirror import GalleryMirror
from portero_server.gallery.rebuild import FaceRebuild
from portero_server.gallery.service import Gallery
from portero_server.store.consents import ConsentStore
from portero_server.store.database import Database
from portero_server.store.people import PeopleStore
from portero_simulator import details
from portero_simulator.operations import collections as collection_operations
from portero_simulator.operations import faces as face_operations
from portero_simulator.options import Options
from tests.contracts.engine_contract import crop_of
from tests.support.server.collection_parts import collection_parts
from tests.support.server.photo_vault import OTHER_KEY, Vault, keeping, vault_in
from tests.support.server.simulated_rekognition import (
    BLUE,
    GREEN,
    RED,
    CountingGate,
    Simulation,
    ask,
    client_of,
    picture,
    portrait,
    simulated,
)
from tests.support.store.fixtures import database, database_url
from tests.support.time.virtual_time import ManualClock

__all__ = ["database", "database_url"]

PEOPLE = {"ana": RED, "ben": BLUE, "eva": GREEN}
"""Eva does not let her photo be kept."""
_MODULES = (details, collection_operations, face_operations)


@dataclass
class Site:
    """A gallery with three people, its collection, and its vault."""

    simulation: Simulation
    engine: RekognitionEngine
    gate: CountingGate
    gallery: Gallery
    people: PeopleStore
    consents: ConsentStore
    watch: CollectionWatch
    repair: CollectionRepair
    vault: Vault
    rebuild: FaceRebuild
    crops: dict[str, FaceCrop]
    clock: ManualClock

    async def named(self) -> dict[str, str | None]:
        """Returns who each person's picture is answered with."""
        found: dict[str, str | None] = {}
        for person_id, crop in self.crops.items():
            (answer,) = await self.engine.identify([crop])
            if isinstance(answer, EngineError):
                found[person_id] = answer.reason
            else:
                found[person_id] = answer.candidates[0].person_id if answer.candidates else None
        return found

    async def rebuilt(self, *, dry_run: bool = False) -> dict[str, RebuiltPhoto]:
        """Rebuilds everything, photo by photo, and returns what became of each person's."""
        found, after = dict[str, RebuiltPhoto](), None
        while True:
            photos, after = await self.rebuild.page(1, after, dry_run=dry_run)
            found |= {photo.person_id: photo for photo in photos}
            if after is None:
                return found

    async def outcomes(self, *, dry_run: bool = False) -> dict[str, Rebuilding]:
        """Returns what became of each person's photo."""
        return {person_id: photo.outcome for person_id, photo in (await self.rebuilt(dry_run=dry_run)).items()}

    async def kept(self) -> int:
        """Returns how many faces the collection has."""
        return len((await ask(self.simulation.client.list_faces, CollectionId="staff"))["Faces"])

    async def photo_of(self, person_id: str) -> Path:
        """Returns the file of a person's photo."""
        [photo] = [each for each in await self.vault.photos.page(10) if each.person_id == person_id]
        return self.vault.path(photo.photo_id)


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Site]:
    """A site where everybody is known, and two of three photos are kept."""
    async with simulated(Options(quotas={})) as simulation:
        gate = CountingGate()
        engine = RekognitionEngine(client_of(simulation.url), "staff", gate, threads=4, options=RekognitionOptions())
        await engine.check()
        clock = ManualClock()
        people, consents = PeopleStore(database, clock), ConsentStore(database, clock)
        mirror = GalleryMirror(engine, people, refresh=5)
        await mirror.load()
        watch, repair = collection_parts(engine, database, people, clock)
        vault = vault_in(tmp_path / "photos", database, clock)
        gallery = Gallery(engine, people, mirror, clock, keeper=engine, tell_loss=watch.suspect, vault=vault.vault)

        def model() -> FaceModel:
            return FaceModel(engine.traits.name, engine.traits.model_version)

        rebuild = FaceRebuild(vault.access, gallery, model, vault.metrics.vault, keeper=engine)
        for person_id, color in PEOPLE.items():
            await gallery.create(person_id, person_id, {})
            if person_id != "eva":
                await consents.record(keeping(person_id, clock))
            await gallery.enroll(person_id, portrait(color))
        crops = {
            person_id: await crop_of(engine, picture((100, 60, 100, color))) for person_id, color in PEOPLE.items()
        }
        yield Site(simulation, engine, gate, gallery, people, consents, watch, repair, vault, rebuild, crops, clock)
        await vault.vault.aclose()
        await engine.aclose()


@pytest.fixture(autouse=True)
def model_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the simulator's face model be what it was after a test that changed it."""
    for module in _MODULES:
        monkeypatch.setattr(module, "MODEL_VERSION", "0.1")


async def _lose(site: Site) -> None:
    await ask(site.simulation.client.delete_collection, CollectionId="staff")


async def _empty(site: Site) -> None:
    listed = await ask(site.simulation.client.list_faces, CollectionId="staff")
    faces = [face["FaceId"] for face in listed["Faces"]]
    await ask(site.simulation.client.delete_faces, CollectionId="staff", FaceIds=faces)


async def _replace_model(site: Site) -> None:
    # Amazon's new model, as in a collection made from now on, or in another region.
    for module in _MODULES:
        module.MODEL_VERSION = "0.2"  # type: ignore[attr-defined]  # set back by the fixture
    await _lose(site)
    await ask(site.simulation.client.create_collection, CollectionId="staff")


@pytest.mark.parametrize("happens", [_lose, _empty, _replace_model])
async def test_the_same_people_are_named_after_a_rebuild(
    site: Site, happens: Callable[[Site], Awaitable[None]]
) -> None:
    """Whoever let their photo be kept is named again, with nobody's help; the other one is still missed."""
    assert await site.named() == {"ana": "ana", "ben": "ben", "eva": "eva"}
    await happens(site)
    await site.watch.compare()
    await site.repair.repair(remove_foreign=False)
    assert await site.outcomes() == {"ana": Rebuilding.TAUGHT, "ben": Rebuilding.TAUGHT}
    assert await site.named() == {"ana": "ana", "ben": "ben", "eva": None}
    [missed], _ = await site.repair.unrecognized(10, None)
    assert missed.person.person_id == "eva"
    # The photos follow their new faces: deleting these deletes those.
    for photo in await site.vault.photos.page(10):
        await site.gallery.delete_face(photo.person_id, photo.face_id)
    assert site.vault.objects() == []


async def test_nothing_is_taught_twice(site: Site) -> None:
    """A rebuild of what is there teaches nothing, costs nothing, and reads no object; so does a second one."""
    site.vault.place.refused = {"get"}
    before = len(site.gate.operations)
    assert await site.outcomes() == {"ana": Rebuilding.KNOWN, "ben": Rebuilding.KNOWN}
    assert "IndexFaces" not in site.gate.operations[before:]
    site.vault.place.refused = set()
    await _empty(site)
    await site.outcomes()
    assert await site.outcomes() == {"ana": Rebuilding.KNOWN, "ben": Rebuilding.KNOWN}
    assert await site.kept() == 2


async def test_a_rebuild_that_ended_halfway_goes_on(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after the first photo was taught and before it was recorded: repeated, each face is there once."""
    await _empty(site)
    learn, taught = site.engine.learn, list[str]()

    async def failing(*given: object) -> object:
        if taught:
            raise EngineUnavailable("away")
        taught.append("one")
        return await learn(*given)  # type: ignore[arg-type]  # as it was called

    monkeypatch.setattr(site.engine, "learn", failing)
    with pytest.raises(EngineUnavailable):
        await site.rebuild.page(10, None, dry_run=False)
    monkeypatch.undo()
    assert await site.kept() == 1
    first, second = (await site.rebuild.page(10, None, dry_run=False))[0]
    assert (first.outcome, second.outcome) == (Rebuilding.KNOWN, Rebuilding.TAUGHT)
    assert await site.kept() == 2
    assert sum((await site.people.count_faces()).values()) == 3
    assert await site.named() == {"ana": "ana", "ben": "ben", "eva": None}


async def test_a_dry_run_reads_everything_and_teaches_nothing(site: Site) -> None:
    """It tells what would be taught, and what could not be read, and changes and counts nothing."""
    await _empty(site)
    (await site.photo_of("ben")).unlink()
    assert await site.outcomes(dry_run=True) == {"ana": Rebuilding.TEACHABLE, "ben": Rebuilding.MISSING}
    assert await site.kept() == 0
    assert site.vault.counted("rebuilt_photos_total", outcome="missing") == 0


async def test_each_photo_that_cannot_be_used_is_told_with_its_reason(site: Site) -> None:
    """An exchanged object is refused, a missing one named, and the others taught all the same."""
    await _empty(site)
    ana, ben = await site.photo_of("ana"), await site.photo_of("ben")
    ana.write_bytes(ben.read_bytes())
    found = await site.rebuilt()
    assert (found["ana"].outcome, found["ana"].reason) == (Rebuilding.UNREADABLE, "PHOTO_DAMAGED")
    assert found["ben"].outcome is Rebuilding.TAUGHT
    ana.unlink()
    found = await site.rebuilt()
    assert (found["ana"].outcome, found["ana"].reason) == (Rebuilding.MISSING, "PHOTO_MISSING")
    assert await site.named() == {"ana": None, "ben": "ben", "eva": None}
    assert site.vault.counted("rebuilt_photos_total", outcome="unreadable") == 1


async def test_a_photo_of_another_key_says_so(site: Site, database: Database, tmp_path: Path) -> None:
    """Without the key that sealed them, every photo is unreadable for that reason."""
    await _empty(site)
    other = vault_in(tmp_path / "photos", database, site.clock, keys=(OTHER_KEY,))
    model = FaceModel(site.engine.traits.name, site.engine.traits.model_version)
    rebuild = FaceRebuild(other.access, site.gallery, lambda: model, other.metrics.vault, keeper=site.engine)
    photos, _ = await rebuild.page(10, None, dry_run=True)
    assert {photo.reason for photo in photos} == {"PHOTO_OF_OTHER_KEY"}
    await other.vault.aclose()


async def test_a_photo_whose_consent_has_ended_is_not_taught(site: Site) -> None:
    """Between the end of the consent and the sweep the photo is refused, and not even read."""
    await _empty(site)
    await site.consents.withdraw("ana", "keep-ana")
    (await site.photo_of("ana")).write_bytes(b"not read")
    found = await site.rebuilt()
    assert (found["ana"].outcome, found["ana"].reason) == (Rebuilding.REFUSED, "NO_CONSENT")
    assert await site.named() == {"ana": None, "ben": "ben", "eva": None}


async def test_a_face_that_is_deleted_while_it_is_taught_does_not_come_back(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deleted between reading its photo and storing its face, it is neither stored nor in the collection afterward."""
    await _empty(site)
    learn = site.engine.learn

    async def deleting(pixels: object, person_id: str, face_id: str, context: object) -> object:
        if person_id == "ana":
            await site.gallery.delete_face("ana", face_id)
        return await learn(pixels, person_id, face_id, context)  # type: ignore[arg-type]  # as it was called

    monkeypatch.setattr(site.engine, "learn", deleting)
    found = await site.rebuilt()
    assert (found["ana"].outcome, found["ana"].reason) == (Rebuilding.REFUSED, "PHOTO_DELETED")
    assert found["ben"].outcome is Rebuilding.TAUGHT
    assert await site.named() == {"ana": None, "ben": "ben", "eva": None}
    assert (await site.kept(), await site.people.list_faces("ana", 10)) == (1, [])


async def test_a_photo_that_the_engine_refuses_is_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stricter model's refusal stands in the report with the engine's own reason; the photo stays."""
    await _empty(site)

    async def refusing(person_id: str) -> None:
        raise FailedPrecondition("not now", reason="CONSENT_MISSING")

    monkeypatch.setattr(site.gallery, "_check_learnable", refusing)
    found = await site.rebuilt()
    assert {(photo.outcome, photo.reason) for photo in found.values()} == {(Rebuilding.REFUSED, "CONSENT_MISSING")}
    assert len(site.vault.objects()) == 2


async def test_a_site_without_a_vault_says_what_to_use_instead(site: Site) -> None:
    """The error names the setting and the repair from a folder."""
    rebuild = FaceRebuild(None, site.gallery, lambda: FaceModel("e", "v"), site.vault.metrics.vault)
    with pytest.raises(FailedPrecondition, match="faces repair --photos") as caught:
        await rebuild.page(10, None, dry_run=True)
    assert caught.value.reason == "NO_PHOTO_VAULT"


async def test_the_collection_is_sound_when_all_photos_were_kept(site: Site) -> None:
    """Once Eva agrees too and is enrolled again, a loss is made good completely."""
    await site.consents.record(keeping("eva", site.clock))
    await site.gallery.enroll("eva", portrait(GREEN))
    await _lose(site)
    await site.repair.repair(remove_foreign=False)
    await site.outcomes()
    assert (await site.watch.compare()).truth.state is CollectionState.SOUND
    assert await site.named() == {"ana": "ana", "ben": "ben", "eva": "eva"}
