"""A camera is looked at as often as it is worth."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.clocks.camera_clock import FrameTime
from portero_server.domain.gate.cadence import Cadence, CadencePolicy
from tests.support.time.frame_times import time_of

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_START = time_of(_BEGIN)
_POLICY = CadencePolicy()


def _at(seconds: float) -> FrameTime:
    return time_of(_BEGIN + timedelta(seconds=seconds))


def test_the_first_frame_is_looked_at_thoroughly() -> None:
    """A camera nobody has looked at is due."""
    due = Cadence(_POLICY).when(tracks=0, undecided=0)(_START)
    assert due.look
    assert due.thorough


def test_every_frame_is_due_while_a_face_is_undecided() -> None:
    """Undecided faces are looked at in each frame."""
    cadence = Cadence(_POLICY)
    cadence.looked(_START, thorough=True, found=1)
    assert cadence.when(tracks=1, undecided=1)(_at(0.01)).look


def test_decided_faces_are_looked_at_now_and_then() -> None:
    """With all faces decided the next look waits for the slower cadence."""
    cadence = Cadence(_POLICY)
    cadence.looked(_START, thorough=True, found=1)
    assert not cadence.when(tracks=1, undecided=0)(_at(_POLICY.decided * 0.9)).look
    assert cadence.when(tracks=1, undecided=0)(_at(_POLICY.decided)).look


@given(st.sampled_from([5, 10, 15, 20]), st.floats(0, 1e6), st.floats(0.0, 0.005))
def test_a_steady_camera_is_looked_at_at_even_intervals(rate: int, begin: float, jitter: float) -> None:
    """Frames that fall on the pause, but for rounding and jitter, are due: no look waits for one frame more."""
    cadence = Cadence(_POLICY)
    looks: list[int] = []
    for number in range(60):
        at = _at(begin + number / rate - (jitter if number % 3 else 0.0))
        if cadence.when(tracks=1, undecided=0)(at).look:
            cadence.looked(at, thorough=True, found=1)
            looks.append(number)
    assert {later - earlier for earlier, later in pairwise(looks)} == {round(_POLICY.decided * rate)}


def test_motion_without_faces_backs_off_to_a_bound() -> None:
    """A tree in the wind is looked at less and less often, but never less than the bound."""
    cadence = Cadence(_POLICY)
    now, looks = 0.0, 0
    for _ in range(1000):
        now += 0.01
        if cadence.when(tracks=0, undecided=0)(_at(now)).look:
            cadence.looked(_at(now), thorough=False, found=0)
            looks += 1
    assert 10 / _POLICY.empty <= looks <= 10 / (0.95 * _POLICY.empty) + 6


def test_a_clock_set_back_does_not_blind_the_camera() -> None:
    """The first frame after a clock was set back is due."""
    cadence = Cadence(_POLICY)
    cadence.looked(_at(3600), thorough=True, found=1)
    due = cadence.when(tracks=1, undecided=0)(_START._replace(span=1))
    assert due.look
    assert due.thorough


def test_a_clock_that_stands_still_does_not_blind_the_camera() -> None:
    """Where capture times do not move, looks are due by the time of arrival."""
    cadence = Cadence(_POLICY)
    cadence.looked(_START, thorough=True, found=1)
    when = cadence.when(tracks=1, undecided=0)
    assert not when(_START._replace(arrived=_POLICY.decided * 0.9)).look
    assert when(_START._replace(arrived=_POLICY.decided)).look
    assert when(_START._replace(arrived=_POLICY.thorough)).thorough
