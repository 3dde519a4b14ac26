"""Blue and green: a second collection is filled, put in use, put back and dropped; over HTTP, on both databases.

The collections are the simulator's, asked by unchanged boto3.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from portero_server.domain.people.collection import image_id
from portero_server.domain.people.photos import Rebuilding
from portero_server.domain.people.standby import CollectionRole, StandbyCounts
from portero_server.errors import FailedPrecondition, InvalidInput
from portero_server.store.database import Database
from portero_simulator import details
from portero_simulator.operations import collections as collection_operations
from portero_simulator.operations import faces as face_operations
from portero_simulator.options import Options
from tests.support.server.collection_sides import SidedServer, eraser_of, sided_server
from tests.support.server.face_rebuild import no_collections
from tests.support.server.simulated_rekognition import GREEN, RED, ask, portrait, simulated
from tests.support.store.fixtures import database, database_url

__all__ = ["database", "database_url"]

EVERYBODY = {"ana": "ana", "ben": "ben", "eva": "eva"}


@pytest.fixture
async def server(database: Database, tmp_path: Path) -> AsyncIterator[SidedServer]:
    """A server with three people, of whom Eva does not let her photo be kept."""
    async with simulated(Options(quotas={})) as simulation:
        made = await sided_server(simulation, database, tmp_path / "photos")
        for person_id in EVERYBODY:
            await made.enroll(person_id, keeps=person_id != "eva")
        yield made
        await made.aclose()


@pytest.fixture
async def other(server: SidedServer, tmp_path: Path) -> AsyncIterator[SidedServer]:
    """A second server of the same database."""
    made = await sided_server(server.simulation, server.database, tmp_path / "photos", server.clock)
    yield made
    await made.aclose()


async def _collections(server: SidedServer) -> list[str]:
    return list((await ask(server.simulation.client.list_collections))["CollectionIds"])


async def test_a_collection_is_filled_beside_the_one_in_use(server: SidedServer) -> None:
    """Every photo of the vault is taught to the second collection; the first one is neither asked nor changed."""
    before, position = len(server.gates[0].operations), await server.people.gallery_position()
    assert await server.prepared() == {"ana": Rebuilding.TAUGHT, "ben": Rebuilding.TAUGHT}
    assert set(server.gates[0].operations[before:]) <= {"ListFaces"}
    assert (await server.kept("first"), await server.kept("second")) == (["ana", "ben", "eva"], ["ana", "ben"])
    report = await server.switch.report()
    standby = report.sides.standby
    assert standby is not None
    assert (report.sides.in_use.place.collection_id, standby.place.collection_id) == ("first", "second")
    assert (standby.role, report.counts) == (CollectionRole.PREPARING, StandbyCounts(2, 2, 1, 1))
    assert await server.named() == EVERYBODY
    assert server.sides.note == "collection second PREPARING: 1 faces in use have no counterpart there"
    assert server.counted("standby_state", state="preparing") == 1
    assert server.counted("standby_missing_people") == 1
    # Others learn of the new faces, which do not concern them until the switch.
    assert len(await server.people.gallery_changes(position)) == 2


async def test_filling_goes_on_where_it_ended(server: SidedServer) -> None:
    """Repeated, it teaches only what is missing, also what the second collection has lost; it pays no more."""
    await server.switch.prepare("second", "")
    first, after = await server.rebuild.page(1, None, dry_run=False, standby=True)
    assert after is not None
    assert await server.prepared() == {
        "ana": Rebuilding.KNOWN if first[0].person_id == "ana" else Rebuilding.TAUGHT,
        "ben": Rebuilding.KNOWN if first[0].person_id == "ben" else Rebuilding.TAUGHT,
    }
    paid = server.gates[1].operations.count("IndexFaces")
    assert await server.prepared() == {"ana": Rebuilding.KNOWN, "ben": Rebuilding.KNOWN}
    assert server.gates[1].operations.count("IndexFaces") == paid == 2
    await ask(server.simulation.client.delete_collection, CollectionId="second")
    with pytest.raises(FailedPrecondition) as caught:
        await server.switch.switch(allow_missing=True)
    assert caught.value.reason == "STANDBY_LOST"
    assert await server.prepared() == {"ana": Rebuilding.TAUGHT, "ben": Rebuilding.TAUGHT}
    assert await server.kept("second") == ["ana", "ben"]
    assert (await server.switch.report()).counts == StandbyCounts(2, 2, 1, 1)


async def test_a_dry_run_teaches_the_second_collection_nothing(server: SidedServer) -> None:
    """It says what would be taught."""
    await server.switch.prepare("second", "")
    photos, _ = await server.rebuild.page(10, None, dry_run=True, standby=True)
    assert [photo.outcome for photo in photos] == [Rebuilding.TEACHABLE] * 2
    assert await server.kept("second") == []


async def test_an_enrollment_reaches_both_collections(server: SidedServer, other: SidedServer) -> None:
    """Also at another server, which has not looked since the preparation began, and of whom no photo is kept."""
    await server.prepared()
    await other.gallery.enroll("eva", portrait(GREEN, width=330))
    assert await server.kept("second") == ["ana", "ben", "eva"]
    assert other.counted("standby_enrollments_total", outcome="taught") == 1
    # Eva's first photo is only in use, but she would be known.
    assert (await server.switch.report()).counts == StandbyCounts(3, 3, 1, 0)
    await other.gallery.enroll("eva", portrait(GREEN, width=330))
    assert other.counted("standby_enrollments_total", outcome="known") == 1


async def test_an_enrollment_succeeds_although_the_second_collection_fails(server: SidedServer) -> None:
    """It is counted and told, and nobody is kept from being known by the one in use."""
    await server.prepared()
    await ask(server.simulation.client.delete_collection, CollectionId="second")
    await server.gallery.enroll("eva", portrait(GREEN, width=330))
    assert server.counted("standby_enrollments_total", outcome="failed") == 1
    assert await server.kept("first") == ["ana", "ben", "eva", "eva"]


async def test_who_is_deleted_leaves_both_collections(server: SidedServer) -> None:
    """A person with all faces, and a face with what its photo taught the other collection."""
    await server.prepared()
    await server.gallery.delete("ana")
    assert (await server.kept("first"), await server.kept("second")) == (["ben", "eva"], ["ben"])
    [face] = [each for each in await server.people.list_faces("ben", 10) if "@" not in each.model_version]
    await server.gallery.delete_face("ben", face.face_id)
    assert (await server.kept("first"), await server.kept("second")) == (["eva"], [])
    assert await server.people.list_faces("ben", 10) == []
    assert server.vault.objects() == []


async def test_a_switch_is_refused_while_people_would_be_lost(server: SidedServer) -> None:
    """The error says how many and what to do; nothing changes, and it can be insisted on."""
    with pytest.raises(FailedPrecondition) as caught:
        await server.switch.switch(allow_missing=True)
    assert caught.value.reason == "NO_STANDBY"
    await server.prepared()
    with pytest.raises(FailedPrecondition, match="1 people") as caught:
        await server.switch.switch(allow_missing=False)
    assert caught.value.reason == "STANDBY_INCOMPLETE"
    assert server.live.place.collection_id == "first"
    await server.switch.switch(allow_missing=True)
    assert await server.named() == {"ana": "ana", "ben": "ben", "eva": None}


async def test_every_server_follows_a_switch_without_a_restart(server: SidedServer, other: SidedServer) -> None:
    """The same people are named before, after, and after the way back; one started since searches the right one."""
    await server.prepared()
    await server.gallery.enroll("eva", portrait(GREEN))
    report = await server.switch.switch(allow_missing=False)
    standby = report.sides.standby
    assert standby is not None
    assert (report.sides.in_use.place.collection_id, standby.role) == ("second", CollectionRole.KEPT)
    assert report.counts == StandbyCounts(3, 3, 0, 0)
    assert server.looked == ["looked"]
    assert server.counted("collection_number") == report.sides.in_use.place.number
    assert other.live.place.collection_id == "first"
    await other.sides.settle()
    for each in (server, other):
        assert each.live.place.collection_id == "second"
        assert each.live.traits.model_version.endswith(f"@{report.sides.in_use.place.number}")
        assert await each.named() == EVERYBODY
    # The photos follow, so that deleting a face in use deletes them.
    used = {face.face_id for name in EVERYBODY for face in await server.people.list_faces(name, 10)}
    photos = await server.vault.photos.page(10)
    assert {photo.face_id for photo in photos} < used
    assert {photo.taught_by for photo in photos} == {("rekognition", server.live.traits.model_version)}

    back = await other.switch.switch(allow_missing=False)
    assert back.sides.in_use.place.collection_id == "first"
    await server.sides.settle()
    assert await server.named() == EVERYBODY
    assert server.live.place.collection_id == "first"


async def test_enrollments_after_a_switch_also_reach_the_collection_that_is_kept(server: SidedServer) -> None:
    """So that the way back loses nobody."""
    await server.prepared()
    await server.switch.switch(allow_missing=True)
    await server.gallery.enroll("eva", portrait(GREEN, width=330))
    kept = (["ana", "ben", "eva", "eva"], ["ana", "ben", "eva"])
    assert (await server.kept("first"), await server.kept("second")) == kept
    await server.gallery.enroll("ana", portrait(RED))
    assert (await server.kept("first"), await server.kept("second")) == kept
    await server.switch.switch(allow_missing=False)
    assert await server.named() == EVERYBODY


async def test_what_is_dropped_leaves_nothing(server: SidedServer) -> None:
    """The old collection goes by command and by name only; photos stay, and fill the next one."""
    await server.prepared()
    await server.switch.switch(allow_missing=True)
    with pytest.raises(InvalidInput, match="must be first"):
        await server.switch.drop("second")
    assert await server.switch.drop("first") is True
    assert await _collections(server) == ["second"]
    assert {face.model_version for name in EVERYBODY for face in await server.people.list_faces(name, 10)} == {
        server.live.traits.model_version
    }
    assert len(server.vault.objects()) == 2
    assert (await server.switch.report()).sides.standby is None
    assert server.sides.note is None
    with pytest.raises(FailedPrecondition) as caught:
        await server.switch.drop("first")
    assert caught.value.reason == "NO_STANDBY"
    assert await server.prepared("first") == {"ana": Rebuilding.TAUGHT, "ben": Rebuilding.TAUGHT}
    await server.switch.switch(allow_missing=False)
    assert await server.named() == {"ana": "ana", "ben": "ben", "eva": None}


async def test_a_collection_with_another_programs_faces_is_left(server: SidedServer) -> None:
    """Only our faces are removed from it, which the answer says."""
    await server.prepared()
    await ask(
        server.simulation.client.index_faces,
        CollectionId="second",
        Image={"Bytes": portrait((200, 200, 60))},
        ExternalImageId="theirs",
    )
    assert await server.switch.drop("second") is False
    listed = await ask(server.simulation.client.list_faces, CollectionId="second")
    assert [face["ExternalImageId"] for face in listed["Faces"]] == ["theirs"]


async def test_faces_that_are_stored_nowhere_are_removed_before_a_switch(server: SidedServer) -> None:
    """As of an enrollment that was killed: they would name somebody who is not known."""
    await server.prepared()
    await ask(
        server.simulation.client.index_faces,
        CollectionId="second",
        Image={"Bytes": portrait(GREEN)},
        ExternalImageId=image_id("gone", "f1"),
    )
    await server.switch.switch(allow_missing=True)
    assert await server.kept("second") == ["ana", "ben"]


async def test_a_second_collection_may_have_another_face_model(
    server: SidedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Amazon's newest model learns is never compared with the old, and each collection's faces say which it is."""
    for module in (details, collection_operations, face_operations):
        monkeypatch.setattr(module, "MODEL_VERSION", "0.2")
    await server.prepared()
    await server.switch.switch(allow_missing=True)
    assert server.live.traits.model_version.startswith("0.2@")
    assert await server.named() == {"ana": "ana", "ben": "ben", "eva": None}


async def test_what_cannot_be_prepared_is_refused_with_the_reason(server: SidedServer) -> None:
    """Bad names, the collection in use, and a third one."""
    for collection, region, field in (("", "", "collection"), ("a b", "", "collection"), ("b", "mars", "region")):
        with pytest.raises(InvalidInput) as caught:
            await server.switch.prepare(collection, region)
        assert caught.value.field == field
    with pytest.raises(InvalidInput, match="the one in use"):
        await server.switch.prepare("first", "us-east-1")
    await server.switch.prepare("second", "")
    again = await server.switch.prepare("second", "us-east-1")
    assert again.sides == (await server.switch.report()).sides
    with pytest.raises(FailedPrecondition, match="portero faces drop second") as refused:
        await server.switch.prepare("third", "")
    assert refused.value.reason == "STANDBY_EXISTS"
    assert await _collections(server) == ["first", "second"]


async def test_an_engine_without_collections_says_so(server: SidedServer) -> None:
    """The error tells how the local engine's models are exchanged instead."""
    switch = no_collections(server.database, server.clock)
    with pytest.raises(FailedPrecondition, match="faces rebuild") as caught:
        await switch.report()
    assert caught.value.reason == "NO_COLLECTION"


async def test_an_erased_person_survives_in_neither_collection(server: SidedServer, other: SidedServer) -> None:
    """Also by a server that has not looked since, and a face that no row tells of; the receipt counts it apart."""
    await server.prepared()
    await ask(
        server.simulation.client.index_faces,
        CollectionId="second",
        Image={"Bytes": portrait(RED, width=340)},
        ExternalImageId=image_id("ana", "unstored"),
    )
    eraser = eraser_of(other)
    erasure = await eraser.erase("ana")
    assert erasure.finished_at is not None
    assert (erasure.counts["faces"], erasure.counts["standby_faces"], erasure.counts["engine_faces"]) == (2, 1, 3)
    assert (await server.kept("first"), await server.kept("second")) == (["ben", "eva"], ["ben"])
    assert (await eraser.verify("ana")).clean
    # Whoever rebuilds afterward finds no photo either.
    assert await server.prepared() == {"ben": Rebuilding.KNOWN}


async def test_an_erasure_waits_for_the_collection_that_stands_by(server: SidedServer) -> None:
    """There is no receipt while a face may be left in either; dropping the lost collection ends the wait."""
    await server.prepared()
    await ask(server.simulation.client.delete_collection, CollectionId="second")
    eraser = eraser_of(server)
    assert (await eraser.erase("ana")).finished_at is None
    assert await server.kept("first") == ["ben", "eva"]
    assert await server.switch.drop("second") is True
    await eraser.round()
    assert (await eraser.erase("ana")).finished_at is not None


async def test_an_erasure_reaches_the_old_collection_after_a_switch(server: SidedServer) -> None:
    """What is kept for the way back holds nobody who was erased."""
    await server.prepared()
    await server.switch.switch(allow_missing=True)
    assert (await eraser_of(server).erase("ana")).finished_at is not None
    assert (await server.kept("first"), await server.kept("second")) == (["ben", "eva"], ["ben"])
