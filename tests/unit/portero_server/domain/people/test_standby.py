"""Collections beside the one in use: which faces are whose, and when one may be put in use."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.people.people import FaceModel
from portero_server.domain.people.standby import (
    CollectionPlace,
    CollectionRole,
    GalleryCollection,
    StandbyCounts,
    checked_collection_id,
    checked_region,
    is_of,
    number_of,
    refuse_switch,
)
from portero_server.errors import FailedPrecondition, InvalidInput

_SOUND = StandbyCounts(3, 3, 0, 0)


@given(number=st.integers(1, 10**6), backing=st.sampled_from(["", "+dlib-v1", "+onnx-0a1b"]))
def test_a_version_says_which_collection_it_is_of(number: int, backing: str) -> None:
    """Whatever stands behind the engine, the mark of its collection is read again; the first one has none."""
    version = CollectionPlace(number, "name").marked("7.0") + backing
    assert number_of(version) == number
    assert ("@" in version) == (number > 1)


def test_faces_are_of_a_collection_by_engine_and_mark() -> None:
    """Another engine's are of none, nor are any while there is no such collection."""
    collection = GalleryCollection(
        CollectionPlace(2, "b"), CollectionRole.PREPARING, "7.0", datetime(2026, 1, 1, tzinfo=UTC)
    )
    assert is_of(FaceModel("rekognition", "7.0@2+dlib"), collection)
    assert not is_of(FaceModel("rekognition", "7.0"), collection)
    assert not is_of(FaceModel("local", "7.0@2"), collection)
    assert not is_of(FaceModel("rekognition", "7.0@2"), None)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "x" * 191, "ñ"])
def test_a_collection_needs_a_name_that_rekognition_takes(name: str) -> None:
    """The error names the field."""
    with pytest.raises(InvalidInput) as caught:
        checked_collection_id(name)
    assert caught.value.field == "collection"


def test_a_region_is_empty_or_looks_like_one() -> None:
    """Those of Amazon's other partitions too."""
    for region in ("", "eu-west-1", "us-gov-west-1", "ap-southeast-12"):
        assert checked_region(region) == region
    for wrong in ("mars", "eu-west", "EU-WEST-1", "eu-west-1 "):
        with pytest.raises(InvalidInput, match="AWS region"):
            checked_region(wrong)


@pytest.mark.parametrize(
    ("counts", "kept", "missing", "allowed", "reason"),
    [
        (_SOUND, 3, 0, False, ""),
        (_SOUND, None, 0, True, "STANDBY_LOST"),
        (_SOUND, 2, 1, True, "STANDBY_INCOMPLETE"),
        (StandbyCounts(3, 3, 1, 0), 3, 0, False, ""),
        (StandbyCounts(3, 3, 1, 1), 3, 0, False, "STANDBY_INCOMPLETE"),
        (StandbyCounts(3, 3, 1, 1), 3, 0, True, ""),
    ],
)
def test_a_switch_is_refused_where_somebody_would_become_unknown(
    counts: StandbyCounts, kept: int | None, missing: int, allowed: bool, reason: str
) -> None:
    """What is lost is refused in any case; people who were never taught may be allowed for."""
    if not reason:
        refuse_switch(counts, kept, missing, allow_missing=allowed)
        return
    with pytest.raises(FailedPrecondition) as refused:
        refuse_switch(counts, kept, missing, allow_missing=allowed)
    assert refused.value.reason == reason
