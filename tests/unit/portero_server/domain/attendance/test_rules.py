"""Rules that contradict themselves are refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from portero_server.domain.attendance.rules import AttendanceRules
from portero_server.errors import InvalidInput


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ({"opens_before": timedelta(minutes=-1)}, "opens_before"),
        ({"grace": timedelta(seconds=-1)}, "grace"),
        ({"leaves_before": timedelta(minutes=-1)}, "leaves_before"),
        ({"late_after": timedelta(minutes=20), "absent_after": timedelta(minutes=19)}, "absent_after"),
        ({"sure_similarity": 1.1}, "sure_similarity"),
    ],
)
def test_a_contradiction_is_refused(rules: dict[str, Any], field: str) -> None:
    """The error names the field."""
    with pytest.raises(InvalidInput) as refused:
        AttendanceRules(**rules)
    assert refused.value.field == field


def test_an_absence_may_begin_where_lateness_does() -> None:
    """Then nobody is late."""
    limit = timedelta(minutes=20)
    assert AttendanceRules(late_after=limit, absent_after=limit).absent_after == limit
