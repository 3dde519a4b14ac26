"""What is complained of in stored sightings, and what is not."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tests.support.model.expected import foreseen_stays
from tests.support.model.script import START, STEP, person_name
from tests.support.model.stored import Rows, Stored
from tests.support.model.verdict import Verdict
from tests.support.model.visits import check_sightings


def _stored(track_id: str, person: str | None, first: int, last: int, recognitions: Rows) -> Stored:
    """One sighting of one track, from one index to another."""
    sighting: dict[str, Any] = {"sighting_id": "s", "camera_id": "gate-00", "person_id": person, "track_count": 1}
    times = {"first_seen": START + first * STEP, "last_seen": START + last * STEP}
    return Stored([], recognitions, [], [sighting | times], [{"track_id": track_id, "sighting_id": "s"}], [])


def test_a_name_without_its_answer_is_sound_only_where_the_answer_was_refused() -> None:
    """A decision is written in one piece and its answer in another, which the store may refuse."""
    track, ana = "gate-00.e.1.0", person_name(0, 0)
    stays = {0: foreseen_stays(0, "e", {index + 1: index for index in range(8)})}

    def kinds(refused: Collection[tuple[str, str]]) -> set[str]:
        verdict = Verdict()
        check_sightings(verdict, stays, _stored(track, ana, 0, 3, []), (), refused)
        return set(verdict.summary())

    assert kinds({(track, ana)}) == set()
    assert kinds(()) == {"phantom"}
    assert kinds({(track, person_name(0, 1))}) == {"phantom"}


def test_a_false_alarm_may_follow_what_was_stored_of_frames_given_up() -> None:
    """Frames are given up that an earlier session had stored; the next look begins a track, which is in no sighting."""
    earlier, later = "gate-00.e.25.0", "gate-00.e.27.0"
    stays = {0: foreseen_stays(0, "e", {index + 1: index for index in range(24, 32)}, given_up={25, 26})}

    def kinds(*asked: str) -> set[str]:
        verdict = Verdict()
        answers = [{"track_id": track_id, "outcome": "unknown"} for track_id in asked]
        check_sightings(verdict, stays, _stored(earlier, None, 24, 25, answers), ())
        return set(verdict.summary())

    assert kinds(earlier, later) == set()
    assert kinds(earlier) == {"gap"}
