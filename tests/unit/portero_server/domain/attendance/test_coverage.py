"""When cameras watched, from whatever became known of them in whatever order."""

from __future__ import annotations

import random
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.attendance.coverage import Coverage, blind_in_rooms, seen_between
from portero_server.domain.attendance.groups import Placement
from portero_server.domain.attendance.spans import TimeSpan, length, merged
from portero_server.domain.attendance.unproven import UnprovenCause, UnprovenSpan
from tests.support.attendance.minutes import at, blind, span

_HOUR = span(0, 60)
_DARK, _GAP, _NO_STREAM = UnprovenCause.DARK, UnprovenCause.GAP, UnprovenCause.NO_STREAM
_SEEN = st.lists(
    st.tuples(st.integers(-5, 55), st.integers(1, 20)).map(lambda each: span(each[0], each[0] + each[1])), max_size=6
)
_FAULTS = st.lists(
    st.builds(
        lambda start, minutes, cause: blind(start, start + minutes, cause),
        st.integers(-5, 55),
        st.integers(0, 9),
        st.sampled_from([_DARK, _GAP]),
    ),
    max_size=6,
)


@given(_SEEN, _FAULTS, st.randoms(use_true_random=False))
def test_the_order_in_which_things_become_known_does_not_matter(
    seen: list[TimeSpan], faults: list[UnprovenSpan], order: random.Random
) -> None:
    """Late frames and late faults, one by one and twice, come to the same coverage as all at once."""
    facts = [(each, None) for each in seen] + [(None, each) for each in faults]
    facts = order.sample([*facts, *facts], 2 * len(facts))
    late = Coverage()
    for progress, fault in facts:
        late = late.with_more([progress] if progress else [], [fault] if fault else [])
    assert late == Coverage().with_more(seen, faults)
    assert late.watched == Coverage().with_more(seen, faults).watched


@given(_SEEN, _FAULTS)
def test_every_moment_was_watched_or_has_a_cause(seen: list[TimeSpan], faults: list[UnprovenSpan]) -> None:
    """One or the other, and a fault outranks the frames of its time."""
    coverage = Coverage().with_more(seen, faults)
    holes = coverage.blind_in(_HOUR)
    assert length(TimeSpan(each.start, each.end) for each in holes) + length(
        part for each in coverage.watched if (part := each.within(_HOUR)) is not None
    ) == timedelta(hours=1)
    for minute in range(60):
        moment = at(minute)
        watched = any(each.start <= moment < each.end for each in seen)
        faulty = {cause for each in faults if each.start <= moment < each.end for cause in each.causes}
        causes = [set(each.causes) for each in holes if each.start <= moment < each.end]
        assert coverage.watched_at(moment) is (watched and not faulty)
        assert causes == ([] if watched and not faulty else [faulty or {_NO_STREAM}])


def test_nothing_known_is_not_watching() -> None:
    """A camera that nobody heard of had no stream."""
    assert Coverage().blind_in(_HOUR) == (blind(0, 60, _NO_STREAM),)


def test_frames_that_follow_each_other_leave_nothing_unwatched() -> None:
    """A pause of up to two seconds is none; a longer one is, and one frame alone shows no time at all."""
    second = 1 / 60
    times = [at(0), at(second), at(3 * second), at(6 * second), at(7 * second), at(30)]
    assert seen_between(reversed(times)) == (span(0, 3 * second), span(6 * second, 7 * second))
    assert seen_between([at(0)]) == ()


def test_a_short_fault_is_none_until_others_join_it() -> None:
    """Two faults of two seconds each are one of four."""
    second = 1 / 60
    coverage = Coverage().with_more([_HOUR], [blind(10, 10 + 2 * second)])
    assert coverage.blind_in(_HOUR) == ()
    coverage = coverage.with_more(faults=[blind(10 + 2 * second, 10 + 4 * second)])
    assert coverage.blind_in(_HOUR) == (blind(10, 10 + 4 * second, _GAP),)


def test_a_day_is_compact() -> None:
    """Eight hours of frames with three gaps are a span and three faults, whatever the number of commits."""
    minutes = [span(each, each + 1) for each in range(480)]
    random.Random(1).shuffle(minutes)
    coverage = Coverage().with_more(minutes, [blind(each, each + 2) for each in (60, 120, 180)])
    assert (len(coverage.seen), len(coverage.faults), len(coverage.watched)) == (1, 3, 4)


def test_a_room_is_watched_by_any_of_its_cameras() -> None:
    """Where none of them watched, the causes of all of them are named."""
    coverages = {
        "one": Coverage().with_more([span(0, 40)]),
        "two": Coverage().with_more([span(0, 60)], [blind(30, 50, _DARK)]),
    }
    placements = [Placement("one", "room"), Placement("two", "room")]
    assert blind_in_rooms(["room"], placements, coverages, _HOUR) == (blind(40, 50, _DARK, _NO_STREAM),)


def test_several_rooms_are_watched_while_each_of_them_is() -> None:
    """Somebody may have been in the one that was not."""
    coverages = {"one": Coverage().with_more([span(0, 40)]), "two": Coverage().with_more([span(20, 60)])}
    placements = [Placement("one", "room"), Placement("two", "annex")]
    assert blind_in_rooms(["room", "annex"], placements, coverages, _HOUR) == (
        blind(0, 20, _NO_STREAM),
        blind(40, 60, _NO_STREAM),
    )


def test_a_camera_counts_while_it_is_in_the_room() -> None:
    """Before and after that there is none."""
    coverages = {"one": Coverage().with_more([_HOUR])}
    placements = [Placement("one", "room", at(10), at(50))]
    assert blind_in_rooms(["room"], placements, coverages, _HOUR) == (
        blind(0, 10, UnprovenCause.NO_CAMERA),
        blind(50, 60, UnprovenCause.NO_CAMERA),
    )


def test_a_long_past_costs_little() -> None:
    """What is asked of one hour looks at the spans of that hour only, out of a year's."""
    year = merged(span(60 * hour, 60 * hour + 59) for hour in range(24 * 365))
    coverage = Coverage(year)
    hour = span(60 * 5000, 60 * 5000 + 60)
    assert coverage.watched_in(hour) == (span(60 * 5000, 60 * 5000 + 59),)
    assert coverage.blind_in(hour) == (blind(60 * 5000 + 59, 60 * 5000 + 60, _NO_STREAM),)
