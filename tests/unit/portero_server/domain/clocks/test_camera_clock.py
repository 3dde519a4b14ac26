"""Frames of a stream are dated so that no fault of a camera's clock keeps anybody before the camera."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.clocks.camera_clock import ClockPolicy, FrameClock, FrameTime
from portero_server.domain.detection.detections import FaceQuality, FoundFace
from portero_server.domain.detection.geometry import Box
from portero_server.domain.tracking.policy import TrackPolicy
from portero_server.domain.tracking.tracks import Tracker

_POLICY = ClockPolicy()
_START = datetime(2026, 3, 2, tzinfo=UTC)
_FACE = FoundFace(Box(0.4, 0.3, 0.1, 0.1), 0.9, FaceQuality(1.0, 1.0, 1.0, 1.0))
_TRACKS = TrackPolicy()

_steps = st.one_of(
    st.floats(-100_000, 100_000),
    st.floats(-1, 1),
    st.sampled_from([0.0, 1e-6, 0.001, 0.019, 0.02, 0.2, -0.4, -0.5, -0.51, -12.0, 60.0, -60.0, 86_400.0, -3600.0]),
)


def _times(*frames: tuple[float, float], lossless: bool = True) -> list[FrameTime]:
    """Dates frames given as (capture time, arrival)."""
    clock = FrameClock(_POLICY, lossless=lossless)
    return [clock.date(captured, received) for captured, received in frames]


def test_a_sound_clock_is_believed() -> None:
    """The time between two frames is that between their captures, however they arrive."""
    in_time = _times((0.0, 10.0), (0.2, 10.4), (0.4, 10.4))
    late = _times((0.0, 10.0), (0.2, 70.0), (0.4, 70.01))
    for frames in (in_time, late):
        assert frames[2].since(frames[0]) == 0.4


def test_a_clock_that_was_set_back_begins_anew() -> None:
    """More than the tolerance back, and no time between frames before and after is known; within it, none passed."""
    before, swapped, after, later = _times((10.0, 0.0), (9.6, 0.2), (9.49, 0.4), (9.7, 0.6))
    assert swapped.captured == before.captured
    assert after.since(before) == math.inf
    assert later.since(after) == 9.7 - 9.49


def test_small_steps_back_do_not_add_up_unseen() -> None:
    """The tolerance is measured from the latest capture time of all, not from the one before."""
    frames = _times(*((-0.4 * n, 0.2 * n) for n in range(4)))
    assert frames[-1].since(frames[0]) == math.inf


def test_a_clock_that_stands_still_is_replaced_by_the_arrivals() -> None:
    """Of capture times that do not move nothing is believed, from the first such frame on."""
    frames = _times((5.0, 0.0), (5.0, 0.2), (5.0, 30.2))
    assert frames[2].since(frames[0]) == 30.2


def test_a_clock_that_creeps_is_found_out_by_a_few_frames() -> None:
    """At a two-hundredth of its pace it is replaced within two seconds, and what was not counted before is then."""
    clock = FrameClock(_POLICY, lossless=True)
    first = clock.date(0.0, 0.0)
    for number in range(1, 11):
        last = clock.date(number / 1000, number / 5)
    assert clock.stands
    assert math.isclose(last.since(first), 2.0, abs_tol=0.05)
    for number in range(11, 16):
        clock.date(number / 5, number / 5)
    assert not clock.stands


def test_a_live_bridge_has_no_frames_that_are_half_a_minute_old() -> None:
    """What seems to have waited so long was taken by a clock that was set back; a lossless bridge may bring it late."""
    for lossless, seconds in ((False, 30.0), (True, 0.2)):
        before, after = _times((0.0, 0.0), (0.2, 30.0), lossless=lossless)
        assert after.since(before) == seconds


def test_a_stream_that_goes_on_is_compared_with_where_it_came_to() -> None:
    """A first frame from before that, or a clock that is known to have been set, is a new beginning."""
    sound = FrameClock(_POLICY, lossless=True, latest=100.0).date(100.2, 0.0)
    back = FrameClock(_POLICY, lossless=True, latest=100.0).date(88.0, 0.0)
    told = FrameClock(_POLICY, lossless=True, latest=100.0, was_set=True).date(100.2, 0.0)
    assert [each.span for each in (sound, back, told)] == [0, 1, 1]


@given(st.lists(st.tuples(_steps, st.floats(0.0, 100.0)), min_size=1, max_size=60), st.booleans())
def test_time_never_goes_back(steps: list[tuple[float, float]], lossless: bool) -> None:
    """Whatever the capture times, nothing was seen after now."""
    clock = FrameClock(_POLICY, lossless=lossless)
    captured = received = 0.0
    times: list[FrameTime] = []
    for moved, waited in steps:
        captured, received = captured + moved, received + waited
        times.append(clock.date(captured, received))
    for earlier, later in pairwise(times):
        assert later.since(earlier) >= 0.0
        assert later.passed >= earlier.passed


@given(
    st.lists(st.tuples(_steps, st.floats(0.05, 1.0), st.booleans()), min_size=80, max_size=160),
    st.lists(st.tuples(_steps, st.floats(0.05, 1.0)), max_size=10),
    st.booleans(),
)
def test_every_track_ends_soon_by_the_servers_clock(
    after: list[tuple[float, float, bool]], before: list[tuple[float, float]], lossless: bool
) -> None:
    """A face that is not seen any more is lost within 30 s of arrivals, whatever the capture times say."""
    clock, tracker = FrameClock(_POLICY, lossless=lossless), Tracker("door.e1", _TRACKS)
    captured = received = 0.0
    sequence = 0
    for moved, waited in before:
        sequence, captured, received = sequence + 1, captured + moved, received + waited
        time = clock.date(captured, received)
        tracker.observe(sequence, _START + timedelta(seconds=captured), received, time, [_FACE])
    for track in tracker.tracks[:-1]:
        tracker.leave(track)
    gone = received
    open_since = {track.track_id for track in tracker.tracks}
    for moved, waited, looked in after:
        sequence, captured, received = sequence + 1, captured + moved, received + waited
        moment, time = _START + timedelta(seconds=captured), clock.date(captured, received)
        lost = (
            tracker.observe(sequence, moment, received, time, []).lost
            if looked or sequence == len(before) + 1
            else tracker.still(sequence, moment, time)
        )
        for track in lost:
            open_since.discard(track.track_id)
            assert track.first_seen <= track.last_seen
            tracker.leave(track)
        assert not open_since or received - gone <= 30.0


@given(st.lists(st.tuples(st.floats(0.02, 9.0), st.floats(0.0, 0.5)), min_size=1, max_size=60))
def test_a_burst_of_spooled_frames_is_dated_by_its_captures(frames: list[tuple[float, float]]) -> None:
    """Frames that come faster than they were taken are as far apart as their capture times say."""
    captured = received = 0.0
    clock = FrameClock(_POLICY, lossless=True)
    first = clock.date(captured, received)
    for moved, share in frames:
        captured, received = captured + moved, received + moved * share
        assert math.isclose(clock.date(captured, received).since(first), captured, abs_tol=1e-6)


@given(st.lists(st.tuples(_steps, st.floats(0.0, 40.0) | st.sampled_from([0.0, 0.2])), max_size=60), st.booleans())
def test_the_usual_case_of_a_steady_clock_gives_what_the_rule_gives(
    steps: list[tuple[float, float]], lossless: bool
) -> None:
    """Time is counted as if every frame were suspected of being late."""

    class _Suspicious(FrameClock):
        """Has always waited for a moment that is too short to matter, so that no frame is the usual case."""

        def date(self, captured: float, received: float) -> FrameTime:
            self._unexplained = self._unexplained or 1e-12
            return super().date(captured, received)

    clock, rule = FrameClock(_POLICY, lossless=lossless), _Suspicious(_POLICY, lossless=lossless)
    captured = received = 0.0
    for moved, waited in steps:
        captured, received = captured + moved, received + waited
        shown, expected = clock.date(captured, received), rule.date(captured, received)
        assert (shown.span, shown.captured, shown.passed) == (expected.span, expected.captured, expected.passed)
        assert math.isclose(shown.arrived, expected.arrived, abs_tol=1e-6)
        assert clock.stands == rule.stands
