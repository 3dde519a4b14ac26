"""Bridge, network, server and store under virtual time, with faults from a seed."""

from __future__ import annotations

import pytest

from tests.simulation.defects import DEFECTS
from tests.simulation.world import simulate
from tests.support.defects.faultpoints import undone

_BATCH = 50


@pytest.mark.parametrize("first", range(1, 201, _BATCH))
def test_nothing_is_lost_whatever_fails(first: int) -> None:
    """Every promise made to a bridge is kept, and everything is stored once, for each of these seeds."""
    failed = {seed: done.complaints[:3] for seed in range(first, first + _BATCH) if (done := simulate(seed)).complaints}
    assert failed == {}


def test_nobody_is_named_as_somebody_who_was_gone_before_a_cut() -> None:
    """Faces are compared, commits refused and servers replaced, so that a stream resumes with one who had left."""
    assert simulate(13629).complaints == []


def test_decisions_about_one_track_are_one_finding_to_a_store_that_takes_little() -> None:
    """A deadline and a late answer decide a track twice in a commit, of which nothing can be stored by itself."""
    assert simulate(15138).complaints == []


def test_a_stranger_seen_once_between_frames_given_up_may_be_a_false_alarm() -> None:
    """The next stranger at the place might be the same one as far as the frames in between were not looked at."""
    assert simulate(403107).complaints == []


def test_who_is_in_view_may_be_refused_just_before_another_server_takes_over() -> None:
    """The search for what cannot be stored gives up who is in view; the visit goes on as another track of it."""
    assert simulate(407815).complaints == []


def test_what_a_stranger_seen_once_showed_last_is_stored_though_the_end_is_refused() -> None:
    """A stranger whom the session before had stored is no more than a false alarm, and the store refuses its end."""
    assert simulate(703325).complaints == []


def test_an_answer_in_a_commit_that_ended_its_session_may_be_asked_for_again() -> None:
    """A piece of the commit held the late answer about a stranger, whom the next session goes on with unanswered."""
    assert simulate(841856).complaints == []


def test_a_visit_of_which_only_a_piece_was_written_ends_though_its_frames_lead_elsewhere() -> None:
    """The search finds nothing that may close it; the next session rejects frames, and another track goes on."""
    assert simulate(968924).complaints == []


def test_a_seed_replays() -> None:
    """The same seed gives the same faults at the same times, and the same results."""
    one, other = simulate(365), simulate(365)
    assert one.struck
    assert one.struck == other.struck
    assert one.seconds == other.seconds
    assert one.verdict == other.verdict


@pytest.mark.parametrize(
    "defect",
    [
        "ack_before_commit",
        "watermark_ignores_holders",
        "failed_commit_forgotten",
        "failed_session_goes_on",
        "quarantine_takes_all",
        "earlier_presence_forgotten",
        "refused_decision_forgotten",
        "gap_not_recorded",
        "resume_skips_ahead",
        "nameless_is_unanswered",
        "sightings_stay_apart",
    ],
)
def test_a_defect_is_found_by_some_seed(defect: str) -> None:
    """A defect put in on purpose does not survive a hundred seeds."""
    with undone():
        DEFECTS[defect]()
        assert any(simulate(seed).complaints for seed in range(1, 101))
