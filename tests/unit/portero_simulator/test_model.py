"""Requests and answers held against the service model."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest

from portero_simulator.model import AnswerBroken, RekognitionModel
from portero_simulator.operations import OPERATIONS
from portero_simulator.problems import ApiProblem

_MODEL = RekognitionModel()


def _problem(operation: str, **request: object) -> ApiProblem:
    with pytest.raises(ApiProblem) as caught:
        _MODEL.read(operation, json.dumps(request).encode())
    return caught.value


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"CollectionId": "a"}, "Missing required parameter"),
        ({"CollectionId": "a", "Image": {}, "Nonsense": 1}, "Nonsense"),
        ({"CollectionId": 5, "Image": {}}, "CollectionId"),
        ({"CollectionId": "", "Image": {}}, "CollectionId"),
        ({"CollectionId": "a b", "Image": {}}, r"'collectionId' failed .* regular expression pattern"),
        ({"CollectionId": "a" * 256, "Image": {}}, r"length less than or equal to 255"),
        ({"CollectionId": "a", "Image": {"Bytes": ""}}, r"'image.bytes' failed .* greater than or equal to 1"),
        ({"CollectionId": "a", "Image": {"Bytes": "AAAA" * 1_750_000}}, r"less than or equal to 5242880"),
        ({"CollectionId": "a", "Image": {}, "MaxFaces": 0}, "valid min value: 1"),
        ({"CollectionId": "a", "Image": {}, "QualityFilter": "BEST"}, r"enum value set: \[NONE, AUTO"),
        ({"CollectionId": "a", "Image": {}, "ExternalImageId": "ana rojas"}, r"'externalImageId'"),
        ({"CollectionId": "a", "Image": {}, "DetectionAttributes": ["HAT"]}, r"'detectionAttributes.1.member'"),
    ],
)
def test_requests_that_break_the_model_are_refused(request_: dict[str, object], words: str) -> None:
    """Each constraint of the model, required members to patterns, is checked and named."""
    problem = _problem("IndexFaces", **request_)

    assert problem.code == "ValidationException"
    assert re.search(words, problem.message)


def test_ranges_have_a_maximum() -> None:
    """A percentage above 100 is refused."""
    problem = _problem(
        "SearchFaces", CollectionId="a", FaceId="0" * 8 + "-0000-0000-0000-" + "0" * 12, FaceMatchThreshold=101
    )

    assert "value less than or equal to 100" in problem.message


def test_several_problems_are_told_together() -> None:
    """All that is wrong is counted and listed in one message."""
    problem = _problem("IndexFaces", CollectionId="a b", Image={}, QualityFilter="BEST")

    assert problem.message.startswith("2 validation errors detected: ")


def test_null_members_count_as_left_out() -> None:
    """JSON's null is not a value."""
    assert _MODEL.read("ListFaces", b'{"CollectionId": "a", "MaxResults": null}') == {"CollectionId": "a"}


def test_tags_with_patterns_python_lacks_are_taken() -> None:
    """Patterns written for Java's Unicode classes are passed over instead of failing."""
    request = _MODEL.read("CreateCollection", b'{"CollectionId": "a", "Tags": {"team": "door"}}')

    assert request["Tags"] == {"team": "door"}


def test_answers_are_held_against_the_model_too() -> None:
    """An answer with an unknown member or an impossible value is a defect and never leaves the house."""
    with pytest.raises(AnswerBroken, match="Faces"):
        _MODEL.write("DetectFaces", {"Faces": []})
    with pytest.raises(AnswerBroken, match="confidence"):
        _MODEL.write("DetectFaces", {"FaceDetails": [{"Confidence": 101.0}]})


def test_times_are_written_as_seconds() -> None:
    """Times of an answer are seconds since 1970, as JSON 1.1 wants them."""
    written = _MODEL.write("DescribeCollection", {"CreationTimestamp": datetime(2026, 3, 2, tzinfo=UTC)})

    assert json.loads(written) == {"CreationTimestamp": 1772409600.0}


def test_every_simulated_operation_is_amazons() -> None:
    """All names in the table exist in the service model."""
    assert {_MODEL.operation(f"RekognitionService.{name}") for name in OPERATIONS} == set(OPERATIONS)
