"""Quotas, faults, latency, prices, similarity, pages and the quality filter, each by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.detection.detections import FaceQuality, FoundFace, MatchPolicy
from portero_server.domain.detection.geometry import Box
from portero_simulator.faults import Fault, FaultKind, Faults
from portero_simulator.latency import Latency
from portero_simulator.pages import page
from portero_simulator.pricing import price
from portero_simulator.problems import ApiProblem
from portero_simulator.quality import shortcomings
from portero_simulator.quotas import Quotas, TokenBucket, default_rates
from portero_simulator.similarity import rekognition_similarity

_LOCAL = MatchPolicy(threshold=0.45, margin=0.05)


@given(rate=st.floats(1, 100), pauses=st.lists(st.floats(0, 0.5), min_size=1, max_size=200))
def test_bucket_never_lets_more_through_than_rate_and_burst(rate: float, pauses: list[float]) -> None:
    """Over any span, no more calls pass than the burst and the rate allow."""
    bucket = TokenBucket(rate, rate)
    now, passed = 0.0, 0
    for pause in pauses:
        now += pause
        passed += bucket.take(now)

    assert passed <= rate + rate * now + 1e-6


def test_quotas_are_amazons_by_region() -> None:
    """Large regions have 50 searches a second, others 5; comparisons 100 and 25; collections always 5."""
    large, small = default_rates("us-east-1"), default_rates("sa-east-1")

    assert (large["SearchFacesByImage"], small["SearchFacesByImage"]) == (50, 5)
    assert (large["CompareFaces"], small["CompareFaces"]) == (100, 25)
    assert (large["DeleteFaces"], small["DeleteFaces"]) == (5, 5)


def test_operations_without_quota_are_free() -> None:
    """What has no bucket passes."""
    assert all(Quotas({}).take("DetectFaces", 0.0) for _ in range(1000))


def test_faults_hit_their_share_of_the_calls() -> None:
    """A rate of 0.3 hits three calls in ten, and the same seed hits the same ones."""

    def hits() -> list[bool]:
        faults = Faults(seed=7)
        faults.turn(FaultKind.ERROR, Fault(0.3), now=0.0)
        return [faults.draw(0.0).failure is FaultKind.ERROR for _ in range(2000)]

    assert sum(hits()) == pytest.approx(600, abs=60)
    assert hits() == hits()


def test_one_failure_hits_a_call_and_slowness_adds_to_it() -> None:
    """Of several failures the first in order happens; slow calls can fail as well."""
    faults = Faults(seed=1)
    for kind in FaultKind:
        faults.turn(kind, Fault(1.0, delay=3.0), now=0.0)

    blow = faults.draw(0.0)

    assert (blow.failure, blow.delay) == (FaultKind.RESET, 3.0)


def test_latency_has_the_asked_for_median_and_95th_percentile() -> None:
    """Half of the draws are under the median and 95 in 100 under the 95th percentile."""
    latency = Latency(0.15, 0.4, seed=3)
    draws = sorted(latency.draw() for _ in range(20_000))

    assert draws[10_000] == pytest.approx(0.15, rel=0.03)
    assert draws[19_000] == pytest.approx(0.4, rel=0.05)
    assert Latency(0.0, 0.0, seed=3).draw() == 0.0


def test_latency_refuses_a_percentile_below_the_median() -> None:
    """A 95th percentile under the median makes no sense."""
    with pytest.raises(ValueError, match="latency"):
        Latency(0.2, 0.1, seed=1)


def test_only_analyzed_images_cost_money() -> None:
    """A search costs a tenth of a cent, a refused one nothing, and deleting nothing."""
    assert float(price("SearchFacesByImage", analyzed=True)) == 0.001
    assert price("SearchFacesByImage", analyzed=False) == 0
    assert price("DeleteFaces", analyzed=True) == 0


@pytest.mark.parametrize(
    ("similarity", "expected"), [(0.45, 99.0), (0.40, 90.8), (0.35, 49.7), (0.30, 9.0), (1.0, 100.0), (0.0, 0.0)]
)
def test_similarities_take_rekognitions_scale(similarity: float, expected: float) -> None:
    """The local threshold is 99, and each margin below divides the odds by ten."""
    assert rekognition_similarity(similarity, _LOCAL) == pytest.approx(expected, abs=0.05)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 0.5))
def test_scale_keeps_the_order(first: float, second: float, threshold: float, margin: float) -> None:
    """Whatever the engine's policy, who is more alike stays more alike, within 0 and 100."""
    policy = MatchPolicy(threshold, margin)
    low, high = (rekognition_similarity(value, policy) for value in sorted((first, second)))

    assert 0 <= low <= high <= 100


@given(st.integers(0, 50), st.integers(0, 7))
def test_pages_hold_everything_once(count: int, size: int) -> None:
    """Following the tokens gives every item once and in order."""
    items = list(range(count))
    seen: list[int] = []
    token: str | None = None
    while True:
        some, token = page(items, token, size)
        seen += some
        if token is None:
            break

    assert seen == items


@pytest.mark.parametrize("token", ["x", "ZnJvbTo5OQ==", "ZnJvbTp4", "dG86MQ=="])
def test_tokens_of_others_are_refused(token: str) -> None:
    """A token that does not decode, or points beyond the end, is refused."""
    with pytest.raises(ApiProblem, match="token"):
        page([1, 2, 3], token, 2)


def _face(**scores: float) -> FoundFace:
    quality = {"size": 1.0, "frontality": 1.0, "sharpness": 1.0, "brightness": 1.0}
    confidence = scores.pop("confidence", 1.0)
    return FoundFace(Box(0.2, 0.2, 0.5, 0.5), confidence, FaceQuality(**(quality | scores)))


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        ({"frontality": 0.1}, "EXTREME_POSE"),
        ({"brightness": 0.1}, "LOW_BRIGHTNESS"),
        ({"sharpness": 0.1}, "LOW_SHARPNESS"),
        ({"confidence": 0.1}, "LOW_CONFIDENCE"),
    ],
)
def test_quality_filter_names_each_shortcoming(scores: dict[str, float], reason: str) -> None:
    """Each score under the bar has its reason; without filter nothing is dropped."""
    face = _face(**scores)

    assert shortcomings(face, "AUTO", 640, 480) == [reason]
    assert shortcomings(face, "NONE", 640, 480) == []


def test_least_face_grows_with_the_image() -> None:
    """A face of 50 pixels passes in full HD and is too small in an image of four times its size."""
    small = FoundFace(Box(0.1, 0.1, 50 / 1920, 50 / 1080), 1.0, FaceQuality(1, 1, 1, 1))
    large = FoundFace(Box(0.1, 0.1, 50 / 3840, 50 / 2160), 1.0, FaceQuality(1, 1, 1, 1))

    assert shortcomings(small, "LOW", 1920, 1080) == []
    assert shortcomings(large, "LOW", 3840, 2160) == ["SMALL_BOUNDING_BOX"]
