"""A camera is in the dark, covered, or points elsewhere: which looks say so, from when until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.attendance.known_view import KnownView, ViewWatch
from portero_server.domain.attendance.spans import TimeSpan, merged
from portero_server.domain.attendance.unproven import UnprovenCause, UnprovenSpan
from portero_server.domain.detection.glimpse import Glimpse, ViewState
from tests.support.attendance.views import COVERED, DARK, PLAIN, PlacedViews, looks, view
from tests.support.store.commits import at

HOME, NEAR, BETWEEN, AWAY = view(0.0), view(0.5), view(0.7), view(1.0)
UNSEEN = replace(HOME, edges=b"")
LEARNED = KnownView(at(-3600), b"0.0", learned=True)


def _watch(*views: KnownView) -> ViewWatch:
    return ViewWatch(PlacedViews(), {each.starts_at: each for each in views})


def _spans(found: list[UnprovenSpan], cause: UnprovenCause) -> tuple[TimeSpan, ...]:
    return merged(TimeSpan(each.start, each.end) for each in found if cause in each.causes)


def _moved(watch: ViewWatch, *glimpses: Glimpse) -> list[tuple[float, float]]:
    spans = _spans(watch.blind(looks(*glimpses)), UnprovenCause.MOVED)
    return [(_second(each.start), _second(each.end)) for each in spans]


def _second(moment: datetime) -> float:
    return (moment - at(0)).total_seconds()


@pytest.mark.parametrize(
    ("says", "glimpses", "moved"),
    [
        ("the same view is never elsewhere", [HOME] * 300, []),
        ("another light and some people leave enough of it", [NEAR, BETWEEN] * 150, []),
        ("another view that lasts is told from the look before it", [HOME] * 10 + [AWAY] * 90, [(6, 100)]),
        ("one that lasts for less than a minute is nothing", [HOME] * 10 + [AWAY] * 60 + [HOME] * 10, []),
        ("a minute in which the view came back once is nothing", [AWAY] * 40 + [HOME] + [AWAY] * 40, []),
        ("neither is one in which it was doubtful once", [AWAY] * 40 + [BETWEEN] + [AWAY] * 40, []),
        ("it ends when the view is back", [AWAY] * 100 + [HOME] * 20, [(-4, 100)]),
        ("it goes on while the view is doubtful", [AWAY] * 100 + [BETWEEN] * 20, [(-4, 120)]),
        ("a view that was back for a moment was not back", [AWAY] * 100 + [HOME] * 4 + [AWAY] * 6, [(-4, 110)]),
        ("in the dark it is still where it was", [AWAY] * 100 + [DARK] * 30 + [HOME] * 9, [(-4, 130)]),
        ("before a white wall it is still elsewhere", [AWAY] * 100 + [PLAIN] * 20, [(-4, 120)]),
        ("in the dark nobody sees it move", [HOME] * 10 + [DARK] * 300, []),
        ("what comes after the dark is as before it", [AWAY] * 50 + [DARK] * 20 + [AWAY] * 10, [(-4, 80)]),
        ("what was not looked at changes nothing", ([AWAY] + [UNSEEN] * 3) * 25 + [HOME] + [UNSEEN] * 9, [(-4, 100)]),
        ("a view that is too plain is another one", [HOME] * 10 + [PLAIN] * 100, []),
    ],
)
def test_a_camera_points_elsewhere(says: str, glimpses: list[Glimpse], moved: list[tuple[float, float]]) -> None:
    """A view counts as another one when it lasts, from before its first look until the old one is back."""
    assert _moved(_watch(LEARNED), *glimpses) == moved, says


@pytest.mark.parametrize(
    ("says", "glimpses", "learned"),
    [
        ("after a minute", [HOME] * 61, b"0.000000"),
        ("not before", [HOME] * 60, None),
        ("from when it stays", [AWAY, NEAR] * 20 + [HOME] * 61, b"0.000000"),
        ("whoever walks by does not matter", [HOME, NEAR] * 31, b"0.000000"),
        ("neither does the dark", [HOME] * 30 + [DARK] * 30 + [HOME] * 5, b"0.000000"),
        ("a camera in the dark learns nothing", [DARK] * 200, None),
        ("nor one before a white wall", [PLAIN] * 200, None),
    ],
)
def test_a_view_is_learned(says: str, glimpses: list[Glimpse], learned: bytes | None) -> None:
    """The first view that stays for a minute is the one that the camera should have."""
    watch = _watch()
    watch.blind(looks(*glimpses))
    (known,) = watch.views.values()
    assert known.starts_at == at(0), says
    assert (known.reference if known.learned else None) == learned, says


def test_a_view_that_was_accepted_is_learned_anew() -> None:
    """What was elsewhere is in place from the moment on at which an operator says so, and not before."""
    watch = _watch(LEARNED, KnownView(at(100)))
    assert _moved(watch, *[AWAY] * 300) == [(-4, 100)]
    assert watch.views[at(100)].learned
    assert watch.changed[at(-3600)].moved


class _Uncomparable(PlacedViews):
    """Views of which too much is hidden to compare any two."""

    def agreement(self, one: bytes, other: bytes) -> float | None:
        """Returns that nobody can tell."""
        return None


def test_a_camera_that_cannot_be_compared_any_more_begins_anew() -> None:
    """Where privacy zones hide what was known of the view, a camera that had moved would never be back."""
    moved = replace(LEARNED, moved=True)
    watch = ViewWatch(_Uncomparable(), {moved.starts_at: moved})
    assert _spans(watch.blind(looks(*[HOME] * 30)), UnprovenCause.MOVED) == ()
    assert not watch.changed[moved.starts_at].moved
    still = ViewWatch(_Uncomparable(), {LEARNED.starts_at: LEARNED})
    assert still.blind(looks(*[AWAY] * 200)) == []
    assert still.changed == {}


def test_what_was_taken_before_every_known_view_is_not_compared() -> None:
    """Late frames of a time whose view is forgotten do not say where the camera pointed, but that it was covered."""
    watch = _watch(KnownView(at(1000), b"0.0", learned=True))
    found = watch.blind(looks(*[AWAY] * 100, *[COVERED] * 3))
    assert found == [
        UnprovenSpan(each.span.start, each.span.end, (UnprovenCause.COVERED,))
        for each in looks(*[COVERED] * 3, begins=100)
    ]
    assert watch.changed == {}


def test_a_pause_without_pictures_begins_the_minute_anew() -> None:
    """Two moments of another view, an hour apart, are no hour of it; one that was told before goes on."""
    watch = _watch(LEARNED)
    assert _spans(watch.blind(looks(AWAY, AWAY)), UnprovenCause.MOVED) == ()
    assert _spans(watch.blind(looks(AWAY, AWAY, begins=3600)), UnprovenCause.MOVED) == ()
    (told,) = _spans(watch.blind(looks(*[AWAY] * 60, begins=3602)), UnprovenCause.MOVED)
    assert told == TimeSpan(at(3596), at(3662))
    (later,) = _spans(watch.blind(looks(AWAY, begins=9000)), UnprovenCause.MOVED)
    assert later == TimeSpan(at(9000), at(9001))


def test_the_last_look_says_how_the_camera_is() -> None:
    """Moved outranks dark; before the first look nobody knows."""
    moved = KnownView(at(-9), b"0.0", learned=True, moved=True)
    for known, glimpse, state in (
        (LEARNED, HOME, ViewState.CLEAR),
        (LEARNED, DARK, ViewState.DARK),
        (LEARNED, COVERED, ViewState.COVERED),
        (moved, DARK, ViewState.MOVED),
        (moved, HOME, ViewState.CLEAR),
    ):
        watch = _watch(known)
        assert watch.state is ViewState.UNSPECIFIED
        watch.blind(looks(glimpse))
        assert watch.state is state


_GLIMPSES = st.lists(st.sampled_from([HOME, NEAR, BETWEEN, AWAY, DARK, COVERED]), max_size=200)


@given(_GLIMPSES, st.lists(st.integers(0, 200), max_size=5))
def test_portions_do_not_matter(glimpses: list[Glimpse], cuts: list[int]) -> None:
    """However the looks are portioned into rounds, with the views stored between them, the same is blind."""
    whole = _watch(LEARNED)
    expected = whole.blind(looks(*glimpses))
    known, found = {LEARNED.starts_at: LEARNED}, []
    bounds = [0, *sorted(cut for cut in cuts if cut < len(glimpses)), len(glimpses)]
    for first, last in pairwise(bounds):
        watch = ViewWatch(PlacedViews(), dict(known))
        found += watch.blind(looks(*glimpses[first:last], begins=first))
        known |= watch.changed
    for cause in (UnprovenCause.DARK, UnprovenCause.COVERED, UnprovenCause.MOVED):
        assert _spans(found, cause) == _spans(expected, cause)
    assert known == whole.views


@given(st.lists(st.tuples(st.integers(0, 58), st.integers(1, 10)), max_size=12))
def test_who_comes_and_goes_is_never_blind(crowds: list[tuple[int, int]]) -> None:
    """People who hide nearly all of a view, each time for less than a minute, leave it watched."""
    glimpses = [glimpse for hidden, free in crowds for glimpse in [AWAY] * hidden + [HOME] * free]
    assert _watch(LEARNED).blind(looks(*glimpses)) == []


@given(st.integers(0, 30), st.integers(1, 200), st.sampled_from([DARK, COVERED]))
def test_a_covered_lens_is_blind_for_just_that_time(before: int, covered: int, glimpse: Glimpse) -> None:
    """From its first look to the first one after it."""
    found = _watch(LEARNED).blind(looks(*[HOME] * before, *[glimpse] * covered, HOME, HOME))
    assert merged(TimeSpan(each.start, each.end) for each in found) == (TimeSpan(at(before), at(before + covered)),)
