"""Notes on frames: what they show once they are settled, and no more."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.attendance.coverage import seen_between
from portero_server.domain.attendance.frame_notes import FrameNotes, SettledLook, WatchHole
from portero_server.domain.attendance.spans import TimeSpan, merged
from tests.support.attendance.views import COVERED, DARK
from tests.support.store.commits import at


def _span(first: float, last: float) -> TimeSpan:
    return TimeSpan(at(first), at(last))


def test_only_settled_frames_count() -> None:
    """Nothing is told beyond the durable sequence, and nothing twice."""
    notes = FrameNotes()
    for sequence in range(1, 11):
        notes.note(sequence, at(sequence), searched=True)
    assert notes.settled(0) == ([], [], [])
    seen, _, _ = notes.settled(5)
    assert merged(seen) == (_span(1, 5),)
    seen, _, _ = notes.settled(10)
    assert merged(seen) == (_span(5, 10),)
    assert notes.settled(10) == ([], [], [])


def test_a_hole_says_what_is_missing() -> None:
    """Frames that never came are named by number; where none is missing, none was taken."""
    notes = FrameNotes()
    notes.note(1, at(0), searched=True)
    notes.note(5, at(10), searched=True)
    notes.note(6, at(20), searched=True)
    _, holes, _ = notes.settled(6)
    assert holes == [WatchHole(_span(0, 10), 2, 4, False), WatchHole(_span(10, 20), None, None, False)]


def test_a_few_missing_frames_leave_no_hole() -> None:
    """Frames that are near enough in time watched together, whatever was dropped between them."""
    notes = FrameNotes()
    notes.note(1, at(0), searched=True)
    notes.note(9, at(1), searched=True)
    assert notes.settled(9) == ([_span(0, 1)], [], [])


def test_frames_that_were_not_searched_show_nothing() -> None:
    """A time in which all frames were passed over is a hole, and says so."""
    notes = FrameNotes()
    for sequence in range(1, 11):
        notes.note(sequence, at(sequence), searched=sequence in (1, 10))
    assert notes.settled(10) == ([], [WatchHole(_span(1, 10), None, None, True)], [])


def test_a_clock_that_is_set_back_shows_nothing_between() -> None:
    """What was taken before goes on from its new time."""
    notes = FrameNotes()
    for sequence, second in enumerate((100, 101, 50, 51), start=1):
        notes.note(sequence, at(second), searched=True)
    seen, holes, _ = notes.settled(4)
    assert (seen, holes) == ([_span(100, 101), _span(50, 51)], [])


def test_cleared_notes_are_not_told() -> None:
    """Only what is noted afterwards counts, from the last frame on."""
    notes = FrameNotes()
    for sequence in (1, 2, 3):
        notes.note(sequence, at(sequence), searched=True)
    notes.clear()
    notes.note(4, at(4), searched=True)
    assert merged(notes.settled(4)[0]) == (_span(3, 4),)


def test_a_long_time_without_interruption_is_few_notes() -> None:
    """An hour at ten frames a second keeps two notes a pause."""
    notes = FrameNotes()
    for number in range(36_000):
        notes.note(number + 1, at(number / 10), searched=True)
    seen, _, _ = notes.settled(36_000)
    assert len(seen) <= 3600
    assert merged(seen) == (_span(0, 3599.9),)


def test_a_look_at_the_view_holds_until_the_next_one() -> None:
    """Each is told once, when the next one is settled; where none follows, it holds for two pauses."""
    notes = FrameNotes()
    for sequence, (second, glimpse) in enumerate(((0, DARK), (0.5, None), (1, COVERED), (2, None), (9, DARK)), start=1):
        notes.note(sequence, at(second), searched=True, glimpse=glimpse)
    assert notes.settled(2).looks == []
    assert notes.settled(4).looks == [SettledLook(_span(0, 1), DARK)]
    assert notes.settled(5).looks == [SettledLook(_span(1, 5), COVERED)]
    notes.note(6, at(3), searched=True, glimpse=COVERED)
    assert notes.settled(6).looks == []


def test_a_frame_that_was_not_searched_shows_its_view() -> None:
    """A camera that sends too fast is covered all the same."""
    notes = FrameNotes()
    for sequence in (1, 2):
        notes.note(sequence, at(sequence), searched=False, glimpse=COVERED)
    assert notes.settled(2).looks == [SettledLook(_span(1, 2), COVERED)]


def test_frames_whose_view_is_let_go_show_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a stream that is never settled the oldest looks are let go, and the frames with them."""
    monkeypatch.setattr("portero_server.domain.attendance.frame_notes._MOST_GLIMPSES", 10)
    notes = FrameNotes()
    for sequence in range(1, 31):
        notes.note(sequence, at(sequence), searched=True, glimpse=DARK)
    seen, _, looks = notes.settled(30)
    assert merged(seen)[0].start >= at(20)
    assert looks[0].span.start == at(21)


@given(st.lists(st.floats(0, 5), min_size=1, max_size=40), st.lists(st.integers(0, 40), max_size=5))
def test_whenever_it_is_asked_the_same_time_was_watched(steps: list[float], asked: list[int]) -> None:
    """Settled in any portions, the spans are those of all frames at once."""
    times: list[datetime] = []
    for step in steps:
        times.append((times[-1] if times else at(0)) + timedelta(seconds=step))
    notes = FrameNotes()
    seen: list[TimeSpan] = []
    for sequence, taken_at in enumerate(times, start=1):
        notes.note(sequence, taken_at, searched=True)
        if sequence in asked:
            seen += notes.settled(sequence)[0]
    seen += notes.settled(len(times))[0]
    assert merged(seen) == seen_between(times)
