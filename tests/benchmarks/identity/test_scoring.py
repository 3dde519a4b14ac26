"""What counts as a wrong name, an exchange, a merge, a split and a missed visit: a bad and a good account of each."""

from __future__ import annotations

import pytest

from tests.benchmarks.identity.account import Account, Followed, Stored, Tell
from tests.benchmarks.identity.notation import situation
from tests.benchmarks.identity.scoring import Lenience, Score, score
from tests.benchmarks.identity.staging import Look, Staging
from tests.benchmarks.identity.truth import Place, Truth

_LOOKS = dict.fromkeys("ABCST", Look(1.0, Place(0.5, 0.5, 0.43, 0.43)))
_PLAYERS = {"A": "ana", "B": "ben", "C": "cleo", "S": "stranger", "T": "other"}
_GAP = 2.0


def _truth(who: str, camera: str = "") -> Truth:
    staging = Staging(situation("", 12.0, who, camera), _LOOKS, (640, 480), 10.0)
    return staging.truth(_PLAYERS, frozenset({"ana", "ben", "cleo"}))


def _tell(truth: Truth, track: str, time: float, on: str, name: str = "", *, closed: bool = False) -> Tell:
    """Returns what was told of a track at a time, with a box on somebody then."""
    place = truth.seen(on, truth.index(time))
    assert place is not None
    return Tell(track, time, time, place, name, closed)


def _score(truth: Truth, tells: list[Tell], stored: list[Stored], telling: float = 0.0) -> Score:
    return score(truth, Account(tells, stored=stored), Lenience(_GAP, telling))


def _sighting(name: str, first: float, last: float, *tracks: str) -> Stored:
    return Stored(name, first, last, frozenset(tracks))


_FOLLOWS = "A 1-4.5 | B 5-8.5"


def test_whoever_comes_and_bears_the_name_of_whoever_left_is_wrong_everywhere() -> None:
    """One track over both: the name is wrong while it lies on the other, stored for their time, merged and missed."""
    truth = _truth(_FOLLOWS)
    tells = [_tell(truth, "1", 1.5, "ana", "ana"), _tell(truth, "1", 8.4, "ben", "ana", closed=True)]
    found = _score(truth, tells, [_sighting("ana", 1.0, 8.4, "1")])
    assert found.wrong_live == pytest.approx(3.4, abs=0.11)
    # From a frame and half a second after the last frame with Ana.
    assert found.wrong_stored == pytest.approx(8.4 - 4.4 - 0.7, abs=0.11)
    assert (found.merged, found.missed, found.clean) == (1, ["ben 5.0-8.4 s"], False)


def test_two_tracks_with_their_own_names_are_right() -> None:
    """Each has a track and a sighting of their own: nothing is wrong, and the times to the names are told."""
    truth = _truth(_FOLLOWS)
    tells = [
        _tell(truth, "1", 1.5, "ana", "ana"),
        _tell(truth, "1", 4.4, "ana", "ana", closed=True),
        _tell(truth, "2", 5.7, "ben", "ben"),
        _tell(truth, "2", 8.4, "ben", "ben", closed=True),
    ]
    found = _score(truth, tells, [_sighting("ana", 1.0, 4.4, "1"), _sighting("ben", 5.0, 8.4, "2")])
    assert found.clean
    assert (found.split, found.missed, found.phantoms, found.visits) == (0, [], 0, 2)
    assert found.times_to_name == pytest.approx([0.5, 0.7])


def test_a_name_is_wrong_until_the_next_thing_that_is_told() -> None:
    """A track that goes over to another is right again as soon as the bridge is told that it bears no name."""
    truth = _truth("A 1-4.5 | B 4.5-9")
    tells = [
        _tell(truth, "1", 1.5, "ana", "ana"),
        _tell(truth, "1", 5.2, "ben"),
        _tell(truth, "1", 8.9, "ben", "ben", closed=True),
    ]
    assert _score(truth, tells, []).wrong_live == pytest.approx(0.7)
    assert _score(truth, tells, [], telling=0.7).wrong_live == pytest.approx(0.0)
    at_once = [tells[0], _tell(truth, "1", 4.5, "ben"), tells[2]]
    assert _score(truth, at_once, []).wrong_live == 0.0


def test_where_a_track_was_followed_counts_as_well_as_what_was_told() -> None:
    """A track whose ends lie on one person but which was on another between them had the wrong name meanwhile."""
    truth = _truth("A 1-9 | B 4-6 size .36")
    tells = [_tell(truth, "1", 1.5, "ana", "ana"), _tell(truth, "1", 8.8, "ana", "ana", closed=True)]
    between = [truth.seen("ben", index) for index in range(40, 60)]
    followed = [Followed("1", 4.0 + 0.1 * number, place) for number, place in enumerate(between) if place is not None]
    assert score(truth, Account(tells), Lenience(_GAP)).wrong_live == 0.0
    found = score(truth, Account(tells, followed), Lenience(_GAP))
    assert found.wrong_live == pytest.approx(2.0, abs=0.11)
    assert found.merged == 1


def test_two_people_who_cross_and_exchange_names_are_counted_as_a_pair() -> None:
    """Each track ends on the other person; with the names on the right boxes nothing is exchanged."""
    truth = _truth("A 1-9 at .2 .2 .8 .8 | B 1-9 at .8 .8 .2 .2 y .55")
    begun = [_tell(truth, "1", 1.5, "ana", "ana"), _tell(truth, "2", 1.5, "ben", "ben")]
    stored = [_sighting("ana", 1.0, 8.9, "1"), _sighting("ben", 1.0, 8.9, "2")]
    wrong = _score(
        truth,
        [*begun, _tell(truth, "1", 8.8, "ben", "ana", closed=True), _tell(truth, "2", 8.8, "ana", "ben", closed=True)],
        stored,
    )
    assert (wrong.exchanged, wrong.merged) == (1, 2)
    assert wrong.wrong_live > 4.0
    assert wrong.wrong_stored == 0.0
    right = _score(
        truth,
        [*begun, _tell(truth, "1", 8.8, "ana", "ana", closed=True), _tell(truth, "2", 8.8, "ben", "ben", closed=True)],
        stored,
    )
    assert right.clean
    assert right.exchanged == 0


def test_a_visit_in_two_sightings_is_split_and_two_visits_are_not() -> None:
    """What counts is the sightings beyond the true visits of the same person, strangers included."""
    for role, name in (("A", "ana"), ("S", "")):
        who = _PLAYERS[role]
        split = _truth(f"{role} 1-9")
        tells = [_tell(split, "1", 4.0, who, name, closed=True), _tell(split, "2", 8.0, who, name, closed=True)]
        stored = [_sighting(name, 1.0, 4.0, "1"), _sighting(name, 6.5, 8.9, "2")]
        assert _score(split, tells, stored).split == 1
        twice = _truth(f"{role} 1-4.5 | {role} 7-9")
        assert _score(twice, tells, stored).split == 0


def test_a_sighting_may_bridge_an_absence_within_the_visit_gap_and_no_longer_one() -> None:
    """A second away belongs to the visit; of four seconds those beyond a frame and half a second are wrong."""
    for back, wrong in ((5.5, 0.0), (8.5, 4.0 - 1.2)):
        truth = _truth(f"A 1-4.5 | A {back}-10")
        tells = [_tell(truth, "1", 2.0, "ana", "ana"), _tell(truth, "1", 9.8, "ana", "ana", closed=True)]
        found = _score(truth, tells, [_sighting("ana", 1.0, 9.9, "1")])
        assert found.wrong_stored == pytest.approx(wrong, abs=0.21)


def test_a_stranger_with_a_name_is_wrong_and_one_without_is_found() -> None:
    """A box without a name is not wrong, whoever it lies on."""
    truth = _truth("S 1-9")
    ends = 8.8
    named = [_tell(truth, "1", 1.5, "stranger", "ana"), _tell(truth, "1", ends, "stranger", "ana", closed=True)]
    wrong = _score(truth, named, [_sighting("ana", 1.0, ends, "1")])
    assert wrong.wrong_live == pytest.approx(7.3, abs=0.11)
    assert wrong.wrong_stored == pytest.approx(7.8)
    assert wrong.missed == ["stranger 1.0-8.9 s"]
    unnamed = [_tell(truth, "1", 1.5, "stranger"), _tell(truth, "1", ends, "stranger", closed=True)]
    right = _score(truth, unnamed, [_sighting("", 1.0, ends, "1")])
    assert right.clean
    assert right.missed == []


def test_a_sighting_of_nobody_is_a_phantom() -> None:
    """A box on the wall that is stored as a stranger is not a visit of anybody."""
    truth = _truth("A 1-9")
    wall = Tell("2", 5.0, 5.0, Place(0.1, 0.1, 0.1, 0.1), "", closed=True)
    assert _score(truth, [wall], [_sighting("", 4.0, 5.0, "2")]).phantoms == 1
    assert _score(truth, [_tell(truth, "1", 5.0, "ana", "ana")], [_sighting("ana", 1.0, 8.0, "1")]).phantoms == 0


def test_somebody_who_is_seen_too_briefly_is_not_missed() -> None:
    """A face that is visible for less than a second need not be found; one that is there longer must be."""
    assert _score(_truth("A 1-1.8"), [], []).missed == []
    assert _score(_truth("A 1-3"), [], []).missed == ["ana 1.0-2.9 s"]
