"""People as users of the collection, over HTTP: enrolled, searched, erased, and those enrolled before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from portero_server.engines.base import CallContext, GalleryFace, Identification, PhotoRefused, Pixels
from portero_server.engines.rekognition.engine import RekognitionEngine
from portero_server.engines.rekognition.options import RekognitionOptions
from portero_server.errors import EngineUnavailable
from tests.contracts.engine_contract import CONTEXT, EngineCase, EngineContract, crop_of, enroll, named
from tests.support.server.simulated_rekognition import (
    BLUE,
    RED,
    CountingGate,
    Simulation,
    ask,
    card,
    client_of,
    picture,
    portrait,
    simulated,
)

_REDDISH = (60, 60, 222)
_ONE = picture((40, 60, 100, RED))
_OTHER = picture((120, 40, 90, _REDDISH))
_UNLIKE = picture((100, 60, 100, BLUE))


@dataclass(frozen=True)
class _Setup:
    engine: RekognitionEngine
    gate: CountingGate
    simulation: Simulation

    async def users(self) -> list[str]:
        """Returns the ids of the collection's users."""
        answer = await ask(self.simulation.client.list_users, CollectionId="staff")
        return [user["UserId"] for user in answer["Users"]]


def _engine(simulation: Simulation, gate: CountingGate, *, users: bool = True) -> RekognitionEngine:
    options = RekognitionOptions(users=users)
    return RekognitionEngine(client_of(simulation.url), "staff", gate, threads=4, options=options)


@pytest.fixture
async def setup() -> AsyncIterator[_Setup]:
    """An engine that searches users, with an empty collection, its gate and the simulator behind."""
    async with simulated() as simulation:
        gate = CountingGate()
        engine = _engine(simulation, gate)
        await engine.check()
        yield _Setup(engine, gate, simulation)
        await engine.aclose()


class TestContract(EngineContract):
    """What every engine must do holds for a search of users too."""

    @pytest.fixture
    async def case(self, setup: _Setup) -> EngineCase:
        """Patches of color for the scripted engine behind the simulator."""
        return EngineCase(
            engine=setup.engine,
            ana=(_ONE, picture((120, 40, 90, RED))),
            bob=(_UNLIKE, picture((120, 40, 90, BLUE))),
            both=picture((40, 60, 80, RED), (240, 60, 110, BLUE), width=480),
            nobody=picture(),
            poor=picture((100, 60, 24, RED)),
            card=card("REPUBLICA DE CHILE\nRUN 12.345.678-5"),
            lines=("REPUBLICA DE CHILE", "RUN 12.345.678-5"),
        )


async def _identified(setup: _Setup, photo: Pixels) -> Identification:
    (answer,) = await setup.engine.identify([await crop_of(setup.engine, photo)])
    assert isinstance(answer, Identification)
    return answer


async def test_the_photographs_of_a_person_are_searched_as_one(setup: _Setup) -> None:
    """Two photographs make one candidate, which names no face, and the search is one call."""
    await enroll(setup.engine, "ana", _ONE, "1")
    await enroll(setup.engine, "ana", _OTHER, "2")
    assert await setup.users() == ["portero:ana"]

    answer = await _identified(setup, _ONE)

    assert [(candidate.person_id, candidate.face_id) for candidate in answer.candidates] == [("ana", "")]
    assert named(setup.engine, answer) == "ana"
    assert setup.gate.operations[:3] == ["IndexFaces", "CreateUser", "AssociateFaces"]
    assert setup.gate.operations[-1] == "SearchUsersByImage"


async def test_a_photograph_of_somebody_else_is_refused(setup: _Setup) -> None:
    """A face that is unlike the person's others is not learned, with advice, and leaves nothing in the collection."""
    await enroll(setup.engine, "ana", _ONE, "1")
    with pytest.raises(PhotoRefused, match="unlike this person's other photographs") as refused:
        await enroll(setup.engine, "ana", _UNLIKE, "2")
    assert refused.value.reason == "OTHER_PERSON"
    assert [face.image_id for face in await setup.engine.list_faces()] == ["portero:ana.1"]
    assert (await _identified(setup, _UNLIKE)).candidates == ()


async def test_the_hundred_and_first_photograph_is_refused(setup: _Setup) -> None:
    """What Rekognition limits is told in words, and the face is not left in the collection."""
    await enroll(setup.engine, "ana", _ONE, "1")
    collection = setup.simulation.endpoint.service.collections.get("staff")
    collection.user("portero:ana").faces.extend(["00000000-0000-0000-0000-000000000000"] * 99)
    with pytest.raises(PhotoRefused, match="100 photographs") as refused:
        await enroll(setup.engine, "ana", _OTHER, "2")
    assert refused.value.reason == "TOO_MANY_FACES"
    assert len(await setup.engine.list_faces()) == 1


async def test_whoever_has_no_face_left_is_no_user(setup: _Setup) -> None:
    """An erasure takes the faces and then the user, whose id names the person; others and their users stay."""
    faces = [await enroll(setup.engine, "ana", _ONE, "1"), await enroll(setup.engine, "ana", _OTHER, "2")]
    await enroll(setup.engine, "bob", _UNLIKE, "1")
    await ask(setup.simulation.client.create_user, CollectionId="staff", UserId="of-another-program")

    await setup.engine.remove(faces[:1])
    assert set(await setup.users()) == {"portero:ana", "portero:bob", "of-another-program"}
    await setup.engine.remove([replace(faces[1], person_id="")])

    assert set(await setup.users()) == {"portero:bob", "of-another-program"}
    assert [face.user_id for face in await setup.engine.list_faces()] == ["portero:bob"]


async def test_faces_that_were_enrolled_before_are_made_searchable(setup: _Setup) -> None:
    """Faces that no user has join their persons, once, a call for each person; those of other programs stay alone."""
    before = _engine(setup.simulation, CountingGate(), users=False)
    for person_id, photo, face_id in (("ana", _ONE, "1"), ("ana", _OTHER, "2"), ("bob", _UNLIKE, "1")):
        await enroll(before, person_id, photo, face_id)
    assert await before.complete() == 0
    await before.aclose()
    image = {"Bytes": portrait((60, 230, 60))}
    await ask(setup.simulation.client.index_faces, CollectionId="staff", Image=image, ExternalImageId="theirs")
    assert (await _identified(setup, _ONE)).candidates == ()

    assert await setup.engine.complete() == 3
    assert setup.gate.operations.count("AssociateFaces") == 2
    assert named(setup.engine, await _identified(setup, _ONE)) == "ana"
    assert await setup.engine.complete() == 0
    assert set(await setup.users()) == {"portero:ana", "portero:bob"}


async def test_an_old_photograph_that_is_unlike_the_others_is_tried_once(setup: _Setup) -> None:
    """A face that Rekognition does not take for its person stays alone, and costs one paid call and no more."""
    await enroll(setup.engine, "ana", _ONE, "1")
    before = _engine(setup.simulation, CountingGate(), users=False)
    await enroll(before, "ana", _UNLIKE, "2")
    await before.aclose()
    asked = setup.gate.operations.count("AssociateFaces")

    assert [await setup.engine.complete() for _ in range(3)] == [0, 0, 0]

    assert setup.gate.operations.count("AssociateFaces") == asked + 1
    assert {face.image_id: face.user_id for face in await setup.engine.list_faces()} == {
        "portero:ana.1": "portero:ana",
        "portero:ana.2": None,
    }


async def test_a_user_that_is_deleted_amid_an_enrollment_is_created_again(setup: _Setup) -> None:
    """An enrollment that meets the erasure of the person's last face ends with the face searchable."""
    run = setup.gate.run
    met: list[str] = []

    async def erase_first(operation: str, context: CallContext, call: object) -> object:
        if operation == "AssociateFaces" and not met:
            met.append(operation)
            await ask(setup.simulation.client.delete_user, CollectionId="staff", UserId="portero:ana")
        return await run(operation, context, call)  # type: ignore[arg-type]  # whatever the engine asks

    setup.gate.run = erase_first  # type: ignore[assignment]  # comes first
    await enroll(setup.engine, "ana", _ONE, "1")
    assert named(setup.engine, await _identified(setup, _ONE)) == "ana"


async def test_a_person_who_keeps_being_deleted_is_told_as_a_passing_fault(setup: _Setup) -> None:
    """After a few attempts an enrollment gives up with what a retry may heal."""
    run = setup.gate.run

    async def erase_first(operation: str, context: CallContext, call: object) -> object:
        if operation == "AssociateFaces":
            await ask(setup.simulation.client.delete_user, CollectionId="staff", UserId="portero:ana")
        return await run(operation, context, call)  # type: ignore[arg-type]  # whatever the engine asks

    setup.gate.run = erase_first  # type: ignore[assignment]  # comes first
    with pytest.raises(EngineUnavailable, match="try again"):
        await enroll(setup.engine, "ana", _ONE, "1")


async def test_users_of_other_programs_are_never_candidates(setup: _Setup) -> None:
    """A user that this service did not create names nobody here."""
    client = setup.simulation.client
    indexed = await ask(client.index_faces, CollectionId="staff", Image={"Bytes": portrait(RED)})
    face_id = indexed["FaceRecords"][0]["Face"]["FaceId"]
    await ask(client.create_user, CollectionId="staff", UserId="theirs")
    await ask(client.associate_faces, CollectionId="staff", UserId="theirs", FaceIds=[face_id])
    assert (await _identified(setup, _ONE)).candidates == ()


async def test_a_search_of_an_enrolled_face_still_finds_faces(setup: _Setup) -> None:
    """Look-alikes among the enrolled are searched by face, which is what may be a mistake."""
    await enroll(setup.engine, "ana", _ONE, "1")
    face: GalleryFace = await enroll(setup.engine, "bob", picture((100, 60, 100, RED)), "1")
    similar = await setup.engine.similar(face, 5, CONTEXT)
    assert [candidate.person_id for candidate in similar.candidates] == ["ana"]
