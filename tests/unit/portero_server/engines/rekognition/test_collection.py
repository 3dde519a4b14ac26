"""The collection behind the engine, over HTTP: gone, counted, asked for single faces, and deleted from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from portero_server.domain.cameras import Lane
from portero_server.domain.people.collection import CollectionCount
from portero_server.engines.base import CallContext, GalleryFace
from portero_server.engines.rekognition.engine import RekognitionEngine
from portero_server.engines.rekognition.errors import CollectionMissing
from portero_server.engines.rekognition.options import RekognitionOptions
from portero_server.errors import EngineError
from tests.contracts.engine_contract import crop_of, enroll
from tests.support.server.simulated_rekognition import (
    BLUE,
    RED,
    CountingGate,
    Simulation,
    ask,
    client_of,
    picture,
    simulated,
)

_CONTEXT = CallContext(camera_id="door", lane=Lane.VISITOR)
_FACE = GalleryFace("1", "ana", None, None)
_UNKNOWN = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class _Setup:
    engine: RekognitionEngine
    gate: CountingGate
    simulation: Simulation

    async def enroll(self, person_id: str, color: tuple[int, int, int]) -> str:
        """Enrolls a face and returns its FaceId."""
        return str((await enroll(self.engine, person_id, picture((100, 60, 100, color)))).external_id)


@pytest.fixture
async def setup() -> AsyncIterator[_Setup]:
    """An engine with an empty collection, its gate and the simulator behind."""
    async with simulated() as simulation:
        gate = CountingGate()
        engine = RekognitionEngine(client_of(simulation.url), "staff", gate, threads=4, options=RekognitionOptions())
        await engine.check()
        yield _Setup(engine, gate, simulation)
        await engine.aclose()


async def test_a_face_of_a_user_is_deleted_all_the_same(setup: _Setup) -> None:
    """What users of the collection have is taken from them, and then deleted with one more call."""
    ids = [await setup.enroll(person, color) for person, color in (("ana", RED), ("bob", BLUE))]
    client = setup.simulation.client
    for user, face_id in zip(("first", "second"), ids, strict=True):
        await ask(client.create_user, CollectionId="staff", UserId=user)
        await ask(client.associate_faces, CollectionId="staff", UserId=user, FaceIds=[face_id])

    await setup.engine.remove([replace(_FACE, external_id=face_id) for face_id in [*ids, _UNKNOWN]])

    calls = setup.gate.operations[-4:]
    assert calls == ["DeleteFaces", "DisassociateFaces", "DisassociateFaces", "DeleteFaces"]
    assert await setup.engine.listed() == []


async def test_a_user_that_is_deleted_meanwhile_does_not_keep_a_face(setup: _Setup) -> None:
    """Disassociating from a user who is gone is passed over, and the face goes."""
    face_id = await setup.enroll("ana", RED)
    client = setup.simulation.client
    await ask(client.create_user, CollectionId="staff", UserId="first")
    await ask(client.associate_faces, CollectionId="staff", UserId="first", FaceIds=[face_id])
    run = setup.gate.run

    async def delete_user_first(operation: str, context: CallContext, call: object) -> object:
        if operation == "DisassociateFaces":
            await ask(client.delete_user, CollectionId="staff", UserId="first")
        return await run(operation, context, call)  # type: ignore[arg-type]  # whatever the engine asks

    setup.gate.run = delete_user_first  # type: ignore[assignment]  # comes first
    await setup.engine.remove([replace(_FACE, external_id=face_id)])
    assert await setup.engine.listed() == []


async def test_the_collection_is_counted_without_the_gate(setup: _Setup) -> None:
    """The description tells faces and model, is not a call of the gate, and is None once there is no collection."""
    await setup.enroll("ana", RED)
    before = list(setup.gate.operations)
    assert await setup.engine.count() == CollectionCount(1, "0.1")
    await ask(setup.simulation.client.delete_collection, CollectionId="staff")
    assert await setup.engine.count() is None
    assert setup.gate.operations == before
    assert await setup.engine.listed() is None


async def test_single_faces_are_asked_for_by_one_call(setup: _Setup) -> None:
    """Of some faces, those that the collection holds are told; without a collection there are none."""
    face_id = await setup.enroll("ana", RED)
    await setup.enroll("bob", BLUE)
    assert await setup.engine.held([face_id, _UNKNOWN]) == {face_id}
    assert setup.gate.operations[-1] == "ListFaces"
    assert await setup.engine.held([]) == frozenset()
    await ask(setup.simulation.client.delete_collection, CollectionId="staff")
    assert await setup.engine.held([face_id]) == frozenset()


async def test_a_search_that_finds_no_collection_is_told(setup: _Setup) -> None:
    """Whoever watches for loss hears of each search without a collection, and of nothing else."""
    heard: list[str] = []
    setup.engine.tell_loss(lambda: heard.append("loss"))
    crop = await crop_of(setup.engine, picture((100, 60, 100, RED)))
    await setup.engine.identify([crop])
    assert heard == []
    await ask(setup.simulation.client.delete_collection, CollectionId="staff")
    (answer,) = await setup.engine.identify([crop])
    assert isinstance(answer, CollectionMissing)
    assert heard == ["loss"]
    assert await setup.engine.count() is None
    assert heard == ["loss"]


async def test_a_lost_collection_is_created_again_where_that_is_allowed(setup: _Setup) -> None:
    """Restoring creates what is missing and leaves what is there; options may leave that to a command to create."""
    assert await setup.engine.restore() is False
    setup.simulation.clock.advance(1)
    await ask(setup.simulation.client.delete_collection, CollectionId="staff")
    strict = RekognitionEngine(
        client_of(setup.simulation.url),
        "staff",
        setup.gate,
        threads=1,
        options=RekognitionOptions(create_collection=False),
    )
    with pytest.raises(EngineError, match="PORTERO_REKOGNITION_CREATE_COLLECTION"):
        await strict.restore()
    setup.simulation.clock.advance(1)
    assert await setup.engine.restore() is True
    setup.simulation.clock.advance(1)
    await ask(setup.simulation.client.delete_collection, CollectionId="staff")
    setup.simulation.clock.advance(1)
    assert [await strict.create() for _ in range(2)] == ["0.1", "0.1"]
    await strict.aclose()
    assert await setup.engine.count() == CollectionCount(0, "0.1")
