"""The attendance sheet of a session; most of what it decides is in `records/`."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from portero_server.domain.attendance.coverage import Coverage
from portero_server.domain.attendance.groups import Membership, Placement, Roster
from portero_server.domain.attendance.record import AttendanceStatus, PersonSighting
from portero_server.domain.attendance.rules import DEFAULT_RULES
from portero_server.domain.attendance.schedule import AttendanceSession
from portero_server.domain.attendance.sheet import SessionFacts, cameras_of, records_of
from tests.support.attendance.minutes import at, span

_DAY = date(2026, 3, 9)
_SESSION = AttendanceSession("math/2026-03-09", "1b", _DAY, span(0, 90), ("room",))
_FACTS = SessionFacts(
    _SESSION,
    Roster((Membership("eva", _DAY), Membership("ana", _DAY))),
    placements=(Placement("one", "room"),),
    coverages={"one": Coverage().with_more([span(-60, 180)])},
)


def test_everybody_who_is_expected_has_one_record() -> None:
    """In order of their ids, seen or not."""
    seen = PersonSighting("s1", "one", at(0), at(90), "eva")
    records = records_of(replace(_FACTS, sightings=(seen,)))
    assert [(each.person_id, each.status) for each in records] == [
        ("ana", AttendanceStatus.ABSENT),
        ("eva", AttendanceStatus.PRESENT),
    ]
    assert {each.session_id for each in records} == {_SESSION.session_id}


def test_a_record_says_which_sightings_show_it() -> None:
    """In order, each once, and without those of other times, cameras and people."""
    sightings = (
        PersonSighting("s3", "one", at(50), at(90), "ana"),
        PersonSighting("s1", "one", at(0), at(40), "ana"),
        PersonSighting("s2", "one", at(0), at(90), "eva"),
        PersonSighting("s4", "two", at(0), at(90), "ana"),
        PersonSighting("s5", "one", at(100), at(110), "ana"),
    )
    ana, _ = records_of(replace(_FACTS, sightings=sightings))
    assert ana.evidence == ("s1", "s3")


def test_a_session_that_is_still_going_on_leaves_open_what_is_to_come() -> None:
    """Nobody is absent, late or gone before cameras have shown it; a rule for the future is not needed."""
    now = replace(_FACTS, coverages={"one": Coverage().with_more([span(-60, 30)])})
    seen = PersonSighting("s1", "one", at(0), at(30), "ana")
    ana, eva = records_of(replace(now, sightings=(seen,)))
    assert (ana.status, eva.status) == (AttendanceStatus.PRESENT, AttendanceStatus.UNPROVEN)
    assert [(each.start, each.end) for each in eva.unproven] == [(at(30), at(90))]


def test_a_camera_that_is_in_two_rooms_of_a_session_counts_once() -> None:
    """When it was hung over from one to the other, its times are put together."""
    session = replace(_SESSION, room_ids=("room", "annex"))
    placements = [Placement("one", "room", None, at(30)), Placement("one", "annex", at(30))]
    assert cameras_of(session, placements, DEFAULT_RULES) == {"one": (span(-15, 90),)}
