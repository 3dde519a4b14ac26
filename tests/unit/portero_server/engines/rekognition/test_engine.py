"""The Rekognition engine through unchanged boto3 over HTTP against the simulator: the contract, and what is its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from portero_server.domain.cameras import Lane
from portero_server.domain.detection.detections import FaceQuality
from portero_server.domain.detection.geometry import Box
from portero_server.domain.people.collection import StoredFace, compare
from portero_server.engines.base import CallContext, Engine, FaceCrop, Identification, PhotoRefused
from portero_server.engines.registry import create_engine
from portero_server.engines.rekognition.engine import RekognitionEngine
from portero_server.engines.rekognition.errors import CollectionMissing
from portero_server.engines.rekognition.options import RekognitionOptions
from portero_server.errors import EngineError, EngineThrottled, EngineUnavailable, StartupProblem
from portero_simulator.faults import Fault, FaultKind
from tests.contracts.engine_contract import EngineCase, EngineContract, crop_of, enroll, named
from tests.support.server.simulated_rekognition import (
    BLUE,
    GREEN,
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

_CONTEXT = CallContext(camera_id="door", lane=Lane.VISITOR)
_GOOD = FaceQuality(1, 1, 1, 1)


@dataclass(frozen=True)
class _Setup:
    engine: RekognitionEngine
    gate: CountingGate
    simulation: Simulation


def _engine(simulation: Simulation, gate: CountingGate, options: RekognitionOptions | None = None) -> RekognitionEngine:
    options = options or RekognitionOptions(create_collection=True)
    return RekognitionEngine(client_of(simulation.url), "staff", gate, threads=4, options=options)


@pytest.fixture
async def setup() -> AsyncIterator[_Setup]:
    """An engine with an empty collection, its gate and the simulator behind."""
    async with simulated() as simulation:
        gate = CountingGate()
        engine = _engine(simulation, gate)
        await engine.check()
        yield _Setup(engine, gate, simulation)
        await engine.aclose()


class TestContract(EngineContract):
    """What every engine must do."""

    @pytest.fixture
    async def case(self, setup: _Setup) -> EngineCase:
        """Patches of color for the scripted engine behind the simulator."""
        return EngineCase(
            engine=setup.engine,
            ana=(picture((40, 60, 100, RED)), picture((120, 40, 90, RED))),
            bob=(picture((40, 60, 100, BLUE)), picture((120, 40, 90, BLUE))),
            both=picture((40, 60, 80, RED), (240, 60, 110, BLUE), width=480),
            nobody=picture(),
            poor=picture((100, 60, 24, RED)),
            card=card("REPUBLICA DE CHILE\nRUN 12.345.678-5"),
            lines=("REPUBLICA DE CHILE", "RUN 12.345.678-5"),
        )


async def test_missing_collection_is_told_with_what_to_do() -> None:
    """Unless it may create it, the engine does not start without its collection, and names the setting."""
    async with simulated() as simulation:
        engine = _engine(simulation, CountingGate(), RekognitionOptions(create_collection=False))
        with pytest.raises(CollectionMissing, match="PORTERO_REKOGNITION_CREATE_COLLECTION"):
            await engine.check()
        await engine.aclose()


async def test_collection_that_somebody_else_creates_meanwhile_is_taken(setup: _Setup) -> None:
    """Two servers that start together both end up with the one collection."""
    await ask(setup.simulation.client.delete_collection, CollectionId="staff")
    engines = [_engine(setup.simulation, CountingGate()) for _ in range(2)]

    await asyncio.gather(*(engine.check() for engine in engines))

    assert [engine.traits.model_version for engine in engines] == ["0.1", "0.1"]
    for engine in engines:
        await engine.aclose()


async def test_check_works_while_the_gate_is_shut(setup: _Setup) -> None:
    """A check is no paid call and does not go through the gate."""
    assert setup.gate.operations == []


async def test_every_paid_call_goes_through_the_gate(setup: _Setup) -> None:
    """Each operation is announced to the gate under Amazon's name, for the caller's camera and lane."""
    face = await enroll(setup.engine, "ana", picture((100, 60, 100, RED)))
    crop = await crop_of(setup.engine, picture((100, 60, 100, RED)))
    await setup.engine.identify([replace(crop, context=_CONTEXT)])
    await setup.engine.similar(face, 5, _CONTEXT)
    await setup.engine.compare(crop.pixels, crop.pixels, _CONTEXT)
    await setup.engine.read_text(crop.pixels, _CONTEXT)
    await setup.engine.list_faces()
    await setup.engine.remove([face])

    assert setup.gate.operations == [
        "IndexFaces",
        "DetectFaces",
        "SearchFacesByImage",
        "SearchFacesByImage",
        "SearchFaces",
        "CompareFaces",
        "DetectText",
        "ListFaces",
        "DeleteFaces",
    ]
    assert setup.gate.contexts[3] == _CONTEXT


async def test_a_face_that_is_gone_is_like_nobody(setup: _Setup) -> None:
    """A face that was deleted meanwhile, or never was in the collection, is an empty answer and no fault."""
    face = await enroll(setup.engine, "ana", picture((100, 60, 100, RED)))
    await setup.engine.remove([face])
    assert (await setup.engine.similar(face, 5, _CONTEXT)).candidates == ()
    assert (await setup.engine.similar(replace(face, external_id=None), 5, _CONTEXT)).candidates == ()


async def test_crop_of_somebody_elses_face_names_nobody(setup: _Setup) -> None:
    """When the largest face of a crop is a neighbor's, the neighbor's name is not given to the face that was meant."""
    await enroll(setup.engine, "neighbor", picture((100, 60, 100, BLUE)))
    crop = picture((10, 80, 60, RED), (120, 40, 140, BLUE))
    meant = Box.from_pixels(10, 80, 70, 140, width=320, height=240)

    [answer] = await setup.engine.identify([FaceCrop(crop, meant, _GOOD, _CONTEXT)])

    assert answer == Identification((), face_found=False)


async def test_crop_without_a_face_is_an_answer(setup: _Setup) -> None:
    """When Rekognition sees no face in a crop, that is said, and no fault is raised."""
    [answer] = await setup.engine.identify([FaceCrop(picture(), Box(0.2, 0.2, 0.4, 0.4), _GOOD, _CONTEXT)])

    assert answer == Identification((), face_found=False)


async def test_small_crop_is_enlarged_to_what_rekognition_takes(setup: _Setup) -> None:
    """A crop of 60 x 60 pixels is searched all the same."""
    await enroll(setup.engine, "ana", picture((100, 60, 100, RED)))
    crop = picture((10, 10, 40, RED), width=60, height=60)

    [answer] = await setup.engine.identify([FaceCrop(crop, Box(1 / 6, 1 / 6, 2 / 3, 2 / 3), _GOOD, _CONTEXT)])

    assert named(setup.engine, answer) == "ana"


async def test_neighbors_in_a_search_do_not_take_each_others_names(setup: _Setup) -> None:
    """Faces close together are each searched alone, the small one beside the large one too."""
    await enroll(setup.engine, "ana", picture((100, 60, 100, RED)))
    await enroll(setup.engine, "bob", picture((100, 60, 100, BLUE)))
    image = picture((20, 20, 150, RED), (175, 100, 60, BLUE))

    found = await setup.engine.search(image, 5, _CONTEXT)

    assert [one.candidates[0].person_id for one in found] == ["ana", "bob"]


async def test_detection_costs_one_call_however_many_faces_there_are(setup: _Setup) -> None:
    """All faces of a picture are found with one call, and none is searched."""
    image = picture((10, 10, 60, RED), (100, 10, 60, GREEN), (200, 10, 60, BLUE))

    found = await setup.engine.detect(image, _CONTEXT)

    assert len(found) == 3
    assert setup.gate.operations == ["DetectFaces"]


async def test_failing_search_of_one_face_fails_the_search(setup: _Setup) -> None:
    """Half a search is none: the caller gets the one error, without anything around it."""
    setup.simulation.endpoint.faults.turn(FaultKind.THROTTLE, Fault(0.5), setup.simulation.clock.monotonic())
    image = picture((10, 10, 60, RED), (100, 10, 60, GREEN), (200, 10, 60, BLUE), (10, 120, 60, RED))

    with pytest.raises(EngineThrottled):
        await setup.engine.search(image, 5, _CONTEXT)


async def test_photograph_of_two_people_leaves_nothing_in_the_collection(setup: _Setup) -> None:
    """A refused photograph is taken out of the collection again."""
    with pytest.raises(PhotoRefused, match="2 faces"):
        await setup.engine.learn(picture((10, 60, 100, RED), (200, 60, 80, BLUE)), "ana", "1", _CONTEXT)

    assert await setup.engine.list_faces() == []


async def test_advice_names_what_is_wrong_with_a_photograph(setup: _Setup) -> None:
    """A face that Rekognition leaves out for its size is refused with the advice to come closer."""
    with pytest.raises(PhotoRefused, match="come closer") as refused:
        await setup.engine.learn(picture((100, 60, 30, RED)), "ana", "1", _CONTEXT)

    assert refused.value.reason == "LOW_QUALITY"


async def test_learning_the_same_photograph_again_is_the_same_face(setup: _Setup) -> None:
    """After an answer that was lost, learning again gives the face that is there already."""
    photo = picture((100, 60, 100, RED))
    first = await setup.engine.learn(photo, "ana", "1", _CONTEXT)
    again = await setup.engine.learn(photo, "ana", "1", _CONTEXT)

    assert first.external_id == again.external_id
    assert [face.image_id for face in await setup.engine.list_faces()] == ["portero:ana.1"]


async def test_faces_of_other_programs_are_never_candidates(setup: _Setup) -> None:
    """A face that another program put into the collection is not given as a candidate."""
    await ask(
        setup.simulation.client.index_faces,
        CollectionId="staff",
        Image={"Bytes": portrait(RED)},
        ExternalImageId="photo.jpg",
    )

    [answer] = await setup.engine.identify([await crop_of(setup.engine, picture((100, 60, 100, RED)))])

    assert answer == Identification(())


async def test_orphans_are_found_on_both_sides_and_removed(setup: _Setup) -> None:
    """Faces that only the database or only the collection has are told apart, and the latter can be removed."""
    learned = await enroll(setup.engine, "ana", picture((100, 60, 100, RED)))
    stored = StoredFace(learned.face_id, "ana", "0.1", learned.external_id)
    await setup.engine.learn(picture((100, 60, 100, BLUE)), "bob", "1", _CONTEXT)
    lost = StoredFace("1", "eva", "0.1", "11111111-1111-1111-1111-111111111111")

    difference = compare(None, [stored, lost], await setup.engine.listed())
    await setup.engine.remove_orphans(difference.foreign)

    assert [face.image_id for face in difference.foreign] == ["portero:bob.1"]
    assert difference.missing == {lost}
    assert not compare(None, [stored], await setup.engine.listed()).differs


async def test_large_collections_are_listed_whole(setup: _Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    """Listing follows the pages to the end."""
    monkeypatch.setattr("portero_server.engines.rekognition.collection._PAGE", 2)
    for number, color in enumerate([RED, GREEN, BLUE, (90, 90, 90), (200, 200, 60)]):
        await setup.engine.learn(picture((100, 60, 100, color)), "ana", str(number), _CONTEXT)

    faces = await setup.engine.list_faces()

    assert [face.image_id for face in faces] == [f"portero:ana.{number}" for number in range(5)]
    assert setup.gate.operations.count("ListFaces") == 3


async def test_each_crop_fails_alone(setup: _Setup) -> None:
    """Of several crops, one that cannot be searched fails, and the others are answered."""
    await enroll(setup.engine, "ana", picture((100, 60, 100, RED)))
    good = await crop_of(setup.engine, picture((100, 60, 100, RED)))
    tiny = FaceCrop(picture(width=10, height=10), Box(0, 0, 1, 1), _GOOD, _CONTEXT)

    answers = await setup.engine.identify([tiny, good])

    assert isinstance(answers[0], EngineError)
    assert answers[0].reason == "IMAGE_TOO_SMALL"
    assert named(setup.engine, answers[1]) == "ana"


async def test_half_an_answer_never_passes_for_nobody(setup: _Setup) -> None:
    """Garbled JSON, which boto3 passes on as an empty answer, is a fault that may be tried again."""
    crop = await crop_of(setup.engine, picture((100, 60, 100, RED)))
    setup.simulation.endpoint.faults.turn(FaultKind.GARBAGE, Fault(1.0), setup.simulation.clock.monotonic())

    [answer] = await setup.engine.identify([crop])

    assert isinstance(answer, EngineUnavailable)
    assert answer.reason == "ENGINE_ANSWER_UNREADABLE"


async def test_images_are_read_together_on_one_sheet() -> None:
    """With sheets on, two small cards cost one DetectText; with sheets off, two."""
    cards = [card("ANA ROJAS"), picture()]
    for sheets, calls in ((False, 2), (True, 1)):
        async with simulated() as simulation:
            gate = CountingGate()
            engine = _engine(simulation, gate, RekognitionOptions(text_sheets=sheets))
            texts = await engine.read_texts(cards, [_CONTEXT, _CONTEXT])
            await engine.aclose()

        assert gate.operations == ["DetectText"] * calls
        assert [[text.content for text in found] for found in texts if not isinstance(found, EngineError)] == [
            ["ANA ROJAS", "ANA", "ROJAS"],
            [],
        ]


def _made_by_name(region: str | None = "us-east-1") -> Engine:
    options = RekognitionOptions(region=region, threads=4)
    return create_engine("rekognition", {"rekognition": options}, CountingGate())


async def test_registry_makes_it_from_settings_and_the_aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """By name, with credentials and endpoint from AWS's own variables, the engine works."""
    async with simulated() as simulation:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setenv("AWS_ENDPOINT_URL_REKOGNITION", simulation.url)
        engine = await asyncio.to_thread(_made_by_name)
        await engine.check()
        await engine.aclose()

    assert simulation.outcomes("CreateCollection") == {"ok": 1}


def test_missing_credentials_end_startup_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials anywhere the server says so and what to set."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")

    with pytest.raises(StartupProblem, match="no AWS credentials"):
        _made_by_name()
    with pytest.raises(StartupProblem, match="no AWS region"):
        _made_by_name(None)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("AWS_PROFILE", "nobody-has-this", "nobody-has-this"),
        ("AWS_ENDPOINT_URL_REKOGNITION", "not a url", "AWS_ENDPOINT_URL_REKOGNITION"),
    ],
)
def test_broken_aws_configuration_ends_startup_in_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    """A profile that does not exist, or an endpoint that is not a URL, is named."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv(name, value)

    with pytest.raises(StartupProblem, match=words) as problem:
        _made_by_name()

    assert "\n" not in problem.value.message
