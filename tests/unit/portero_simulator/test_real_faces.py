"""Real recognition: the local engine behind the simulator, boto3 and the Rekognition engine in front of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from portero_server.domain.cameras import Lane
from portero_server.domain.detection.detections import decide
from portero_server.engines.base import CallContext, PhotoRefused, Pixels
from portero_server.engines.local.options import LocalOptions
from portero_server.engines.rekognition.engine import RekognitionEngine
from portero_server.engines.rekognition.options import RekognitionOptions
from portero_server.vision.opencv import cv2
from tests.support.server.simulated_rekognition import CountingGate, Simulation, ask, client_of, png, simulated

local = pytest.importorskip("portero_server.engines.local.engine")
data = pytest.importorskip("skimage.data")
cbook = pytest.importorskip("matplotlib.cbook")

_CONTEXT = CallContext(camera_id=None, lane=Lane.VISITOR)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def collins() -> Pixels:
    """Eileen Collins, 512 x 512."""
    return np.ascontiguousarray(data.astronaut()[:, :, ::-1])


@pytest.fixture(scope="module")
def hopper() -> Pixels:
    """Grace Hopper, 512 x 600."""
    return np.asarray(cv2.imread(str(Path(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)))), np.uint8)


@pytest.fixture
async def simulation() -> AsyncIterator[Simulation]:
    """A simulator with the local engine and the collection "staff"."""
    async with simulated(engine=local.LocalEngine(LocalOptions())) as running:
        await ask(running.client.create_collection, CollectionId="staff")
        yield running


def _dimmed(image: Pixels) -> Pixels:
    """The same person, smaller, darker and from another file."""
    return np.asarray(cv2.resize(image, None, fx=0.7, fy=0.7) * 0.7, np.uint8)


async def test_portraits_are_told_apart_on_rekognitions_scale(
    simulation: Simulation, collins: Pixels, hopper: Pixels
) -> None:
    """The right person is above 99, the other one below 50, and two people in one image are two faces."""
    for name, image in (("collins", collins), ("hopper", hopper)):
        await ask(
            simulation.client.index_faces, CollectionId="staff", Image={"Bytes": png(image)}, ExternalImageId=name
        )
    both = np.hstack([collins, cv2.resize(hopper, (437, 512))])

    found = await ask(
        simulation.client.search_faces_by_image,
        CollectionId="staff",
        Image={"Bytes": png(_dimmed(hopper))},
        FaceMatchThreshold=0,
    )
    seen = await ask(simulation.client.detect_faces, Image={"Bytes": png(both)})

    similarities = {match["Face"]["ExternalImageId"]: match["Similarity"] for match in found["FaceMatches"]}
    assert similarities["hopper"] > 99
    assert similarities["collins"] < 50
    assert len(seen["FaceDetails"]) == 2


async def test_engine_names_both_people_of_one_photograph(
    simulation: Simulation, collins: Pixels, hopper: Pixels
) -> None:
    """Learned from one photograph each, both are named in a picture of the two, and that picture teaches nobody."""
    engine = RekognitionEngine(
        client_of(simulation.url), "staff", CountingGate(), threads=2, options=RekognitionOptions()
    )
    await engine.learn(collins, "collins", "1", _CONTEXT)
    await engine.learn(hopper, "hopper", "1", _CONTEXT)
    both = np.hstack([_dimmed(collins), cv2.resize(_dimmed(hopper), (306, 358))])

    found = await engine.search(both, 5, _CONTEXT)
    with pytest.raises(PhotoRefused) as refused:
        await engine.learn(both, "both", "1", _CONTEXT)
    await engine.aclose()

    matches = [decide(face.candidates, engine.traits.policy) for face in found]
    assert sorted(match.person_id for match in matches if match) == ["collins", "hopper"]
    assert refused.value.reason == "SEVERAL_FACES"
