"""Which damaged frames are passed over."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.gate.damage import DamageWatch


@given(st.lists(st.booleans(), max_size=200))
def test_only_damaged_frames_are_passed_over(frames: list[bool]) -> None:
    """A sound frame is never passed over, whatever came before it."""
    watch = DamageWatch()
    assert not any(watch.passes_over(damaged=damaged) and not damaged for damaged in frames)


def test_a_camera_with_some_damage_is_read_by_its_sound_frames() -> None:
    """With every third frame damaged, each of these is passed over for good."""
    watch = DamageWatch()
    passed_over = [watch.passes_over(damaged=number % 3 == 0) for number in range(300)]
    assert passed_over == [number % 3 == 0 for number in range(300)]


@given(st.lists(st.booleans(), max_size=100))
def test_a_camera_that_always_seems_damaged_is_read(before: list[bool]) -> None:
    """Whatever came before, seven frames are enough to see that it is the camera's way."""
    watch = DamageWatch()
    for damaged in before:
        watch.passes_over(damaged=damaged)
    for _ in range(7):
        watch.passes_over(damaged=True)
    assert not watch.passes_over(damaged=True)
