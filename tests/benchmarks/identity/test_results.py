"""Sums over films, and who plays in them."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.identity.people import Company, Player
from tests.benchmarks.identity.results import Judged, document, rows, table, targets
from tests.benchmarks.identity.scoring import Score
from tests.benchmarks.identity.staging import Look
from tests.benchmarks.identity.truth import Place

_JUDGED = [
    Judged("cross", "A=ana B=ben", "640x480", 5.0, Score(wrong_live=1.5, exchanged=1, visits=2, times_to_name=[0.4])),
    Judged("cross", "A=ben B=ana", "640x480", 5.0, Score(visits=2, times_to_name=[0.2, 0.6], calls=3)),
    Judged("stays", "A=ana", "640x480", 5.0, Score(split=1, visits=1)),
]


def test_films_are_summed_by_situation_and_altogether() -> None:
    """A row each and one for all; only films with a wrong name, an exchange or a merge are bad."""
    cross, stays, total = rows(_JUDGED)
    assert (cross.scenes, cross.not_clean, cross.visits, cross.calls) == (2, 1, 4, 3)
    assert cross.time_to_name(0.5) == 0.4
    assert (stays.not_clean, stays.split, stays.time_to_name(0.5)) == (0, 1, None)
    assert (total.scenes, total.not_clean, total.split) == (3, 1, 1)


def test_the_document_names_each_film_that_was_not_right() -> None:
    """Films that were right are in the sums only."""
    told = document(_JUDGED, seed=1)
    assert told["seed"] == 1
    assert [each["pair"] for each in told["odd"]] == ["A=ana B=ben", "A=ana"]
    assert told["total"]["split_share"] == 0.2


def test_a_wrong_name_and_many_splits_miss_their_targets() -> None:
    """Of the films together one names wrongly and one is split; a film that is right meets everything."""
    assert [target.met for target in targets(_JUDGED)] == [False, True, False, True, False]
    assert all(target.met for target in targets(_JUDGED[1:2]))


def test_the_table_has_a_line_for_each_situation() -> None:
    """Two lines of head, one for each situation, one for all."""
    lines = table(_JUDGED).splitlines()
    assert len(lines) == 5
    assert lines[2].startswith("| cross | 2 | 1 | 1.5 |")


def test_ordered_pairs_come_before_any_is_repeated() -> None:
    """Of three who are enrolled there are six pairs; nobody plays two roles."""
    look = Look(1.0, Place(0.5, 0.5, 0.4, 0.4))
    ana, ben, cleo = (Player(key, (Path("photo"),), Path("shown"), look) for key in ("ana", "ben", "cleo"))
    others = tuple(Player(key, (), Path("shown"), look) for key in ("one", "two"))
    casts = Company((ana, ben, cleo), others).casts(7, seed=1)
    pairs = [(cast["A"].key, cast["B"].key) for cast in casts]
    assert len(set(pairs[:6])) == 6
    assert pairs[6] == pairs[0]
    assert all(len({player.key for player in cast.values()}) == 5 for cast in casts)
