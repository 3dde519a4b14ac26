"""Days, numbers and periods are written as the language does."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from portero_reports.period import Period
from portero_reports.words import Language, words_in

ENGLISH, SPANISH = words_in(Language.ENGLISH), words_in(Language.SPANISH)


def test_percentages_have_the_mark_of_the_language() -> None:
    """One decimal; a dash where nothing is decided."""
    assert (ENGLISH.percent(93.3), SPANISH.percent(93.3)) == ("93.3 %", "93,3 %")
    assert SPANISH.percent(None) == "-"


@pytest.mark.parametrize(
    ("period", "english", "spanish"),
    [
        (Period.day_of(date(2026, 3, 2)), "2026-03-02", "02-03-2026"),
        (Period.month_of(2026, 9), "September 2026", "septiembre de 2026"),
        (Period(date(2026, 3, 2), date(2026, 3, 6)), "2026-03-02 to 2026-03-06", "desde 02-03-2026 hasta 06-03-2026"),
        (Period(), "the first record to the last record", "desde el primer registro hasta el último registro"),
        (
            Period(start=datetime(2026, 3, 2, 8, tzinfo=UTC)),
            "2026-03-02 08:00 UTC to the last record",
            "desde 02-03-2026 08:00 UTC hasta el último registro",
        ),
    ],
)
def test_periods_are_called_what_they_are(period: Period, english: str, spanish: str) -> None:
    """A day, a month, days, or moments."""
    assert (ENGLISH.period(period), SPANISH.period(period)) == (english, spanish)


def test_a_day_without_a_decision_has_a_sign() -> None:
    """Unproven before excused."""
    assert (SPANISH.sign_of(1), SPANISH.sign_of(0)) == ("?", "J")
