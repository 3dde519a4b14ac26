"""A collection that another program filled, adopted: searched, compared, erased, switched and dropped; over HTTP.

The collection is the simulator's, filled by unchanged boto3, and the people are stored in both databases.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from portero_server.domain.people.collection import CollectionState
from portero_server.domain.people.people import FaceModel
from portero_server.engines.base import GalleryFace
from portero_server.engines.kept_faces import CollectionKeeper
from portero_server.engines.rekognition.engine import RekognitionEngine
from portero_server.engines.rekognition.options import RekognitionOptions
from portero_server.errors import EngineUnavailable, FailedPrecondition
from portero_server.gallery.adoption import FaceAdoption
from portero_server.gallery.mirror import GalleryMirror
from portero_server.gallery.reconcile import reconcile_faces
from portero_server.store.adopted_faces import AdoptedFaceStore
from portero_server.store.collections import CollectionStore
from portero_server.store.database import Database
from portero_simulator.options import Options
from tests.support.server.collection_parts import collection_parts, no_pause
from tests.support.server.collection_sides import COLORS, SidedServer, crop_of, eraser_of, removal_of, sided_server
from tests.support.server.gallery_transfer import adoption_of
from tests.support.server.simulated_rekognition import CountingGate, ask, client_of, portrait, simulated
from tests.support.store.fixtures import database, database_url

__all__ = ["database", "database_url"]

NAMES = {"ana": "ana", "ben": "Ben.Soto", "eva": None}
"""What the other program called each person's face."""


@dataclass
class _Site:
    """A server whose collection another program has filled, and the FaceIds by person."""

    server: SidedServer
    face_ids: dict[str, str]
    adoption: FaceAdoption

    async def adopt(self, *, dry_run: bool = False, unnamed: bool = False) -> dict[str, str]:
        """Adopts all faces; returns by person whom they became, or why not."""
        outcomes = await self.adoption.adopt(list(self.face_ids.values()), unnamed=unnamed, dry_run=dry_run)
        owners = {face_id: person for person, face_id in self.face_ids.items()}
        return {owners[each.face_id]: each.person_id or each.reason for each in outcomes}


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[_Site]:
    """Three faces, one of them without an ExternalImageId."""
    async with simulated(Options(quotas={})) as simulation:
        server = await sided_server(simulation, database, tmp_path / "photos")
        face_ids = {}
        for person, name in NAMES.items():
            called = {} if name is None else {"ExternalImageId": name}
            image = {"Bytes": portrait(COLORS[person])}
            answer = await ask(simulation.client.index_faces, CollectionId="first", Image=image, **called)
            face_ids[person] = str(answer["FaceRecords"][0]["Face"]["FaceId"])
        adoption = adoption_of(server.live, database, server.mirror, server.clock, metrics=server.metrics)
        yield _Site(server, face_ids, adoption)
        await server.aclose()


async def _ben(site: _Site) -> str:
    return next(person.person_id for person in await site.server.people.list(9) if person.display_name == "Ben.Soto")


async def test_adopted_faces_are_named_at_no_price(site: _Site) -> None:
    """Before, nobody is; afterward whoever has a name is, with free calls alone, and a repetition changes nothing."""
    assert set((await site.server.named()).values()) == {None}
    paid = len(site.server.gates[0].operations)
    told = await site.adopt()
    assert (told["ana"], told["eva"]) == ("ana", "UNNAMED")
    assert site.server.gates[0].operations[paid:] == ["ListFaces"]
    assert await site.server.named() == {"ana": "ana", "ben": await _ben(site), "eva": None}
    assert await site.adopt() == told
    count = site.server.counted
    outcomes = {name: count("gallery_adopted_faces_total", outcome=name) for name in ("adopted", "known", "refused")}
    assert outcomes == {"adopted": 2, "known": 2, "refused": 2}
    assert (await site.adopt(unnamed=True))["eva"] == f"face-{site.face_ids['eva']}"
    assert (await site.server.named())["eva"] == f"face-{site.face_ids['eva']}"


async def test_a_dry_run_changes_and_counts_nothing(site: _Site) -> None:
    """It says whom the faces would become."""
    assert (await site.adopt(dry_run=True))["ana"] == "ana"
    assert await site.server.people.list(9) == []
    assert set((await site.server.named()).values()) == {None}
    assert site.server.counted("gallery_adopted_faces_total", outcome="adopted") == 0


async def test_a_comparison_finds_adopted_faces_sound_and_removes_none(site: _Site) -> None:
    """Neither the watch nor the command that repairs takes them for strays; the unadopted one stays another's."""
    await site.adopt()
    server = site.server
    watch, repair = collection_parts(server.live, server.database, server.people, server.clock)
    done = await repair.repair(remove_foreign=True)
    assert (done.removed, done.known.truth.state) == (0, CollectionState.SOUND)
    assert (done.known.truth.stored, done.known.truth.kept, done.known.truth.others) == (2, 3, 1)
    told = await reconcile_faces(
        server.live, CollectionStore(server.database, "rekognition/first"), repair=True, sleep=no_pause
    )
    assert "foreign: 0 faces" in told
    assert "missing: 0 stored faces" in told
    listed = await ask(server.simulation.client.list_faces, CollectionId="first")
    assert {face["FaceId"] for face in listed["Faces"]} == set(site.face_ids.values())
    await ask(server.simulation.client.delete_faces, CollectionId="first", FaceIds=[site.face_ids["ana"]])
    assert (await watch.compare()).truth.missing == 1


async def test_other_servers_and_restarts_name_them_too(site: _Site, tmp_path: Path) -> None:
    """One that was running learns by the change log, one that starts loads them."""
    server = site.server
    running = await sided_server(server.simulation, server.database, tmp_path / "photos", server.clock)
    await site.adopt()
    assert (await running.named())["ana"] is None
    await running.mirror.catch_up()
    assert (await running.named())["ana"] == "ana"
    started = await sided_server(server.simulation, server.database, tmp_path / "photos", server.clock)
    assert (await started.named())["ana"] == "ana"
    # Who is deleted at one is named by none, whatever the collection still tells.
    await server.gallery.delete("ana")
    await running.mirror.catch_up()
    assert (await running.named())["ana"] is None
    for each in (running, started):
        await each.aclose()


async def test_a_deleted_face_and_an_erased_person_leave_the_collection(site: _Site) -> None:
    """By their FaceIds; and nobody of an erased id is adopted again."""
    await site.adopt()
    server, ben = site.server, await _ben(site)
    await server.gallery.delete_face(ben, site.face_ids["ben"])
    erasure = await eraser_of(server).erase("ana")
    assert erasure.finished_at is not None
    listed = await ask(server.simulation.client.list_faces, CollectionId="first")
    assert [face["FaceId"] for face in listed["Faces"]] == [site.face_ids["eva"]]
    image = {"Bytes": portrait(COLORS["ana"], width=330)}
    answer = await ask(server.simulation.client.index_faces, CollectionId="first", Image=image, ExternalImageId="ana")
    site.face_ids["ana"] = answer["FaceRecords"][0]["Face"]["FaceId"]
    assert await site.adopt() == {"ana": "PERSON_ERASED", "ben": "NOT_IN_COLLECTION", "eva": "UNNAMED"}


async def test_adopted_people_are_enrolled_and_compared_like_others(site: _Site) -> None:
    """A photograph adds a face of ours; who else is like them is answered by the person."""
    await site.adopt()
    server = site.server
    face = await server.gallery.enroll("ana", portrait(COLORS["ana"], width=330))
    assert face.face_id != face.external_id
    assert (await server.people.get("ana")).face_count == 2
    similar = await server.live.similar(
        next(each for each in [f async for f in server.people.gallery("rekognition")] if each.face_id == face.face_id),
        5,
        crop_of(COLORS["ana"]).context,
    )
    assert [each.person_id for each in similar.candidates] == ["ana"]


async def test_where_people_are_searched_as_one_the_next_look_makes_them_so(site: _Site) -> None:
    """With users on, adopted faces join their person with the paid call that enrollments make, and are then named."""
    await site.adopt()
    server, gate = site.server, CountingGate()
    options = RekognitionOptions(users=True)
    engine = RekognitionEngine(client_of(server.simulation.url), "first", gate, threads=4, options=options)
    await engine.check()
    await GalleryMirror(engine, server.people, refresh=5).load()
    assert isinstance(engine, CollectionKeeper)
    assert await engine.complete() == 2
    assert gate.operations.count("AssociateFaces") == 2
    [found] = await engine.identify([crop_of(COLORS["ana"])])
    assert [each.person_id for each in found.candidates][:1] == ["ana"]  # type: ignore[union-attr]  # no error
    await engine.aclose()


async def test_a_collection_that_is_dropped_takes_adopted_faces_along(site: _Site) -> None:
    """They are Portero's by then; a switch says how many people it would lose, and what nobody adopted stays."""
    await site.adopt()
    server = site.server
    await server.switch.prepare("second", "")
    with pytest.raises(FailedPrecondition) as refused:
        await server.switch.switch(allow_missing=False)
    assert refused.value.reason == "STANDBY_INCOMPLETE"
    await server.switch.switch(allow_missing=True)
    assert (await server.named())["ana"] is None
    await server.switch.switch(allow_missing=True)
    assert (await server.named())["ana"] == "ana"
    await server.switch.switch(allow_missing=True)
    assert not await server.switch.drop("first")
    listed = await ask(server.simulation.client.list_faces, CollectionId="first")
    assert [face["FaceId"] for face in listed["Faces"]] == [site.face_ids["eva"]]
    assert (await server.people.get("ana")).face_count == 0


async def test_a_collection_that_is_gone_is_dropped_although_faces_of_it_were_adopted(site: _Site) -> None:
    """There is nothing left to delete, and nobody has a face of it any more."""
    await site.adopt()
    server = site.server
    await server.switch.prepare("second", "")
    await server.switch.switch(allow_missing=True)
    await ask(server.simulation.client.delete_collection, CollectionId="first")
    assert await server.switch.drop("first")
    assert (await server.people.get("ana")).face_count == 0


async def test_faces_of_a_collection_that_came_in_use_meanwhile_are_not_taken_for_the_other_ones(
    site: _Site,
) -> None:
    """The caller is told to try again, and nothing is stored."""
    server = site.server
    models = iter([FaceModel("rekognition", "0.1"), FaceModel("rekognition", "0.1@2")])
    store = AdoptedFaceStore(server.database, server.clock)
    adoption = FaceAdoption(server.live, lambda: next(models), store, server.mirror, server.metrics.gallery)
    with pytest.raises(FailedPrecondition) as refused:
        await adoption.adopt([site.face_ids["ana"]], unnamed=False, dry_run=False)
    assert refused.value.reason == "COLLECTION_CHANGED"
    assert await server.people.list(9) == []


async def test_an_erasure_takes_faces_that_were_never_stored(site: _Site) -> None:
    """Of somebody who was adopted without a consent, no face is stored: they go by the name of the other program."""
    server = site.server
    adoption = adoption_of(server.live, server.database, server.mirror, server.clock, consent_required=True)
    outcomes = await adoption.adopt(list(site.face_ids.values()), unnamed=True, dry_run=False)
    assert [each.reason for each in outcomes] == ["CONSENT_MISSING"] * 3
    for each in outcomes:
        receipt = await eraser_of(server).erase(each.person_id)
        assert (receipt.sound, receipt.counts["engine_faces"]) == (True, 1)
        assert (await eraser_of(server).verify(each.person_id)).clean
        assert each.face_id not in await _held(server)


async def test_an_erasure_takes_faces_that_came_after_the_adoption(site: _Site) -> None:
    """The other program indexed one more, and the label is gone by then; what it indexes later is told by the proof."""
    await site.adopt()
    server, ben = site.server, await _ben(site)
    await server.people.update(ben, None, {})
    await _index(server, "ben", NAMES["ben"], 330)
    receipt = await eraser_of(server).erase(ben)
    assert (receipt.sound, receipt.counts["engine_faces"]) == (True, 2)
    assert await _held(server) == {site.face_ids["ana"], site.face_ids["eva"]}
    assert (await eraser_of(server).verify(ben)).clean
    await _index(server, "ben", NAMES["ben"], 340)
    assert [each.rows for each in (await eraser_of(server).verify(ben)).remains] == [1]


async def test_an_erasure_leaves_faces_alone_that_are_nobodys_or_somebody_elses(site: _Site) -> None:
    """An id that equals an ExternalImageId says nothing, and a label does not take what is stored of another person."""
    server = site.server
    await server.people.create("ana", "Another Ana", {})
    await eraser_of(server).erase("ana")
    assert (await eraser_of(server).verify("ana")).clean
    await site.adopt()
    await server.people.create("gil", "Gil", {"external-image-id": "Ben.Soto"})
    assert (await eraser_of(server).erase("gil")).sound
    assert await _held(server) == set(site.face_ids.values())
    assert (await eraser_of(server).verify("gil")).clean


async def test_whoever_is_deleted_during_an_outage_leaves_the_collection_after_a_restart(
    site: _Site, tmp_path: Path
) -> None:
    """Until then nobody adopts the face, and the next look of any server removes it, also beside the one in use."""
    await site.adopt()
    server, ben = site.server, await _ben(site)
    await server.switch.prepare("second", "")
    await server.switch.switch(allow_missing=True)
    await server.sides.settle()
    await server.switch.switch(allow_missing=True)
    await server.sides.settle()
    _cut(server)
    await server.gallery.delete("ana")
    await server.gallery.delete_face(ben, site.face_ids["ben"])
    started = await sided_server(server.simulation, server.database, tmp_path / "photos", server.clock)
    adoption = adoption_of(started.live, server.database, started.mirror, server.clock)
    outcomes = await adoption.adopt(list(site.face_ids.values()), unnamed=False, dry_run=False)
    assert [each.reason for each in outcomes] == ["FACE_DELETED", "FACE_DELETED", "UNNAMED"]
    await removal_of(server).round()
    assert server.counted("faces_leaving") == 2
    await removal_of(started).round()
    assert started.counted("faces_leaving") == 0
    assert await _held(started) == {site.face_ids["eva"]}
    await started.aclose()


async def test_faces_deleted_while_their_collection_stands_by_leave_it_after_a_restart(
    site: _Site, tmp_path: Path
) -> None:
    """The mirror of the standby begins at the newest change, so the list removes them there."""
    await site.adopt()
    server = site.server
    await server.switch.prepare("second", "")
    await server.switch.switch(allow_missing=True)
    await server.sides.settle()
    _cut(server)
    await server.gallery.delete("ana")
    started = await sided_server(server.simulation, server.database, tmp_path / "photos", server.clock)
    await started.mirror.catch_up()
    assert site.face_ids["ana"] in await _held(started)
    await removal_of(started).round()
    assert site.face_ids["ana"] not in await _held(started)
    await started.aclose()


async def test_an_erasure_waits_for_faces_that_were_deleted_before(site: _Site) -> None:
    """Deleted during an outage and then erased: the receipt is written when the collection has let go of them."""
    await site.adopt()
    server = site.server
    mend = _cut(server)
    await server.gallery.delete("ana")
    begun = await eraser_of(server).erase("ana")
    assert begun.finished_at is None
    assert not (await eraser_of(server).verify("ana")).clean
    mend()
    await server.mirror.catch_up()
    await eraser_of(server).round()
    found = await eraser_of(server).verify("ana")
    assert (found.clean, found.erasure.counts["engine_faces"]) == (True, 1)
    assert site.face_ids["ana"] not in await _held(server)


async def _held(server: SidedServer) -> set[str]:
    listed = await ask(server.simulation.client.list_faces, CollectionId="first")
    return {face["FaceId"] for face in listed["Faces"]}


async def _index(server: SidedServer, person: str, name: str | None, width: int) -> None:
    image = {"Bytes": portrait(COLORS[person], width=width)}
    await ask(server.simulation.client.index_faces, CollectionId="first", Image=image, ExternalImageId=name)


def _cut(server: SidedServer) -> Callable[[], None]:
    """Takes a server's engines away from whoever removes faces; returns what brings them back."""
    patched = pytest.MonkeyPatch()

    async def away(faces: Iterable[GalleryFace]) -> None:
        raise EngineUnavailable("away")

    for engine in (server.live, server.beside):
        patched.setattr(engine, "remove", away)
    return patched.undo
