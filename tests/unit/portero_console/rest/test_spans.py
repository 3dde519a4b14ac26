"""The time that sessions are asked of."""

from __future__ import annotations

import pytest

from tests.support.console.browser import Browser


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"first_day": "1969-12-31"}, "first_day"),
        ({"last_day": "9999-12-31"}, "last_day"),
        ({"first_day": "2026-03-02", "last_day": "2026-03-01"}, "last_day"),
        ({"first_day": "2026-03-02", "since": "2026-03-02T00:00:00Z"}, "since"),
        ({"first_day": "yesterday"}, "first_day"),
        ({"since": "2026-03-02T00:00:00"}, "since"),
        ({"first_day": "2026-03-02"}, "group"),
    ],
)
async def test_a_time_that_cannot_be_is_refused(params: dict[str, str], field: str, browser: Browser) -> None:
    """The answer names the field: a day out of range or before the first, days with moments, days of no zone."""
    answer = await browser.http.get("/api/v1/attendance/sessions", params=params)
    assert answer.status_code == 400
    assert answer.json()["violations"][0]["field"] == field
