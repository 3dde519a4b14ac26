"""Groups: their zone and their free days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from portero_server.domain.attendance.attendance_group import MOST_FREE_DAYS, AttendanceGroup
from portero_server.errors import InvalidInput

INDEPENDENCE = date(2026, 9, 18)


@pytest.mark.parametrize("zone", ["", "Mars", "America", "../etc", "/etc/passwd"])
def test_a_zone_must_be_known(zone: str) -> None:
    """What is no zone is refused, and named."""
    with pytest.raises(InvalidInput, match="zone must be an IANA name") as refused:
        AttendanceGroup("1b", "", zone)
    assert refused.value.field == "zone"


def test_a_region_needs_its_country() -> None:
    """A region alone, and a country without known holidays, are refused."""
    with pytest.raises(InvalidInput, match="region must come with a country"):
        AttendanceGroup("1b", "", "UTC", region="AP")
    with pytest.raises(InvalidInput, match="country"):
        AttendanceGroup("1b", "", "UTC", country="Chile")


def test_own_days_stand_before_public_holidays() -> None:
    """A public holiday may be worked, and any day may be free."""
    plain = AttendanceGroup("1b", "", "America/Santiago", country="CL")
    assert plain.holidays().name_on(INDEPENDENCE) is not None
    own = AttendanceGroup(
        "1b",
        "",
        "America/Santiago",
        country="CL",
        free_days={date(2026, 3, 2): "x"},
        worked_days=frozenset({INDEPENDENCE}),
    )
    assert own.holidays().name_on(INDEPENDENCE) is None
    assert own.holidays().name_on(date(2026, 3, 2)) == "x"
    assert AttendanceGroup("1b", "", "UTC").holidays().name_on(INDEPENDENCE) is None


def test_a_day_is_not_both_free_and_worked() -> None:
    """A free day that the group works is refused, since it would not be free."""
    group = AttendanceGroup("1b", "", "UTC", worked_days=frozenset({INDEPENDENCE}))
    with pytest.raises(InvalidInput, match="worked days of 1b") as refused:
        group.with_free_day(INDEPENDENCE, "x")
    assert refused.value.field == "day"


def test_a_group_has_a_limit_of_free_days() -> None:
    """One of them can still have another name, and one more is refused."""
    days = [INDEPENDENCE + timedelta(days=number) for number in range(MOST_FREE_DAYS + 1)]
    group = AttendanceGroup("1b", "", "UTC", free_days=dict.fromkeys(days[:-1], "x"))
    assert group.with_free_day(INDEPENDENCE, "y").free_days[INDEPENDENCE] == "y"
    with pytest.raises(InvalidInput, match="400 free days already"):
        group.with_free_day(days[-1], "x")
    assert INDEPENDENCE not in group.without_free_day(INDEPENDENCE).free_days
