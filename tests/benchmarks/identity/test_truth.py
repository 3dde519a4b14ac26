"""Who is where, and whose face a box lies on."""

from __future__ import annotations

import pytest

from tests.benchmarks.identity.notation import situation
from tests.benchmarks.identity.situations import SITUATIONS
from tests.benchmarks.identity.staging import SIZES, Look, Staging
from tests.benchmarks.identity.truth import Place, Trail, Truth

_LOOK = Look(1.0, Place(0.5, 0.5, 0.43, 0.43))
_LOOKS = dict.fromkeys("ABCST", _LOOK)
_PLAYERS = {"A": "ana", "B": "ben", "C": "cleo", "S": "stranger", "T": "other"}
_ENROLLED = frozenset({"ana", "ben", "cleo"})


def _truth(who: str, camera: str = "", seconds: float = 10.0, rate: float = 10.0) -> Truth:
    return Staging(situation("", seconds, who, camera), _LOOKS, (640, 480), rate).truth(_PLAYERS, _ENROLLED)


def _visible(truth: Truth, who: str) -> list[float]:
    """Returns the times at which somebody becomes visible or stops being so."""
    seen = [truth.seen(who, index) is not None for index in range(len(truth.frames))]
    changes = [index for index, (before, now) in enumerate(zip([False, *seen], seen, strict=False)) if before != now]
    return [round(index * truth.interval, 3) for index in changes]


def test_somebody_is_seen_while_they_are_there() -> None:
    """A part begins with its first moment and ends before its last."""
    assert _visible(_truth("A 1-4.5 | B 5-8"), "ana") == [1.0, 4.5]


def test_whoever_is_covered_is_there_but_not_seen() -> None:
    """A larger face in front hides the one behind, whose visit goes on."""
    truth = _truth("A 1-9 | B 3-6 size .36")
    assert _visible(truth, "ana") == [1.0, 3.0, 6.0, 9.0]
    (visit,) = (visit for visit in truth.visits(2.0) if visit.who == "ana")
    assert visit.span == pytest.approx((1.0, 8.9))


def test_nobody_is_seen_in_the_dark_or_from_behind() -> None:
    """Lights that are off and a head that is turned away hide a face; both leave the visit one."""
    for truth in (_truth("A 1-9", "dark 4-5"), _truth("A 1-9 turns 3.8-5.2")):
        assert _visible(truth, "ana") == [1.0, 4.0, 5.0, 9.0]
        assert len(truth.visits(0.5)) == 1


def test_a_frozen_picture_shows_who_was_there_when_it_froze() -> None:
    """Whoever leaves meanwhile is in the picture until it moves again."""
    truth = _truth("A 1-5 | B 5-9", "frozen 4-6")
    assert _visible(truth, "ana") == [1.0, 6.0]
    assert _visible(truth, "ben") == [6.0, 9.0]


def test_a_camera_that_pans_moves_everybody() -> None:
    """Whoever stands still leaves the picture at its edge, and somebody else comes in at the other."""
    truth = _truth("A 1-9 | B 1-9 at 1.5", "pan 4:0 5:1")
    assert _visible(truth, "ana") == [1.0, 4.5]
    assert _visible(truth, "ben") == [4.6, 9.0]


def test_a_cut_shows_another_room() -> None:
    """Only those who came after the cut are in the other room, even if others have not left yet."""
    assert _visible(_truth("A 1-9 | B 5-9", "cut 5"), "ana") == [1.0, 5.0]


def test_an_absence_longer_than_the_visit_gap_ends_a_visit() -> None:
    """Three seconds away are two visits with a gap of two, and one with a gap of four."""
    truth = _truth("A 1-4 | A 7-9")
    assert [len(truth.visits(gap)) for gap in (2.0, 4.0)] == [2, 1]


def test_a_box_between_two_faces_tells_nothing() -> None:
    """A box is somebody's only if it lies on a face that can be seen, and clearly nearer to that than to another."""
    truth = _truth("A 1-9 at .3 | B 1-9 at .7")
    ana, ben = (truth.seen(who, 50) for who in ("ana", "ben"))
    assert ana is not None
    assert ben is not None
    assert truth.whose(ana, 50) == "ana"
    assert truth.whose(Place((ana.x + ben.x) / 2, ana.y, ana.width, ana.height), 50) is None
    assert truth.whose(Place(ana.x, ana.y, ana.width, ana.height), 0) is None


def test_a_box_may_be_as_old_as_the_look_it_comes_from() -> None:
    """Somebody who walks has left the box of the last look when the track is told of again."""
    truth = _truth("A 1-5 at -.25 1.25")
    box = truth.seen("ana", 28)
    assert box is not None
    assert truth.whose(box, 33) is None
    assert truth.lately(box, 33) == (31, "ana")


def test_a_box_on_a_covered_face_is_not_that_of_whoever_was_there_before() -> None:
    """A detector may find a face of which half is seen; that somebody else was there a moment ago says nothing."""
    truth = _truth("A 1-5 at .2 .8 | B 1-5 at .8 .2")
    covered = truth.frames[36][0]
    assert (covered.who, covered.visible) == ("ana", False)
    assert truth.whose(covered.place, 32) == "ben"
    assert truth.lately(covered.place, 36) is None


def test_a_track_that_was_on_two_people_changed_where_they_were_nearest() -> None:
    """Between a box on one person and a later box on another, it was on the first until the other was nearest."""
    replaced = Trail(_truth("A 1-4 | B 4.5-9"), [(20, "ana"), (80, "ben")])
    assert (replaced.on(39), replaced.on(42), replaced.on(45)) == ("ana", None, "ben")
    crossed = Trail(_truth("A 1-9 at .2 .8 | B 1-9 at .8 .2 y .55"), [(20, "ana"), (80, "ben")])
    assert crossed.on(30) == "ana"
    assert crossed.on(70) == "ben"
    assert crossed.people == ("ana", "ben")


def test_a_track_is_on_nobody_beyond_what_is_known_of_it() -> None:
    """Nothing is said of frames before the first box and after the last."""
    trail = Trail(_truth("A 1-9"), [(20, "ana"), (40, "ana")])
    assert [trail.on(index) for index in (19, 20, 40, 41)] == [None, "ana", "ana", None]


def test_there_are_enough_situations_and_each_shows_everybody_in_it() -> None:
    """At least thirty, of different names; everybody who is written into one is seen in it, at each size and rate."""
    assert len({each.name for each in SITUATIONS}) == len(SITUATIONS) >= 30
    for each in SITUATIONS:
        for size in SIZES:
            truth = Staging(each, _LOOKS, size, 5.0).truth(_PLAYERS, _ENROLLED)
            assert {_PLAYERS[role] for role in each.roles} == set(truth.people), each.name
            assert all(_visible(truth, who) for who in truth.people), each.name
            assert not truth.frames[0], each.name


@pytest.mark.parametrize("line", ["A", "A 4-1", "A 1-4 near .5", "A 1-4 .5"])
def test_a_line_that_says_nothing_known_is_refused(line: str) -> None:
    """A part needs a time, and only known words."""
    with pytest.raises(ValueError, match="is n"):
        situation("", 5.0, line)
