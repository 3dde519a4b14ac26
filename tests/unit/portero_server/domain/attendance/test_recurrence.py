"""Rules of recurrence, and which are refused; what they come to is in `sessions.yaml`."""

from __future__ import annotations

from datetime import date

import pytest

from portero_server.domain.attendance.recurrence import Recurrence
from portero_server.errors import InvalidInput

_MONDAY = date(2026, 3, 9)


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "WEEKLY",
        "FREQ=",
        "FREQ=HOURLY",
        "FREQ=WEEKLY;FREQ=DAILY",
        "FREQ=WEEKLY;UNTIL=20261231",
        "FREQ=WEEKLY;BYHOUR=8,10",
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=WEEKLY;INTERVAL=0",
        "FREQ=WEEKLY;INTERVAL=100",
        "FREQ=DAILY;INTERVAL=2;BYDAY=MO",
        "FREQ=DAILY;COUNT=0",
        "FREQ=MONTHLY;BYDAY=6MO",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=YEARLY;BYWEEKNO=20",
        "RRULE:FREQ=DAILY",
        "FREQ=DAILY\nEXDATE:20260309T000000",
    ],
)
def test_a_rule_that_is_not_understood_is_refused(rule: str) -> None:
    """The error names the field, and no such rule is guessed at."""
    with pytest.raises(InvalidInput) as refused:
        Recurrence(rule)
    assert refused.value.field == "rule"


def test_letters_may_be_small() -> None:
    """As RFC 5545 has it."""
    assert list(Recurrence("freq=weekly;byday=tu").days(_MONDAY, date(2026, 3, 20))) == [
        date(2026, 3, 10),
        date(2026, 3, 17),
    ]


def test_a_rule_that_never_comes_true_ends() -> None:
    """There is no 30 February, and nobody waits for one."""
    assert list(Recurrence("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30").days(_MONDAY, date(2030, 1, 1))) == []
