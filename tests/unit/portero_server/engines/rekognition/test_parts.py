"""Images, answers, judging photographs: the parts of the Rekognition engine that call nobody."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from portero_server.domain.detection.detections import FaceQuality
from portero_server.domain.detection.geometry import Box
from portero_server.engines.base import PhotoRefused
from portero_server.engines.rekognition import answers
from portero_server.engines.rekognition.adopted import FaceNames
from portero_server.engines.rekognition.answers import Indexed, IndexedFace, UnindexedFace, only_face
from portero_server.engines.rekognition.images import MAX_BYTES, crop_alone, encode, same_place
from portero_server.errors import EngineError
from portero_server.vision.jpeg import decode_color

_BOX = {"Left": 0.1, "Top": 0.2, "Width": 0.3, "Height": 0.4}
_GOOD = FaceQuality(1, 1, 1, 1)


def _detail(**changes: Any) -> dict[str, Any]:
    detail = {
        "BoundingBox": _BOX,
        "Confidence": 99.0,
        "Pose": {"Roll": 30.0, "Yaw": 0.0, "Pitch": 0.0},
        "Quality": {"Brightness": 60.0, "Sharpness": 80.0},
    }
    return detail | changes


def test_noise_is_compressed_until_it_fits() -> None:
    """An image that a good JPEG cannot hold in 5 MiB is sent at lower quality or size."""
    noise = np.random.default_rng(1).integers(0, 255, (3000, 4000, 3), dtype=np.uint8)

    data = encode(noise)

    assert len(data) <= MAX_BYTES
    assert decode_color(data).shape[1] / decode_color(data).shape[0] == pytest.approx(4 / 3, rel=0.01)


@pytest.mark.parametrize(
    ("shape", "sent"),
    [((100, 200), (100, 200)), ((40, 60), (80, 120)), ((5000, 2500), (4096, 2048)), ((20, 4000), (80, 4096))],
)
def test_sides_are_brought_within_rekognitions_limits(shape: tuple[int, int], sent: tuple[int, int]) -> None:
    """Small images are enlarged to 80 pixels, large ones reduced; what fits is left alone."""
    data = encode(np.zeros((*shape, 3), np.uint8))

    height, width = decode_color(data).shape[:2]
    assert height == sent[0]
    assert width in {sent[1], 80 * shape[1] // shape[0]}


def test_sliver_is_refused() -> None:
    """An image with a side under 20 pixels shows nothing and is not sent."""
    with pytest.raises(EngineError) as refused:
        encode(np.zeros((19, 400, 3), np.uint8))
    assert refused.value.reason == "IMAGE_TOO_SMALL"


def test_other_faces_are_blackened_and_the_meant_one_kept() -> None:
    """A crop shows the meant face whole; of a neighbor's face only what it overlaps is left."""
    image = np.full((300, 600, 3), 100, np.uint8)
    meant = Box.from_pixels(200, 100, 300, 200, width=600, height=300)
    neighbor = Box.from_pixels(280, 90, 400, 210, width=600, height=300)
    image[100:200, 200:300] = 200

    crop = crop_alone(image, meant, [neighbor])

    left, top, right, bottom = crop.face.to_pixels(crop.pixels.shape[1], crop.pixels.shape[0])
    assert (crop.pixels[top:bottom, left:right] == 200).all()
    assert (crop.pixels[top:bottom, right : right + 50] == 0).all()
    assert image.min() == 100


def test_boxes_of_two_detectors_are_the_same_place_when_their_centers_agree() -> None:
    """A box with a forehead and one without mean one face; a neighbor's does not."""
    tight = Box(0.4, 0.4, 0.2, 0.2)

    assert same_place(Box(0.38, 0.3, 0.24, 0.34), tight)
    assert not same_place(Box(0.65, 0.35, 0.3, 0.3), tight)


def test_person_with_several_faces_is_a_candidate_once() -> None:
    """Of several matches of a person the best counts, and candidates come best first."""
    matches = [("portero:bob.1", 90.0), ("portero:ana.1", 70.0), ("portero:ana.2", 95.0), ("photo.jpg", 99.0)]
    answer: Any = {
        "SearchedFaceBoundingBox": _BOX,
        "FaceMatches": [{"Similarity": s, "Face": {"FaceId": name, "ExternalImageId": name}} for name, s in matches],
    }

    found = answers.searched(answer, FaceNames().of).candidates

    assert [(c.person_id, c.face_id, c.similarity) for c in found] == [("ana", "2", 0.95), ("bob", "1", 0.9)]


@pytest.mark.parametrize("missing", ["SearchedFaceBoundingBox", "FaceMatches"])
def test_answer_with_a_part_missing_is_no_answer(missing: str) -> None:
    """A search without its matches must not pass for one that found nobody."""
    answer: Any = {"SearchedFaceBoundingBox": _BOX, "FaceMatches": []}
    del answer[missing]

    with pytest.raises(KeyError):
        answers.searched(answer, FaceNames().of)


@pytest.mark.parametrize(
    ("changes", "score", "expected"),
    [
        ({}, "overall", 0.8),
        ({"Pose": {"Roll": 90.0, "Yaw": 60.0, "Pitch": 0.0}}, "frontality", 0.5),
        ({"Pose": {"Roll": 0.0, "Yaw": 100.0, "Pitch": 0.0}}, "frontality", 0.0),
        ({"Quality": {"Brightness": 10.0, "Sharpness": 80.0}}, "brightness", 0.25),
        ({"Quality": {"Brightness": 99.0, "Sharpness": 80.0}}, "brightness", 0.1),
        ({"BoundingBox": _BOX | {"Height": 0.06}}, "size", 0.5),
    ],
)
def test_rekognitions_quality_becomes_ours(changes: dict[str, Any], score: str, expected: float) -> None:
    """Size, turn, sharpness and light of a face of a picture 1000 pixels high become scores of 0 to 1."""
    answer: Any = {"FaceDetails": [_detail(**changes)]}

    [face] = answers.detected(answer, height=1000)

    assert getattr(face.quality, score) == pytest.approx(expected, abs=0.01)
    assert face.confidence == 0.99


def test_faces_under_the_threshold_are_compared_as_not_alike() -> None:
    """Unmatched faces stand behind the matches with similarity 0."""
    answer: Any = {
        "SourceImageFace": {"BoundingBox": _BOX},
        "FaceMatches": [{"Similarity": 40.0, "Face": {"BoundingBox": _BOX}}],
        "UnmatchedFaces": [{"BoundingBox": _BOX}],
    }

    assert [face.similarity for face in answers.compared(answer).faces] == [0.4, 0.0]


def _indexed(faces: int, *others: set[str]) -> Indexed:
    face = IndexedFace(Box(0.1, 0.1, 0.5, 0.5), _GOOD, "id", "7.0")
    return Indexed(
        (face,) * faces, tuple(UnindexedFace(Box(0.7, 0.7, 0.1, 0.1), frozenset(reasons)) for reasons in others)
    )


@pytest.mark.parametrize(
    ("answer", "reason", "words"),
    [
        (_indexed(0), "NO_FACE", "no face"),
        (_indexed(0, {"EXTREME_POSE"}), "LOW_QUALITY", "straight into the camera"),
        (_indexed(0, {"LOW_BRIGHTNESS"}), "LOW_QUALITY", "light"),
        (_indexed(0, {"LOW_SHARPNESS"}), "LOW_QUALITY", "hold still"),
        (_indexed(0, {"LOW_CONFIDENCE"}), "LOW_QUALITY", "show it whole"),
        (_indexed(0, {"SMALL_BOUNDING_BOX"}), "LOW_QUALITY", "come closer"),
        (_indexed(0, {"LOW_FACE_QUALITY"}), "LOW_QUALITY", "lacks detail"),
        (_indexed(0, {"SOMETHING_NEW"}), "LOW_QUALITY", "sharper"),
        (_indexed(0, {"LOW_BRIGHTNESS", "LOW_SHARPNESS"}), "LOW_QUALITY", "dark.*; .*blurred"),
        (_indexed(1, {"EXCEEDS_MAX_FACES"}, {"EXCEEDS_MAX_FACES"}), "SEVERAL_FACES", "3 faces"),
    ],
)
def test_reasons_become_advice(answer: Indexed, reason: str, words: str) -> None:
    """Each reason of Rekognition's is told as what to do better."""
    with pytest.raises(PhotoRefused, match=words) as refused:
        only_face(answer)

    assert (refused.value.reason, refused.value.field) == (reason, "image")


def test_bystanders_of_low_quality_do_not_spoil_a_photograph() -> None:
    """A face in the background that would not have been learned anyway is no second face."""
    answer = _indexed(1, {"SMALL_BOUNDING_BOX"}, {"EXCEEDS_MAX_FACES", "LOW_SHARPNESS"})

    assert only_face(answer) is answer.faces[0]
