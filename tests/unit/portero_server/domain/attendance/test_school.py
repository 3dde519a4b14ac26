"""A school month against its truth: 30 pupils, 22 days of 6 sessions, 3 cameras with outages and late uploads."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from portero_server.domain.attendance.record import AttendanceRecord, AttendanceStatus
from portero_server.domain.attendance.sheet import records_of
from portero_server.domain.attendance.touched import SessionIndex
from tests.support.attendance.school import School, Stage, generated_school

_Sheets = dict[str, tuple[AttendanceRecord, ...]]


@pytest.fixture(scope="module")
def school() -> School:
    """The school whose month is told here."""
    return generated_school(seed=20260316)


@pytest.fixture(scope="module")
def sheets(school: School) -> dict[Stage, _Sheets]:
    """All records of the month, at each stage."""
    return {
        stage: {each.session_id: records_of(school.facts(each, stage)) for each in school.sessions} for stage in Stage
    }


def test_the_month_is_as_large_as_it_should_be(school: School, sheets: dict[Stage, _Sheets]) -> None:
    """Each pupil has one record a session, and every status but an excuse happens."""
    records = [record for sheet in sheets[Stage.AT_ONCE].values() for record in sheet]
    assert (len(school.sessions), len(records)) == (132, 3960)
    assert {each.status for each in records} == set(AttendanceStatus) - {AttendanceStatus.EXCUSED}


@pytest.mark.parametrize("stage", Stage)
def test_nobody_is_absent_who_was_there(school: School, sheets: dict[Stage, _Sheets], stage: Stage) -> None:
    """Neither before the late uploads nor while names are wrong is a single absence false, and no lateness is."""
    wrong = [
        (record.session_id, record.person_id, record.status, true.status)
        for session in school.sessions
        for record in sheets[stage][session.session_id]
        for true in [school.truth(session, record.person_id)]
        if (record.status is AttendanceStatus.ABSENT and true.status is not AttendanceStatus.ABSENT)
        or (
            record.status is AttendanceStatus.LATE
            and true.status not in (AttendanceStatus.LATE, AttendanceStatus.ABSENT)
        )
    ]
    assert wrong == []


@pytest.mark.parametrize("stage", Stage)
def test_every_unproven_record_names_its_time(school: School, sheets: dict[Stage, _Sheets], stage: Stage) -> None:
    """Within the session, and with its cause."""
    unproven = [each for sheet in sheets[stage].values() for each in sheet if each.status is AttendanceStatus.UNPROVEN]
    spans = {each.session_id: each.span for each in school.sessions}
    assert unproven
    for record in unproven:
        assert record.unproven
        session = spans[record.session_id]
        assert all(session.meets(each.start, each.end) and each.causes for each in record.unproven)


def test_late_uploads_and_corrections_settle_what_was_open(sheets: dict[Stage, _Sheets]) -> None:
    """Each stage leaves fewer records unproven than the one before."""
    counts = [
        sum(record.status is AttendanceStatus.UNPROVEN for sheet in sheets[stage].values() for record in sheet)
        for stage in Stage
    ]
    assert counts[0] > counts[1] >= counts[2]


def test_what_leaves_no_question_open_is_the_truth(school: School, sheets: dict[Stage, _Sheets]) -> None:
    """Once names are right, whoever has a record without questions did what it says, and most have one."""
    records = [each for sheet in sheets[Stage.CORRECTED].values() for each in sheet]
    settled = [each for each in records if not each.open_questions]
    sessions = {each.session_id: each for each in school.sessions}
    for record in settled:
        true = school.truth(sessions[record.session_id], record.person_id)
        assert (record.status, record.late) == (true.status, true.late)
    assert len(settled) > 0.9 * len(records)


@pytest.mark.parametrize("stage", [Stage.UPLOADED, Stage.CORRECTED])
def test_only_the_sessions_that_are_touched_differ(school: School, sheets: dict[Stage, _Sheets], stage: Stage) -> None:
    """Deciding the touched sessions anew comes to the same as deciding all of them."""
    index = SessionIndex(school.sessions, school.placements, {"1b": school.roster}, {"1b": school.rules})
    touched = set().union(*(index.by_sighting(*versions) for versions in school.changed(stage)))
    if stage is Stage.UPLOADED:
        touched |= set().union(*(index.by_coverage(camera, spans) for camera, spans in school.uploaded().items()))
    before, after = sheets[Stage(stage - 1)], sheets[stage]
    differing = {session_id for session_id in after if before[session_id] != after[session_id]}
    assert differing
    assert differing <= touched < set(after)


def test_deciding_anew_in_any_order_and_with_duplicates_is_the_same(
    school: School, sheets: dict[Stage, _Sheets]
) -> None:
    """Sessions in random order, sightings shuffled and given twice: identical records."""
    order = random.Random(1)
    for session in order.sample(school.sessions, len(school.sessions)):
        facts = school.facts(session, Stage.CORRECTED)
        twice = order.sample([*facts.sightings, *facts.sightings], 2 * len(facts.sightings))
        assert records_of(replace(facts, sightings=tuple(twice))) == sheets[Stage.CORRECTED][session.session_id]
