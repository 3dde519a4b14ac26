"""What a denied name demands of the next faces at its camera."""

from __future__ import annotations

import numpy as np
import pytest

from portero_server.domain.cameras import Lane
from portero_server.domain.detection.detections import Candidate, FaceQuality, MatchPolicy
from portero_server.domain.detection.geometry import Box
from portero_server.domain.tracking.deciding import DecisionReason, Ranking, verdict
from portero_server.engines.base import CallContext, FaceCrop, Identification
from portero_server.recognition.demands import Demands, demanding

_POLICY = MatchPolicy(0.5, 0.1)


def _crop(camera_id: str | None) -> FaceCrop:
    pixels = np.zeros((8, 8, 3), np.uint8)
    return FaceCrop(pixels, Box(0, 0, 1, 1), FaceQuality(1, 1, 1, 1), CallContext(camera_id, Lane.VISITOR))


async def _demands() -> Demands:
    async def read() -> dict[tuple[str, str, str], float]:
        return {("local", "door", "ana"): 0.7}

    demands = Demands(read, interval=5)
    assert demands.of("local", "door", "ana") == 0.0
    await demands.refresh()
    return demands


@pytest.mark.parametrize(
    ("engine", "camera_id", "best", "demanded"),
    [
        ("local", "door", "ana", 0.7),
        ("local", "desk", "ana", 0.0),
        ("local", None, "ana", 0.0),
        ("local", "door", "ben", 0.0),
        ("rekognition", "door", "ana", 0.0),
    ],
)
async def test_more_is_demanded_of_that_person_at_that_camera_alone(
    engine: str, camera_id: str | None, best: str, demanded: float
) -> None:
    """On the scale of the engine that was wrong; single pictures of no camera are not concerned."""

    async def identify(crop: FaceCrop) -> Identification:
        return Identification((Candidate("eva", "f", 0.2), Candidate(best, "f", 0.65)))

    found = await demanding(identify, engine, await _demands())(_crop(camera_id))
    assert found.demanded == demanded


@pytest.mark.parametrize(("similarity", "reason"), [(0.7, DecisionReason.DEMANDED), (0.71, DecisionReason.NAMED)])
def test_a_face_that_is_no_more_alike_than_the_denied_one_is_nobody(similarity: float, reason: DecisionReason) -> None:
    """One that is more alike has the name."""
    ranking = Ranking((Candidate("ana", "", similarity),), demanded=0.7)
    said = verdict(ranking, 1.0, _POLICY, None)
    assert (said.reason, said.match is None) == (reason, reason is DecisionReason.DEMANDED)
    assert verdict(ranking.kept(), 1.0, _POLICY, None) == said
