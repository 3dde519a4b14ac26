"""At which scale a picture is searched."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.detection.detections import DetectPolicy
from portero_server.vision.detect.finder import FinderTraits
from portero_server.vision.detect.scaling import large_face_scale, least_face, look_scale

TRAITS = st.builds(
    FinderTraits,
    name=st.just("any"),
    model=st.just("any"),
    color=st.booleans(),
    least_face=st.integers(8, 100),
    most_face=st.none() | st.integers(250, 500),
    quick_face=st.integers(20, 200),
    most_pixels=st.integers(10_000, 10_000_000),
    min_confidence=st.just(0.5),
    coarse_landmarks=st.just(False),
)
POLICIES = st.builds(
    DetectPolicy,
    min_face=st.integers(20, 1000),
    quick_face=st.none() | st.integers(20, 1000),
    most_pixels=st.none() | st.integers(10_000, 10_000_000),
)
PIXELS = st.integers(1, 12_000_000)


@given(POLICIES, TRAITS, PIXELS, st.booleans())
def test_no_search_takes_more_pixels_than_allowed(
    policy: DetectPolicy, traits: FinderTraits, pixels: int, thorough: bool
) -> None:
    """Whatever is asked for, the cost of a look is bounded."""
    scale = look_scale(policy, traits, pixels, thorough=thorough)
    assert 0.0 < pixels * scale * scale <= (policy.most_pixels or traits.most_pixels) * 1.0001


@given(POLICIES, TRAITS, PIXELS)
def test_a_quick_look_is_never_finer_than_a_thorough_one(
    policy: DetectPolicy, traits: FinderTraits, pixels: int
) -> None:
    """What a quick look finds, a thorough one finds."""
    quick, thorough = (look_scale(policy, traits, pixels, thorough=each) for each in (False, True))
    assert quick <= thorough


@given(POLICIES, TRAITS, st.integers(80, 4096), st.integers(80, 2929))
def test_no_face_is_too_large(policy: DetectPolicy, traits: FinderTraits, width: int, height: int) -> None:
    """The widest face that fits into a frame is one that the finder finds whole, in the first search or a second."""
    scale = look_scale(policy, traits, width * height, thorough=True)
    coarse = large_face_scale(traits, scale, width, height)
    if traits.most_face is not None:
        assert min(width, height) * (coarse or scale) <= traits.most_face
    assert coarse is None or coarse < scale


@given(POLICIES, TRAITS, st.integers(80, 4096), st.integers(80, 2929))
def test_the_least_face_is_that_of_the_policy_unless_pixels_run_out(
    policy: DetectPolicy, traits: FinderTraits, width: int, height: int
) -> None:
    """The size of a frame changes nothing about the least face, until a search of it would cost too much."""
    least = least_face(policy, traits, width, height)
    needed = width * height * (traits.least_face / policy.min_face) ** 2
    if needed <= (policy.most_pixels or traits.most_pixels):
        assert abs(least - policy.min_face) < 1e-6 * policy.min_face
    else:
        assert least > policy.min_face
