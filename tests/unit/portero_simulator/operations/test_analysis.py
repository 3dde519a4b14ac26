"""DetectFaces, CompareFaces and DetectText, through boto3."""

from __future__ import annotations

import pytest

from portero_server.domain.detection.detections import Text, TextKind
from portero_server.domain.detection.geometry import Box
from portero_server.engines.base import CallContext
from portero_server.engines.scripted import ScriptedEngine
from portero_server.vision.pixels import Pixels
from tests.support.server.simulated_rekognition import (
    BLUE,
    GREEN,
    RED,
    Simulation,
    ask,
    picture,
    png,
    portrait,
    simulated,
)


class _Reader(ScriptedEngine):
    """Reads given texts from every image."""

    def __init__(self, texts: list[Text]) -> None:
        super().__init__()
        self._texts = texts

    async def read_text(self, image: Pixels, context: CallContext) -> list[Text]:
        return self._texts


async def test_faces_are_detected_largest_first(simulation: Simulation) -> None:
    """DetectFaces gives each face with box, confidence, pose and quality."""
    image = png(picture((10, 10, 60, GREEN), (100, 60, 100, RED)))

    answer = await ask(simulation.client.detect_faces, Image={"Bytes": image}, Attributes=["ALL"])

    details = answer["FaceDetails"]
    assert [detail["BoundingBox"]["Width"] for detail in details] == pytest.approx([100 / 320, 60 / 320], abs=0.01)
    assert details[0]["Confidence"] == pytest.approx(99)
    assert details[0]["Pose"] == {"Roll": 0, "Yaw": 0, "Pitch": 0}
    assert details[0]["Quality"] == {"Brightness": 65, "Sharpness": 100}


async def test_image_without_face_has_no_details(simulation: Simulation) -> None:
    """DetectFaces of an image without a face succeeds with an empty list."""
    answer = await ask(simulation.client.detect_faces, Image={"Bytes": png(picture())})

    assert answer["FaceDetails"] == []


async def test_largest_source_face_is_compared_with_all_target_faces(simulation: Simulation) -> None:
    """CompareFaces sorts the target's faces into matches above the threshold and unmatched ones."""
    source = png(picture((10, 10, 60, GREEN), (100, 60, 100, RED)))
    target = png(picture((10, 10, 70, RED), (100, 60, 100, BLUE)))

    answer = await ask(simulation.client.compare_faces, SourceImage={"Bytes": source}, TargetImage={"Bytes": target})

    assert answer["SourceImageFace"]["BoundingBox"]["Width"] == pytest.approx(100 / 320, abs=0.01)
    assert [match["Face"]["BoundingBox"]["Width"] for match in answer["FaceMatches"]] == [pytest.approx(70 / 320)]
    assert answer["FaceMatches"][0]["Similarity"] > 99.9
    assert [face["BoundingBox"]["Width"] for face in answer["UnmatchedFaces"]] == [pytest.approx(100 / 320)]


@pytest.mark.parametrize("empty", ["source", "target"])
async def test_comparison_with_an_image_without_face_is_an_invalid_parameter(
    simulation: Simulation, empty: str
) -> None:
    """CompareFaces refuses images without a face and, like Amazon, does not say which of the two it was."""
    source, target = (png(picture()) if side == empty else portrait(RED) for side in ("source", "target"))

    with pytest.raises(simulation.client.exceptions.InvalidParameterException, match="invalid parameters"):
        await ask(simulation.client.compare_faces, SourceImage={"Bytes": source}, TargetImage={"Bytes": target})


async def test_text_comes_as_lines_and_words_that_name_their_line() -> None:
    """DetectText gives lines, then words; each word refers to the line it is part of."""
    texts = [
        Text("ANA ROJAS", TextKind.LINE, Box(0.1, 0.1, 0.5, 0.1), 0.98),
        Text("12.345", TextKind.LINE, Box(0.1, 0.3, 0.2, 0.1), 0.97),
        Text("ANA", TextKind.WORD, Box(0.1, 0.1, 0.2, 0.1), 0.98),
        Text("ROJAS", TextKind.WORD, Box(0.35, 0.1, 0.25, 0.1), 0.98),
        Text("12.345", TextKind.WORD, Box(0.1, 0.3, 0.2, 0.1), 0.97),
    ]
    async with simulated(engine=_Reader(texts)) as simulation:
        answer = await ask(simulation.client.detect_text, Image={"Bytes": portrait(RED)})

    found = [(part["Type"], part["DetectedText"], part.get("ParentId")) for part in answer["TextDetections"]]
    assert found == [
        ("LINE", "ANA ROJAS", None),
        ("LINE", "12.345", None),
        ("WORD", "ANA", 0),
        ("WORD", "ROJAS", 0),
        ("WORD", "12.345", 1),
    ]
    assert answer["TextDetections"][0]["Confidence"] == pytest.approx(98)
    corner = answer["TextDetections"][0]["Geometry"]["Polygon"][2]
    assert (corner["X"], corner["Y"]) == pytest.approx((0.6, 0.2))


async def test_text_ends_after_a_hundred_words() -> None:
    """DetectText gives no more than 100 words."""
    texts = [Text(f"w{i}", TextKind.WORD, Box(0.1, 0.001 * i, 0.1, 0.001), 0.9) for i in range(120)]
    async with simulated(engine=_Reader(texts)) as simulation:
        answer = await ask(simulation.client.detect_text, Image={"Bytes": portrait(RED)})

    assert [part["DetectedText"] for part in answer["TextDetections"]] == [f"w{i}" for i in range(100)]


async def test_text_can_be_narrowed_to_sure_words_and_regions() -> None:
    """The word filter drops unsure words, and regions of interest drop whatever lies outside."""
    texts = [
        Text("UP", TextKind.LINE, Box(0.1, 0.1, 0.1, 0.1), 0.9),
        Text("DOWN", TextKind.LINE, Box(0.1, 0.8, 0.1, 0.1), 0.9),
        Text("UP", TextKind.WORD, Box(0.1, 0.1, 0.1, 0.1), 0.5),
        Text("DOWN", TextKind.WORD, Box(0.1, 0.8, 0.1, 0.1), 0.9),
    ]
    async with simulated(engine=_Reader(texts)) as simulation:
        answer = await ask(
            simulation.client.detect_text,
            Image={"Bytes": portrait(RED)},
            Filters={
                "WordFilter": {"MinConfidence": 80},
                "RegionsOfInterest": [{"BoundingBox": {"Left": 0, "Top": 0.5, "Width": 1, "Height": 0.5}}],
            },
        )

    assert [(part["Type"], part["DetectedText"]) for part in answer["TextDetections"]] == [
        ("LINE", "DOWN"),
        ("WORD", "DOWN"),
    ]
