"""Sightings of one person at one camera that are one visit."""

from __future__ import annotations

from datetime import timedelta

from portero_server.domain.recording.sightings import Sighting
from portero_server.domain.recording.visits import extended, joined_visits
from tests.support.store.commits import BOX, at

GAP = timedelta(seconds=60)


def _sighting(sighting_id: str, first: float, last: float, similarity: float = 0.5, tracks: int = 1) -> Sighting:
    return Sighting(sighting_id, "door", "ana", "Ana", at(first), at(last), similarity, 0.25, tracks, BOX)


def test_those_within_the_gap_are_one() -> None:
    """Also where each is near the one before only; the one seen last stays, with the best look and all tracks."""
    a, b, c, d = (
        _sighting("a", 0, 10, 0.9),
        _sighting("b", 70, 80, tracks=2),
        _sighting("c", 140, 150),
        _sighting("d", 211, 220),
    )
    (visit,) = joined_visits([c, d, a, b], GAP)
    assert (visit.stays.sighting_id, [each.sighting_id for each in visit.others]) == ("c", ["a", "b"])
    assert (visit.stays.first_seen, visit.stays.last_seen) == (at(0), at(150))
    assert (visit.stays.similarity, visit.stays.track_count) == (0.9, 4)


def test_one_within_another_one_does_not_shorten_it() -> None:
    """The long one stays, whenever the short one began, and what comes after it is near its end."""
    long, short, later = _sighting("long", 0, 200), _sighting("short", 50, 60), _sighting("later", 250, 260)
    (visit,) = joined_visits([short, long, later], GAP)
    assert visit.stays.sighting_id == "later"
    assert (visit.stays.first_seen, visit.stays.last_seen) == (at(0), at(260))


def test_nothing_is_joined_that_is_apart() -> None:
    """One sighting alone is no joined visit either."""
    assert joined_visits([_sighting("a", 0, 10), _sighting("b", 71, 80)], GAP) == []


def test_a_sighting_is_only_made_longer() -> None:
    """Times within it change nothing."""
    sighting = _sighting("a", 10, 20)
    assert extended(sighting, at(12), at(15)) == sighting
    assert (extended(sighting, at(5), at(30)).first_seen, extended(sighting, at(5), at(30)).last_seen) == (
        at(5),
        at(30),
    )
