"""Which sessions a late fact touches."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from portero_server.domain.attendance.groups import Membership, Placement, Roster
from portero_server.domain.attendance.record import (
    AttendanceCorrection,
    AttendanceStatus,
    Excuse,
    PersonSighting,
)
from portero_server.domain.attendance.rules import AttendanceRules
from portero_server.domain.attendance.schedule import AttendanceSession, SessionState
from portero_server.domain.attendance.touched import SessionIndex, by_schedule
from tests.support.attendance.minutes import MORNING, at, span

_DAY = date(2026, 3, 9)
_ROSTER = Roster((Membership("ana", _DAY), Membership("eva", _DAY, _DAY)))


def _session(
    name: str, first: int, last: int, room: str = "room", days: int = 0, group: str = "1b"
) -> AttendanceSession:
    later = span(first + 1440 * days, last + 1440 * days)
    return AttendanceSession(name, group, MORNING.date() + timedelta(days=days), later, (room,))


_SESSIONS = (
    _session("first", 0, 60),
    _session("second", 60, 120),
    _session("lab", 150, 200, room="lab"),
    _session("tomorrow", 0, 60, days=1),
    _session("others", 60, 120, group="2b"),
    replace(_session("canceled", 0, 60), state=SessionState.CANCELED),
)
_PLACEMENTS = (Placement("camera", "room"), Placement("lab-camera", "lab"))
_INDEX = SessionIndex(_SESSIONS, _PLACEMENTS, {"1b": _ROSTER})


def _sighting(first: float, last: float, **other: object) -> PersonSighting:
    return replace(PersonSighting("s", "camera", at(first), at(last), "ana"), **other)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sighting", "touched"),
    [
        (_sighting(10, 20), {"first"}),
        (_sighting(10, 70), {"first", "second"}),
        (_sighting(46, 50), {"first", "second"}),
        (_sighting(-60, -16), set()),
        (_sighting(-60, -15), {"first"}),
        (_sighting(120, 130), set()),
        (_sighting(10, 2000), {"first", "second", "tomorrow"}),
        (_sighting(10, 20, camera_id="lab-camera"), set()),
        (_sighting(160, 170, camera_id="lab-camera"), {"lab"}),
        (_sighting(10, 20, camera_id="elsewhere"), set()),
        (_sighting(10, 20, person_id="ben"), set()),
        (_sighting(10, 20, person_id="ben", may_be=frozenset({"ana"})), {"first"}),
        (_sighting(10, 20, person_id=None), set()),
        (_sighting(10, 20, person_id=None, unclear=True), {"first"}),
        (_sighting(1450, 1460, person_id="eva"), set()),
    ],
)
def test_a_sighting_touches_the_sessions_that_it_can_show_somebody_in(
    sighting: PersonSighting, touched: set[str]
) -> None:
    """By camera, time, and who is expected; a sighting over two sessions touches both."""
    assert _INDEX.by_sighting(sighting) == touched


def test_a_sighting_that_changed_touches_where_it_was_and_where_it_is() -> None:
    """Whoever was named before had a record by it."""
    assert _INDEX.by_sighting(_sighting(10, 20), _sighting(70, 80, person_id="eva")) == {"first", "second"}


def test_unclear_faces_touch_nothing_where_they_are_not_heeded() -> None:
    """The group decided that they are nobody's."""
    index = SessionIndex(_SESSIONS, _PLACEMENTS, {"1b": _ROSTER}, {"1b": AttendanceRules(heeds_unclear_faces=False)})
    assert index.by_sighting(_sighting(10, 20, person_id=None, unclear=True)) == set()


def test_coverage_touches_the_sessions_of_its_camera_and_time() -> None:
    """From the opening of check-in to the end, and of every group in the room."""
    assert _INDEX.by_coverage("camera", [span(70, 80)]) == {"second", "others"}
    assert _INDEX.by_coverage("camera", [span(-30, -15), span(120, 140)]) == set()
    assert _INDEX.by_coverage("lab-camera", [span(0, 1000)]) == {"lab"}


def test_a_roster_touches_the_days_with_other_people() -> None:
    """Somebody who stays a day longer changes that day only."""
    longer = Roster((Membership("ana", _DAY), Membership("eva", _DAY, _DAY + timedelta(days=1))))
    assert _INDEX.by_roster("1b", _ROSTER, longer) == {"tomorrow"}
    assert _INDEX.by_roster("1b", _ROSTER, Roster(tuple(reversed(_ROSTER.memberships)))) == set()


def test_an_excuse_touches_its_person_s_sessions_of_its_time() -> None:
    """And nobody else's."""
    assert _INDEX.by_excuse(Excuse("ana", span(50, 70), "ill")) == {"first", "second"}
    assert _INDEX.by_excuse(Excuse("eva", span(1400, 1500), "ill")) == set()


def test_a_correction_touches_its_session() -> None:
    """If its person is expected there."""
    correction = AttendanceCorrection("c", "tomorrow", "ana", AttendanceStatus.EXCUSED, "nurse", "teacher", at(2000))
    assert _INDEX.by_correction(correction) == {"tomorrow"}
    assert _INDEX.by_correction(replace(correction, person_id="eva")) == set()


def test_a_merge_touches_the_sessions_in_which_either_is_expected() -> None:
    """Before it is known and after."""
    assert _INDEX.by_merge("eva-2", "eva") == {"first", "second", "lab"}
    merged = SessionIndex(_SESSIONS, _PLACEMENTS, {"1b": _ROSTER}, merges={"eva": "ana"})
    assert merged.by_merge("eva", "ana") == {"first", "second", "lab", "tomorrow"}


def test_cameras_and_rules_touch_rooms_and_groups() -> None:
    """Cancelled sessions are touched by nothing."""
    assert _INDEX.by_rooms(["lab"], span(0, 1000)) == {"lab"}
    assert _INDEX.by_rooms(["room"], span(-60, 30)) == {"first"}
    assert _INDEX.by_rules("2b") == {"others"}


def test_a_schedule_touches_what_came_went_or_differs() -> None:
    """A session that was canceled differs."""
    after = [replace(_SESSIONS[0], state=SessionState.CANCELED), *_SESSIONS[2:]]
    assert by_schedule(_SESSIONS, after) == {"first", "second"}
