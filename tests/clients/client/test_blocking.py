from __future__ import annotations

import asyncio
import inspect

import pytest

from portero_client import (
    BlockingPorteroClient,
    CameraMode,
    InvalidArgument,
    NotFound,
    Unreachable,
    blocking,
    resources,
)
from tests.fakes.client_photos import photo
from tests.fakes.client_server import FakeServer


@pytest.mark.parametrize("kind", ["People", "Images", "Cameras", "Sightings", "Keys"])
def test_both_clients_offer_the_same_functions(kind: str) -> None:
    """The blocking client has every function of the asynchronous one, with the same parameters and defaults."""

    def offered(owner: type) -> dict[str, list[inspect.Parameter]]:
        return {
            name: list(inspect.signature(function).parameters.values())
            for name, function in vars(owner).items()
            if not name.startswith("_")
        }

    assert offered(getattr(blocking, f"Blocking{kind}")) == offered(getattr(resources, kind))


async def test_a_thread_uses_every_kind_of_call(server: FakeServer) -> None:
    """A thread creates, enrolls, searches, compares, lists and removes with plain function calls."""
    server.sightings.store("s1", "door", "ana")

    def work() -> None:
        with BlockingPorteroClient(server.address) as client:
            ana = client.people.create("Ana", person_id="ana")
            face = client.people.enroll("ana", photo("ana"))
            assert list(client.people.faces("ana")) == [face]
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
            client.people.delete_face(face.name)
            client.people.delete("ana")
            assert list(client.people.list(page_size=1)) == []

    await asyncio.to_thread(work)


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
