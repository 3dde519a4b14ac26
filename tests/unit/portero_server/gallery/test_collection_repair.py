"""A collection that was lost, emptied, halved, replaced or shared is repaired: over HTTP, on both databases.

The collection is the simulator's, asked by unchanged boto3; whoever was named before is named afterward.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from portero_server.domain.people.collection import CollectionState
from portero_server.engines.base import FaceCrop
from portero_server.engines.kept_faces import image_id
from portero_server.engines.rekognition.engine import RekognitionEngine
from portero_server.engines.rekognition.options import RekognitionOptions
from portero_server.errors import EngineError
from portero_server.gallery.collection_repair import CollectionRepair
from portero_server.gallery.collection_watch import CollectionWatch
from portero_server.gallery.mirror import GalleryMirror
from portero_server.gallery.service import Gallery
from portero_server.store.database import Database
from portero_server.store.people import PeopleStore
from portero_simulator import details
from portero_simulator.operations import collections as collection_operations
from portero_simulator.operations import faces as face_operations
from portero_simulator.options import Options
from tests.contracts.engine_contract import crop_of
from tests.support.server.collection_parts import collection_parts
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
from tests.support.time.virtual_time import ManualClock

PEOPLE = {"ana": RED, "ben": BLUE}


@dataclass
class Site:
    """A gallery with Ana and Ben, the collection behind it, and who watches over both."""

    simulation: Simulation
    engine: RekognitionEngine
    gallery: Gallery
    people: PeopleStore
    watch: CollectionWatch
    repair: CollectionRepair
    crops: dict[str, FaceCrop]

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

    async def teach(self) -> list[str]:
        """Enrolls everybody again who must be, and returns their ids."""
        found, after = await self.repair.unrecognized(100, None)
        assert after is None
        for each in found:
            await self.gallery.enroll(each.person.person_id, portrait(PEOPLE[each.person.person_id]))
        return [each.person.person_id for each in found]

    async def face_ids(self) -> list[str]:
        """Returns the FaceIds of the collection."""
        listed = await ask(self.simulation.client.list_faces, CollectionId="staff")
        return [face["FaceId"] for face in listed["Faces"]]


@pytest.fixture
async def site(database: Database) -> AsyncIterator[Site]:
    """A site where everybody is known."""
    async with simulated(Options(quotas={})) as simulation:
        engine = RekognitionEngine(
            client_of(simulation.url), "staff", CountingGate(), threads=4, options=RekognitionOptions()
        )
        await engine.check()
        clock = ManualClock()
        people = PeopleStore(database, clock)
        mirror = GalleryMirror(engine, people, refresh=5)
        await mirror.load()
        watch, repair = collection_parts(engine, database, people, clock)
        gallery = Gallery(engine, people, mirror, clock, keeper=engine, tell_loss=watch.suspect)
        for person_id, color in PEOPLE.items():
            await gallery.create(person_id, person_id, {})
            await gallery.enroll(person_id, portrait(color))
        crops = {
            person_id: await crop_of(engine, picture((100, 60, 100, color))) for person_id, color in PEOPLE.items()
        }
        yield Site(simulation, engine, gallery, people, watch, repair, crops)
        await engine.aclose()


async def _lose(site: Site) -> None:
    await ask(site.simulation.client.delete_collection, CollectionId="staff")


async def _empty(site: Site) -> None:
    await ask(site.simulation.client.delete_faces, CollectionId="staff", FaceIds=await site.face_ids())


async def _halve(site: Site) -> None:
    await ask(site.simulation.client.delete_faces, CollectionId="staff", FaceIds=(await site.face_ids())[:1])


async def _share(site: Site) -> None:
    for name in (image_id("eva", "1"), "photo.jpg"):
        await ask(
            site.simulation.client.index_faces,
            CollectionId="staff",
            Image={"Bytes": portrait(GREEN)},
            ExternalImageId=name,
        )


async def _replace_model(site: Site) -> None:
    # Amazon's new model: collections made from now on have it.
    for module in (details, collection_operations, face_operations):
        module.MODEL_VERSION = "0.2"  # type: ignore[attr-defined]  # set back below
    await _lose(site)
    await ask(site.simulation.client.create_collection, CollectionId="staff")


@pytest.fixture(autouse=True)
def model_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the simulator's face model be what it was after a test that changed it."""
    for module in (details, collection_operations, face_operations):
        monkeypatch.setattr(module, "MODEL_VERSION", "0.1")


@pytest.mark.parametrize(
    ("happens", "state", "named", "taught"),
    [
        (_lose, CollectionState.LOST, {"ana": "COLLECTION_MISSING", "ben": "COLLECTION_MISSING"}, ["ana", "ben"]),
        (_empty, CollectionState.EMPTIED, {"ana": None, "ben": None}, ["ana", "ben"]),
        (_replace_model, CollectionState.OTHER_MODEL, {"ana": None, "ben": None}, ["ana", "ben"]),
        (_halve, CollectionState.INCOMPLETE, {"ana": None, "ben": "ben"}, ["ana"]),
        (_share, CollectionState.FOREIGN, {"ana": "ana", "ben": "ben"}, []),
    ],
)
async def test_each_trouble_is_told_and_repaired(
    site: Site,
    happens: Callable[[Site], Awaitable[None]],
    state: CollectionState,
    named: dict[str, str | None],
    taught: list[str],
) -> None:
    """The same people are named before and after; only whom it concerns is taught; other programs' faces stay."""
    before = await site.named()
    assert before == {"ana": "ana", "ben": "ben"}
    assert (await site.watch.compare()).truth.state is CollectionState.SOUND

    await happens(site)

    assert await site.watch.round()
    assert f"gallery {state.name}: " in str(site.watch.note)
    assert await site.named() == named
    done = await site.repair.repair(remove_foreign=True)
    assert (done.created, done.removed) == (state is CollectionState.LOST, int(state is CollectionState.FOREIGN))
    assert await site.teach() == taught
    assert await site.teach() == []
    truth = (await site.watch.compare()).truth
    assert truth.state is CollectionState.SOUND
    assert truth.others == (1 if state is CollectionState.FOREIGN else 0)
    assert not site.watch.note
    assert await site.named() == before


async def test_nothing_foreign_is_removed_unless_asked_for(site: Site) -> None:
    """A repair without the request leaves what is stored nowhere where it is, and says how much there is."""
    await _share(site)
    done = await site.repair.repair(remove_foreign=False)
    assert (done.removed, done.known.truth.foreign, done.known.truth.others) == (0, 1, 1)
    assert len(await site.face_ids()) == 4


async def test_a_person_with_one_of_two_faces_lost_is_listed_with_it(site: Site) -> None:
    """Of somebody who is still recognized by another face, the lost one is named."""
    other = await site.gallery.enroll("ana", portrait(RED, width=400))
    lost = await site.people.get_face("ana", other.face_id)
    await ask(site.simulation.client.delete_faces, CollectionId="staff", FaceIds=[lost.external_id])
    [found], _ = await site.repair.unrecognized(100, None)
    assert (found.person.person_id, [face.face_id for face in found.missing], found.kept, found.other_model) == (
        "ana",
        [other.face_id],
        1,
        False,
    )
    assert await site.repair.unrecognized(1, None) == ([found], "ana")
    assert await site.repair.unrecognized(1, "ana") == ([], "ben")
    assert await site.repair.unrecognized(1, "ben") == ([], None)


async def test_enrolling_is_a_sign_of_loss(site: Site) -> None:
    """A photo sent again whose face is gone has the collection looked at, and teaches the face."""
    await _empty(site)
    await site.gallery.enroll("ana", portrait(RED))
    assert (await site.named())["ana"] == "ana"
    assert site.watch._suspected.is_set()
