"""Two faces in one picture are two people, named or provisionally named."""

from __future__ import annotations

from portero_server.domain.detection.detections import Match
from portero_server.domain.detection.geometry import Box
from portero_server.domain.tracking.evidence import Evidence
from portero_server.domain.tracking.naming import answered, beside, disown, withdraw
from portero_server.domain.tracking.track import Track
from tests.support.model.tracked_camera import START
from tests.support.time.frame_times import time_of

_ANA = Match("ana", 0.5, 0.3)
_SEEMS_ANA = Evidence(_ANA, 0.05, 1)


def _track(name: str, *company: str) -> Track:
    track = Track(name, 1, START, 0.0, 1, START, time_of(START), Box(0.1, 0.1, 0.1, 0.1))
    track.company = set(company)
    return track


def test_a_provisional_name_yields_to_a_name_beside_it() -> None:
    """Whoever stands beside Ana cannot seem to be Ana."""
    ana, other = _track("a", "b"), _track("b", "a")
    assert answered(ana, _ANA, None, [ana, other]) == (ana,)
    assert answered(other, None, _SEEMS_ANA, [ana, other]) == ()
    assert other.evidence is None
    assert beside(other, [ana, other]) == {"ana"}


def test_a_provisional_name_takes_a_name_from_nobody() -> None:
    """Too little evidence changes no decision of another track."""
    apart, other = _track("a"), _track("b")
    answered(apart, _ANA, None, [apart, other])
    assert answered(other, None, _SEEMS_ANA, [apart, other]) == ()
    assert (apart.match, other.match, other.evidence) == (_ANA, None, _SEEMS_ANA)


def test_an_answer_replaces_what_earlier_ones_said() -> None:
    """A name, or another answer, leaves no provisional name behind."""
    track = _track("a")
    answered(track, None, _SEEMS_ANA, [track])
    answered(track, None, None, [track])
    assert track.evidence is None
    answered(track, None, _SEEMS_ANA, [track])
    answered(track, _ANA, None, [track])
    assert (track.match, track.evidence) == (_ANA, None)


def test_the_more_similar_of_two_keeps_the_name() -> None:
    """A name is taken from a face in the same picture that had it with less similarity, and from no better one."""
    first, second = _track("a", "b"), _track("b", "a")
    better = Match("ana", 0.8, 0.3)
    answered(first, _ANA, None, [first, second])
    assert answered(second, better, None, [first, second]) == (second, first)
    assert (first.match, second.match) == (None, better)
    assert answered(first, _ANA, None, [first, second]) == ()


def test_names_are_taken_back_from_those_who_may_not_have_them() -> None:
    """Whoever may no longer be named is a stranger, provisionally named or not."""
    named, seeming, free = _track("a"), _track("b"), _track("c")
    answered(named, _ANA, None, [named])
    answered(seeming, None, _SEEMS_ANA, [seeming])
    everybody = [named, seeming, free]
    assert disown({"ana"}, everybody) == (named,)
    assert withdraw({"ana"}, everybody) == (seeming,)
    assert withdraw({"ana"}, everybody) == ()
    assert [(each.match, each.evidence) for each in everybody] == [(None, None)] * 3
