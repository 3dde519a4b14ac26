"""What other thresholds would have decided: the same as a server that has them, shot by shot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.detection.detections import Candidate, MatchPolicy
from portero_server.domain.tracking.deciding import DecisionReason, FaceDecision, Ranking, verdict
from portero_server.domain.tracking.evidence import Evidence
from portero_server.domain.tracking.what_if import StoredDecision, TrackChange, WhatIf, WhatIfTally, replayed

_AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
_POLICY = MatchPolicy(0.5, 0.1, sure_by=0.06, sure_by_tenfold=0.01, sure_quality=0.3, confusable_margin=0.2)

_Shot = tuple[Ranking, float]


def _decided(shots: Sequence[_Shot], policy: MatchPolicy, track: str = "t") -> list[StoredDecision]:
    """Returns what a server with this policy decides on the shots of a face until it has a name."""
    found: list[StoredDecision] = []
    before: Evidence | None = None
    for number, (ranking, quality) in enumerate(shots, 1):
        said = verdict(ranking, quality, policy, before)
        agreeing = 0 if before is None else before.shots
        decision = FaceDecision(number, 90, ranking.kept(), policy, agreeing, said.reason)
        moment = _AT + timedelta(seconds=number)
        found.append(
            StoredDecision(f"{track}.{number}", "door", track, moment, "e", said.outcome, quality, True, decision)
        )
        before = said.weighed.evidence
        if said.weighed.match is not None:
            break
    return found


def _face(*similarities: float, people: int = 10) -> _Shot:
    """Returns a good shot with candidates "p0", "p1" and so on."""
    found = tuple(Candidate(f"p{index}", "", similarity) for index, similarity in enumerate(similarities))
    return Ranking(found, people=people), 1.0


_SIMILARITIES = st.floats(0.3, 0.9)
_RANKINGS = st.builds(
    Ranking,
    st.lists(st.builds(Candidate, st.sampled_from("abcdefgh"), st.just(""), _SIMILARITIES), max_size=8).map(tuple),
    st.frozensets(st.sampled_from("abcdefgh")),
    st.integers(0, 5000),
    st.sampled_from([True, True, True, False]),
)
_SHOTS = st.lists(st.tuples(_RANKINGS, st.floats(0.0, 1.0)), min_size=1, max_size=4)


@given(_SHOTS)
def test_replayed_by_its_own_settings_every_row_is_what_the_server_decided(shots: list[_Shot]) -> None:
    """Row by row, the outcome and the person are those that are stored."""
    track = _decided(shots, _POLICY)
    verdicts = replayed(track, lambda each: each.decision.policy)
    assert verdicts is not None
    said = [(each.outcome, each.reason) for each in verdicts if each is not None]
    assert said == [(each.outcome, each.decision.reason) for each in track]
    people = [each.match.person_id if each is not None and each.match is not None else None for each in verdicts]
    assert people == [each.person_id for each in track]


@given(_SHOTS, st.floats(0.3, 0.9), st.floats(0.0, 0.3))
def test_replayed_by_other_settings_every_row_is_what_a_server_with_them_decides(
    shots: list[_Shot], threshold: float, margin: float
) -> None:
    """Row by row over the shots that both servers asked about; what the other one asks about later nobody knows."""
    other = replace(_POLICY, threshold=threshold, margin=margin)
    track, expected = _decided(shots, _POLICY), _decided(shots, other)
    verdicts = replayed(track, WhatIf("e", threshold, margin).policy)
    assert verdicts is not None
    asked = [each for each in verdicts if each is not None]
    both = min(len(asked), len(expected))
    assert both == min(len(track), len(expected))
    assert [each.outcome for each in asked[:both]] == [each.outcome for each in expected[:both]]
    assert [each.reason for each in asked[:both]] == [each.decision.reason for each in expected[:both]]


def test_shots_add_up_by_the_other_threshold() -> None:
    """Two shots that are not enough at 0.5 are enough together at 0.46, and one is at 0.4."""
    track = _decided([_face(0.49), _face(0.49)], _POLICY)
    for threshold, outcomes in ((0.5, ["unknown"] * 2), (0.46, ["provisional", "match"]), (0.4, ["match", None])):
        verdicts = replayed(track, WhatIf("e", threshold).policy)
        assert verdicts is not None
        assert [None if each is None else each.outcome for each in verdicts] == outcomes


def test_where_the_server_began_anew_so_does_the_replay() -> None:
    """A shot before an interruption does not count with one after it."""
    first, second = _decided([_face(0.54), _face(0.54)], _POLICY)
    assert second.outcome == "match"
    anew = replace(second, outcome="provisional", decision=replace(second.decision, agreeing=0))
    verdicts = replayed([first, anew], lambda each: each.decision.policy)
    assert verdicts is not None
    assert [None if each is None else each.outcome for each in verdicts] == ["provisional", "provisional"]


def test_a_track_without_its_first_decision_is_left_out() -> None:
    """What its later shots counted with is gone."""
    _, second = _decided([_face(0.54), _face(0.54)], _POLICY)
    tally = WhatIfTally()
    assert tally.add([second], WhatIf("e", 0.4)) is None
    assert (tally.tracks, tally.incomplete) == (0, 1)


def test_tracks_are_counted_by_what_becomes_of_their_names() -> None:
    """Gained, lost, and named as before; in any order of their decisions."""
    tally = WhatIfTally()
    gained = _decided([_face(0.45, 0.2), _face(0.47, 0.2)], _POLICY, "t1")
    assert tally.add(reversed(gained), WhatIf("e", 0.4)) == TrackChange(
        "door", "t1", _AT + timedelta(seconds=1), None, "p0"
    )
    assert tally.add(_decided([_face(0.8, 0.2)], _POLICY, "t2"), WhatIf("e", 0.4)) is None
    lost = tally.add(_decided([_face(0.8, 0.65)], _POLICY, "t3"), WhatIf("e", None, 0.3))
    assert lost is not None
    assert (lost.before, lost.after) == ("p0", None)
    assert (tally.tracks, tally.named_before, tally.named_after) == (3, 2, 2)
    assert (tally.gained, tally.lost, tally.changed) == (1, 1, 0)


def test_what_cannot_be_replayed_is_counted_and_left_out() -> None:
    """A face that was remembered was not compared; where a candidate was erased, the margin is not known any more."""
    (found,) = _decided([_face(0.8, 0.2)], _POLICY)
    tally, what_if = WhatIfTally(), WhatIf("e", 0.9)
    remembered = replace(found, decision=replace(found.decision, reason=DecisionReason.REMEMBERED))
    assert tally.add([remembered], what_if) is None
    assert tally.add([replace(found, whole=False)], what_if) is None
    assert (tally.tracks, tally.remembered, tally.incomplete) == (0, 1, 1)


def test_another_engine_keeps_its_own_scale() -> None:
    """A threshold of the paid engine says nothing about what the free one answered for it."""
    tally = WhatIfTally()
    assert tally.add(_decided([_face(0.8, 0.2)], _POLICY), WhatIf("paid", 0.99)) is None
    assert (tally.tracks, tally.lost) == (1, 0)
