"""What is wrong with a camera's clock is found out, and what is not wrong is not told."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portero_server.domain.clocks.camera_clock import ClockPolicy, FrameClock
from portero_server.domain.clocks.clock_watch import ClockState, ClockWatch

_POLICY = ClockPolicy()
_BEGAN = 1_000_000.0


class _Camera:
    """A camera at a frame a second whose clock shows what it is told; frames take up to 80 ms to arrive."""

    def __init__(self, *, lossless: bool = False, bridge_skew: float | None = None) -> None:
        self.watch = ClockWatch(_POLICY, lossless=lossless, bridge_skew=bridge_skew)
        self.clock = FrameClock(_POLICY, lossless=lossless)
        self._chance = random.Random(1)
        self.changes: list[ClockState] = []

    def show(self, clock: Callable[[float], float], seconds: Iterable[float], late: float = 0.0) -> ClockWatch:
        for second in seconds:
            received = second + late + self._chance.uniform(0.01, 0.08)
            self.take(clock(second), received)
        return self.watch

    def take(self, captured: float, received: float) -> None:
        self.clock.date(_BEGAN + captured, received)
        if self.watch.took(self.clock, captured - received, received):
            self.changes.append(self.watch.state)


def test_a_sound_clock_is_steady() -> None:
    """Delay that comes and goes is no fault."""
    camera = _Camera()
    watch = camera.show(lambda second: second, range(900))
    assert camera.changes == []
    assert watch.skew == pytest.approx(-0.01, abs=0.02)


@pytest.mark.parametrize("zone", [3 * 3600.0, -3 * 3600.0])
def test_a_clock_of_another_zone_is_told(zone: float) -> None:
    """It is skewed, once and for as long as it lasts, and by how much is said."""
    camera = _Camera()
    watch = camera.show(lambda second: second + zone, range(600))
    assert camera.changes == [ClockState.SKEWED]
    assert watch.skew == pytest.approx(zone, abs=0.1)


def test_old_frames_of_a_lossless_bridge_are_not_taken_for_a_slow_clock() -> None:
    """An hour late, they tell nothing of a bridge that says what time it has, or nothing."""
    for bridge_skew in (0.0, None):
        camera = _Camera(lossless=True, bridge_skew=bridge_skew)
        for second in range(3600):
            camera.take(float(second), 3600.0 + second / 20)
        assert camera.changes == []


def test_a_hole_in_the_spool_is_no_jump() -> None:
    """Images an hour apart that come together were taken an hour apart."""
    camera = _Camera(lossless=True, bridge_skew=0.0)
    for number, second in enumerate((0, 1, 2, 3600, 3601)):
        camera.take(float(second), 4000.0 + number / 50)
    assert camera.changes == []


@pytest.mark.parametrize(
    ("by", "state"), [(-12.0, ClockState.SET_BACK), (-2.0, ClockState.SET_BACK), (60.0, ClockState.JUMPED_AHEAD)]
)
def test_a_clock_that_is_set_is_told_for_a_minute(by: float, state: ClockState) -> None:
    """Afterward it is as far off as it is: skewed or steady."""
    camera = _Camera(lossless=True, bridge_skew=0.0)
    watch = camera.show(lambda second: second + (by if second >= 50 else 0.0), range(200))
    assert camera.changes == [state, ClockState.SKEWED if abs(by) > _POLICY.skew_limit else ClockState.STEADY]
    assert watch.skew == pytest.approx(by, abs=0.1)


def test_a_clock_that_stands_still_and_goes_again_is_told() -> None:
    """While it stands nothing else is said; then it is behind by as much as it stood."""
    camera = _Camera()
    camera.show(lambda second: min(second, 50.0), range(100))
    assert camera.changes == [ClockState.STANDING_STILL]
    camera.show(lambda second: second - 50.0, range(100, 200))
    assert camera.changes == [ClockState.STANDING_STILL, ClockState.SKEWED]


@pytest.mark.parametrize("pace", [1.002, 0.998])
def test_a_clock_that_drifts_is_told_before_it_is_far_off(pace: float) -> None:
    """Two thousandths too fast or too slow are seen within five minutes."""
    camera = _Camera()
    camera.show(lambda second: second * pace, range(300))
    assert camera.changes == [ClockState.DRIFTING]


def test_a_bridge_that_says_its_time_is_believed_for_old_frames() -> None:
    """The skew of a lossless bridge is what it said itself, until frames show that it is further ahead."""
    camera = _Camera(lossless=True, bridge_skew=-30.0)
    camera.take(0.0, 500.0)
    assert camera.watch.skew == -30.0
    assert camera.changes == [ClockState.SKEWED]
    camera.watch.bridge_said(0.0)
    camera.take(11.0, 511.0)
    assert camera.watch.skew == 0.0
    assert camera.changes == [ClockState.SKEWED, ClockState.STEADY]


def test_a_clock_that_goes_to_and_fro_is_not_told_with_every_frame() -> None:
    """However often it is set, a fault is told every ten seconds at most."""
    camera = _Camera()
    camera.show(lambda second: second + (60.0 if int(second) % 2 else 0.0), range(300))
    assert 1 <= len(camera.changes) <= 30


_FRAMES = st.lists(
    st.tuples(
        st.sampled_from((0.05, 0.2, 1.0, 7.0, 29.0)),
        st.sampled_from((0.0, 0.05, 0.2, 1.0, 7.0, 29.0, -2.0, -0.3, 40.0)),
        st.sampled_from((None, None, None, None, 0.0, 0.4, -6.0, 9.0)),
    ),
    max_size=120,
)


@example([(1.0, 1.0, None)] * 3 + [(1.0, -2.0, None)] + [(7.0, 7.0, None)] * 12, False, None)
@given(_FRAMES, st.booleans(), st.sampled_from((None, 0.0, 3.0)))
def test_a_frame_that_tells_nothing_new_changes_nothing(
    frames: list[tuple[float, float, float | None]], lossless: bool, bridge_skew: float | None
) -> None:
    """Passing over frames of a clock that goes on as it went decides the same as judging every frame."""
    clock = FrameClock(_POLICY, lossless=lossless)
    watch, thorough = (ClockWatch(_POLICY, lossless=lossless, bridge_skew=bridge_skew) for _ in range(2))
    received = captured = 0.0
    for waited, moved, told in frames:
        received, captured = received + waited, captured + moved
        if told is not None:
            watch.bridge_said(told)
            thorough.bridge_said(told)
        clock.date(_BEGAN + captured, received)
        thorough._quiet_until = 0.0
        changed = watch.took(clock, captured - received, received)
        assert changed == thorough.took(clock, captured - received, received)
        assert (watch.state, watch.skew) == (thorough.state, thorough.skew)
