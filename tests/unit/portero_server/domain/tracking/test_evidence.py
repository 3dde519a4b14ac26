"""One clear shot names somebody; poorer ones do when they agree."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.detection.detections import Match, MatchPolicy
from portero_server.domain.tracking.evidence import Evidence, Weighed, lead_needed, weigh

_POLICY = MatchPolicy(0.45, 0.05, sure_by=0.06, sure_by_tenfold=0.02, sure_quality=0.1)

_matches = st.builds(Match, st.sampled_from(["ana", "ben"]), st.floats(0.45, 1.0), st.just(0.3))
_shots = st.lists(st.tuples(st.none() | _matches, st.floats(0.0, 1.0)), max_size=6)
_galleries = st.integers(0, 1_000_000)


def _ana(similarity: float) -> Match:
    return Match("ana", similarity, 0.3)


def _outcome(shots: list[tuple[Match | None, float]], people: int, policy: MatchPolicy = _POLICY) -> Weighed:
    """Returns what is known after these shots, or as soon as somebody is named."""
    weighed = Weighed()
    for match, quality in shots:
        weighed = weigh(weighed.evidence, match, quality, people, policy)
        if weighed.match is not None:
            break
    return weighed


def test_a_clear_shot_names_at_once_and_one_just_above_the_threshold_does_not() -> None:
    """Only a similarity well above the threshold is enough for one shot."""
    assert weigh(None, _ana(0.51), 0.5, 4, _POLICY) == Weighed(_ana(0.51))
    assert weigh(None, _ana(0.50), 0.5, 4, _POLICY).match is None
    assert weigh(None, _ana(0.50), 0.5, 4, _POLICY).evidence is not None


def test_a_poor_shot_names_nobody_alone_and_somebody_with_another() -> None:
    """However similar a face is in one poor shot, a second shot has to say so too."""
    first = weigh(None, _ana(0.8), 0.05, 4, _POLICY)
    assert first.match is None
    assert weigh(first.evidence, _ana(0.7), 0.05, 4, _POLICY) == Weighed(_ana(0.8))


def test_shots_of_a_look_alike_never_add_up_when_one_falls_short() -> None:
    """A stranger whose shots are above the threshold now and then stays a stranger."""
    alike = [(_ana(0.482), 0.5), (None, 0.5), (_ana(0.475), 0.5), (None, 0.5), (_ana(0.48), 0.5)]
    assert _outcome(alike, 4).match is None


def test_two_people_in_turn_take_each_other_back() -> None:
    """A shot that names somebody else begins anew, with that person."""
    first = weigh(None, _ana(0.49), 0.5, 4, _POLICY)
    second = weigh(first.evidence, Match("ben", 0.48, 0.3), 0.5, 4, _POLICY)
    assert second.match is None
    assert second.evidence is not None
    assert (second.evidence.match.person_id, second.evidence.shots) == ("ben", 1)


def test_the_more_people_there_are_the_more_a_name_takes() -> None:
    """A similarity that is enough among ten people needs another shot among a thousand."""
    assert weigh(None, _ana(0.53), 0.5, 10, _POLICY).match is not None
    assert weigh(None, _ana(0.53), 0.5, 1000, _POLICY).match is None
    assert weigh(None, _ana(0.53), 0.5, 0, _POLICY).match is not None


@given(_shots, _galleries)
def test_whoever_is_named_was_the_answer_of_every_shot_that_counts(
    shots: list[tuple[Match | None, float]], people: int
) -> None:
    """A name comes from one clear shot or from several in a row, which exceed the threshold by enough together."""
    weighed = Weighed()
    row: list[tuple[Match, float]] = []
    for match, quality in shots:
        weighed = weigh(weighed.evidence, match, quality, people, _POLICY)
        row = [] if match is None or (row and row[0][0].person_id != match.person_id) else row
        row += [] if match is None else [(match, quality)]
        if weighed.match is not None:
            break
    assert weighed.match is None or weighed.evidence is None
    if weighed.match is not None:
        together = sum(match.similarity - _POLICY.threshold for match, _ in row)
        assert {match.person_id for match, _ in row} == {weighed.match.person_id}
        assert together >= lead_needed(people, _POLICY) - 1e-6
        assert len(row) > 1 or row[0][1] >= _POLICY.sure_quality
        assert weighed.match.similarity == max(match.similarity for match, _ in row)
    elif weighed.evidence is not None:
        assert weighed.evidence.shots == len(row) > 0


@given(_shots, _galleries, st.floats(0.0, 0.2), st.floats(0.0, 0.2))
def test_asking_for_more_evidence_never_names_more(
    shots: list[tuple[Match | None, float]], people: int, more: float, clearer: float
) -> None:
    """With stricter limits, whoever is named by the same shots would have been named by the laxer ones."""
    stricter = MatchPolicy(0.45, 0.05, 0.06 + more, 0.02 + more, 0.1 + clearer)
    if _outcome(shots, people, stricter).match is not None:
        assert _outcome(shots, people).match is not None


@given(st.none() | _matches, st.floats(0.0, 1.0), _galleries, st.none() | _matches)
def test_without_limits_every_answer_is_final(
    match: Match | None, quality: float, people: int, before: Match | None
) -> None:
    """An engine that asks for nothing more is believed at once, as before."""
    evidence = None if before is None else Evidence(before, 0.0, 1)
    weighed = weigh(evidence, match, quality, people, MatchPolicy(0.45, 0.05))
    assert weighed.evidence is None
    assert (weighed.match is None) == (match is None)


@given(st.floats(0.0, 1.0), _galleries, st.floats(0.1, 1.0))
def test_a_perfect_similarity_is_always_enough(threshold: float, people: int, quality: float) -> None:
    """However high a camera's threshold is, a clear shot that is exactly alike names somebody."""
    policy = MatchPolicy(threshold, 0.0, 0.06, 0.02, 0.1)
    assert weigh(None, _ana(1.0), quality, people, policy).match is not None
