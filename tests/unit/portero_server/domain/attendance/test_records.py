"""The tables of cases in `records/`: whatever the situation, the records are what they say."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from portero_server.domain.attendance.record import AttendanceStatus
from portero_server.domain.attendance.sheet import SessionFacts, records_of
from portero_server.domain.attendance.unproven import overlaid
from tests.support.attendance.cases import RecordCase, read_cases, written

_CASES = read_cases(Path(__file__).with_name("records"))
_T = TypeVar("_T")


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case.case_id)
def test_the_records_are_what_the_table_says(case: RecordCase) -> None:
    """Each case comes to the records it expects, and names what is unproven and nothing else."""
    records = records_of(case.facts)
    assert {each.person_id: written(each) for each in records} == case.expected
    assert overlaid(span for each in records for span in each.unproven) == overlaid(case.unproven)
    assert {each.value for record in records for each in record.open_questions} == case.questions
    assert case.reason in (None, *(each.reason.value for each in records))
    assert case.evidence in (None, *(len(each.evidence) for each in records))


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case.case_id)
def test_order_and_repetition_mean_nothing(case: RecordCase) -> None:
    """Facts that are shuffled and given twice lead to the same records."""
    assert records_of(_shuffled(case.facts)) == records_of(case.facts)


def test_the_table_is_a_table() -> None:
    """Every case has an id of its own and a sentence, and there are more than a hundred."""
    assert len({case.case_id for case in _CASES}) == len(_CASES) > 100
    assert all(case.says.endswith(".") for case in _CASES)


def test_every_status_is_in_the_table() -> None:
    """No status is without an example."""
    shown = {each.status for case in _CASES for each in case.expected.values()}
    assert shown == {status.name for status in AttendanceStatus}


def _shuffled(facts: SessionFacts) -> SessionFacts:
    return replace(
        facts,
        sightings=_twice(facts.sightings),
        placements=_twice(facts.placements),
        excuses=_twice(facts.excuses),
        corrections=_twice(facts.corrections),
        roster=replace(facts.roster, memberships=_twice(facts.roster.memberships)),
        coverages=dict(reversed(list(facts.coverages.items()))),
    )


def _twice(given: Sequence[_T]) -> tuple[_T, ...]:
    return tuple(random.Random(7).sample([*given, *given], 2 * len(given)))
