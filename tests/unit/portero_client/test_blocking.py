from __future__ import annotations

import asyncio
import inspect

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import privacy_service_pb2 as pb2

from portero_client import (
    AdoptionOutcome,
    BlockingPorteroClient,
    CameraMode,
    CollectionState,
    InvalidArgument,
    NotFound,
    PersonRecord,
    PorteroClient,
    ServerHealth,
    Unreachable,
)
from tests.support.client.photos import photo
from tests.support.client.server import VERSION, FakeServer


def _offered(owner: type) -> dict[str, list[inspect.Parameter]]:
    return {
        name: list(inspect.signature(function).parameters.values())
        for name, function in vars(owner).items()
        if not name.startswith("_") and inspect.isfunction(function)
    }


def _resources() -> dict[str, tuple[type, type]]:
    """Returns the resources of both clients by the attribute that holds them."""
    with BlockingPorteroClient("127.0.0.1:1") as blocking:
        both = PorteroClient("127.0.0.1:1"), blocking
        held = [{name: type(part) for name, part in vars(one).items() if not name.startswith("_")} for one in both]
    assert held[0].keys() == held[1].keys()
    return {name: (held[0][name], held[1][name]) for name in held[0]}


@pytest.mark.parametrize("name", _resources())
def test_both_clients_offer_the_same_functions(name: str) -> None:
    """The blocking client has every resource of the asynchronous one, with the same parameters and defaults."""
    asynchronous, blocking = _resources()[name]
    assert _offered(asynchronous)
    assert _offered(blocking) == _offered(asynchronous)


def test_the_clients_themselves_offer_the_same_functions() -> None:
    """Each function of the asynchronous client itself is one of the blocking client; `aclose` is called `close`."""
    asynchronous = _offered(PorteroClient)
    asynchronous["close"] = asynchronous.pop("aclose")
    assert _offered(BlockingPorteroClient) == asynchronous


async def test_a_thread_uses_every_kind_of_call(server: FakeServer) -> None:
    """A thread creates, enrolls, searches, compares, lists and removes with plain function calls."""
    server.sightings.store("s1", "door", "ana")

    def work() -> None:
        with BlockingPorteroClient(server.address) as client:
            ana = client.people.create("Ana", person_id="ana")
            face = client.people.enroll("ana", photo("ana"))
            server.gallery.photos = [face.name]
            assert [each.name for each in client.people.faces("ana")] == [face.name]
            assert face.look_alikes == ()
            assert list(client.people.findings()) == []
            assert list(client.people.confusable()) == []
            assert client.people.check_photo(photo()).reason == "NO_FACE"
            assert client.people.check_faces().state is CollectionState.SOUND
            assert list(client.people.unrecognized()) == []
            assert client.people.repair_faces(remove_foreign=True).removed_faces == 0
            assert [photo.face for photo in client.people.rebuild_faces()] == [face.name]
            assert client.collections.prepare("second").standby is not None
            assert [photo.face for photo in client.people.rebuild_faces(standby=True)] == [face.name]
            stood = client.collections.get()
            assert (stood.missing_people, stood.shadow and stood.shadow.same) == (0, 0)
            assert client.collections.switch(allow_missing=True).in_use.collection == "second"
            assert client.collections.drop("portero")
            server.gallery.collections.foreign = {"f1": "Bo"}
            [adopted] = client.collections.adopt(["f1"])
            assert (adopted.person, adopted.outcome) == ("people/bo", AdoptionOutcome.ADOPTED)
            assert client.people.import_people([PersonRecord("cy", "Cy")])[0].created
            assert [record.person for record in client.people.export_all()] == ["people/cy"]
            assert client.people.update(ana, "display_name").face_count == 1
            [found] = client.images.search(photo("ana"))
            assert found.match is not None
            assert client.images.compare(photo("ana"), photo("ana")).comparisons[0].same_person
            assert client.images.recognize(photo("ana"), texts=True).texts == ()
            assert client.images.read_text(photo(lines=("A",)))[0].content == "A"
            camera = client.cameras.create("door", mode=CameraMode.TEXT)
            assert client.cameras.update(client.cameras.get("door"), "mode") == camera
            assert list(client.cameras.list()) == [camera]
            assert not client.cameras.status("door").streaming
            client.cameras.delete("door")
            assert [sighting.display_name for sighting in client.sightings.list(person="ana")] == ["Ana"]
            assert client.sightings.get("s1").camera == "cameras/door"
            assert client.people.list().first(1).next_page_token == ""
            assert client.check_health() == ServerHealth(serving=True, version=VERSION)
            client.people.delete_face(face.name)
            client.people.delete("ana")
            assert list(client.people.list(page_size=1)) == []

    await asyncio.to_thread(work)


async def test_a_thread_records_consent_exports_and_erases(server: FakeServer) -> None:
    """What people have a right to is asked by plain function calls, and what comes back is the SDK's."""
    now = Timestamp(seconds=1_750_000_000)
    consent = pb2.Consent(name="people/ana/consents/c1", purpose="door", give_time=now, record_time=now)
    privacy = pb2.PersonPrivacy(person="people/ana", recognizable=True, consents=[consent])
    blocked = pb2.PersonPrivacy(person="people/ana", blocked=True)
    erasure = pb2.Erasure(name="erasures/e1", request_time=now)
    server.privacy.answers = {
        "RecordConsent": [pb2.RecordConsentResponse(consent=consent)],
        "GetPersonPrivacy": [pb2.GetPersonPrivacyResponse(privacy=privacy)],
        "BlockPerson": [pb2.BlockPersonResponse(privacy=blocked)],
        "UnblockPerson": [pb2.UnblockPersonResponse(privacy=privacy)],
        "WithdrawConsent": [pb2.WithdrawConsentResponse(consents=[consent])],
        "ExportPerson": [
            pb2.ExportPersonResponse(records=[pb2.ExportRecord(kind="person")], next_page_token="more"),
            pb2.ExportPersonResponse(records=[pb2.ExportRecord(kind="face")]),
        ],
        "ErasePerson": [pb2.ErasePersonResponse(erasure=erasure)],
        "VerifyErasure": [pb2.VerifyErasureResponse(erasure=erasure, clean=True)],
    }

    def work() -> None:
        with BlockingPorteroClient(server.address) as client:
            recorded = client.privacy.record_consent("ana", purpose="door", text_version="1", channel="desk")
            assert client.privacy.get("ana").consents == (recorded,)
            assert client.privacy.block("ana", "asked for it").blocked
            assert client.privacy.unblock("ana").recognizable
            assert client.privacy.withdraw_consent("ana") == (recorded,)
            assert [record.kind for record in client.privacy.export("ana")] == ["person", "face"]
            assert client.privacy.erase("ana").name == "erasures/e1"
            assert client.privacy.verify_erasure("ana").clean

    await asyncio.to_thread(work)
    assert {name for name, answers in server.privacy.answers.items() if answers} == set()


async def test_errors_are_the_same_as_of_the_asynchronous_client(server: FakeServer) -> None:
    """A missing person, a photograph without a face and an absent server raise the SDK's errors."""

    def work() -> None:
        with BlockingPorteroClient(server.address) as client:
            with pytest.raises(NotFound) as missing:
                client.people.get("ana")
            assert missing.value.resource == "people/ana"
            client.people.create("Ana", person_id="ana")
            with pytest.raises(InvalidArgument) as refused:
                client.people.enroll("ana", photo())
            assert refused.value.reason == "NO_FACE"

    await asyncio.to_thread(work)
    await server.stop()

    def alone() -> None:
        with BlockingPorteroClient(server.address) as client, pytest.raises(Unreachable, match="connection refused"):
            client.cameras.delete("door")

    await asyncio.to_thread(alone)
