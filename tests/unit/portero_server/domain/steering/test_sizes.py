"""The size of pictures that bridges are asked for."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.steering.policy import SteeringPolicy
from portero_server.domain.steering.sizes import SizePlan

_POLICY = SteeringPolicy(visits=3)


def _wanted(plan: SizePlan) -> int | None:
    return plan.wanted


def _visits(plan: SizePlan, widths: list[float], side: int, now: float) -> float:
    """Shows faces of these widths, one a visit, a minute apart."""
    for width in widths:
        now += 60.0
        plan.saw(side, [width], now)
    return now


def test_needlessly_large_faces_shrink_the_pictures() -> None:
    """When the smallest face of the last visits was twice as wide as needed, it is asked for at the needed width."""
    plan = SizePlan(_POLICY)
    now = _visits(plan, [800.0, 480.0], 1920, 0.0)
    assert _wanted(plan) is None
    _visits(plan, [600.0], 1920, now)
    # 480 of 1920 pixels are 160 of 640.
    assert _wanted(plan) == 640


def test_one_small_face_keeps_the_size() -> None:
    """Whoever stands in the back counts, in whichever visit and frame they were seen."""
    plan = SizePlan(_POLICY)
    plan.saw(1920, [800.0, 90.0], 1.0)
    plan.saw(1920, [800.0], 2.0)
    now = _visits(plan, [800.0, 800.0], 1920, 2.0)
    assert _wanted(plan) is None
    _visits(plan, [800.0], 1920, now)
    assert _wanted(plan) == 640


def test_a_long_visit_is_one() -> None:
    """A face that stays is seen in many frames and counts once."""
    plan = SizePlan(_POLICY)
    for second in range(100):
        plan.saw(1920, [800.0], float(second))
    assert _wanted(plan) is None


def test_a_face_that_got_too_small_brings_the_full_size_back() -> None:
    """In small pictures, a face well below the width that serves recognition lifts the limit at once."""
    plan = SizePlan(_POLICY)
    now = _visits(plan, [480.0] * 3, 1920, 0.0)
    now = _visits(plan, [150.0], 640, now)
    assert _wanted(plan) == 640
    now = _visits(plan, [110.0], 640, now)
    assert _wanted(plan) is None
    _visits(plan, [480.0], 1920, now)
    assert _wanted(plan) is None


def test_small_pictures_do_not_stay_for_ever() -> None:
    """The full size is tried again after a time, since small pictures hide small faces."""
    plan = SizePlan(_POLICY)
    now = _visits(plan, [480.0] * 3, 1920, 0.0)
    plan.decide(now + _POLICY.size_lasts - 1)
    assert _wanted(plan) == 640
    plan.decide(now + _POLICY.size_lasts)
    assert _wanted(plan) is None


def test_a_size_that_saves_little_is_not_asked_for() -> None:
    """Pictures near the floor stay as they are: encoding them again would cost more than it saves."""
    plan = SizePlan(_POLICY)
    _visits(plan, [600.0] * 5, 700, 0.0)
    assert _wanted(plan) is None


_FACES = st.lists(
    st.tuples(st.floats(0.05, 600), st.integers(160, 4096), st.lists(st.floats(0.01, 1.0), min_size=1, max_size=3)),
    max_size=60,
)


@given(faces=_FACES)
def test_no_order_of_faces_shrinks_below_the_floor_or_for_longer(faces: list[tuple[float, int, list[float]]]) -> None:
    """A limit is never below the floor, is lowered only after new visits, and ends in time."""
    plan, now = SizePlan(_POLICY), 0.0
    lowered = []
    for seconds, full, shares in faces:
        now += seconds
        plan.decide(now)
        before = _wanted(plan)
        side = min(full, before or full)
        plan.saw(side, [share * side for share in shares], now)
        if (after := _wanted(plan)) is not None:
            assert after >= _POLICY.min_side
            assert before in (None, after)
            if before is None:
                assert after < side
                lowered.append(now)
    assert all(later - earlier >= 5.0 for earlier, later in pairwise(lowered))
    plan.decide(now + _POLICY.size_lasts)
    assert _wanted(plan) is None
