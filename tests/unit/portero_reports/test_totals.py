"""What records add up to as CSV."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from portero_client import AttendanceTotals
from portero_reports.totals import COUNTS, counts_of, not_a_formula, person_of, totals_csv


def _totals(person: str, name: str, percentage: float | None) -> AttendanceTotals:
    shares = percentage, percentage, percentage
    return AttendanceTotals(person, 3, 1, 0, 2, 0, 4, 4.0, *shares, timedelta(hours=2), timedelta(minutes=5), name)


def test_each_person_is_a_line_in_the_order_of_the_headings() -> None:
    """Counts stand under their statuses, lengths are seconds, and an open percentage is empty."""
    text = totals_csv([_totals("people/ana", "Ana", 66.5), _totals("", "", None)])
    ana, removed = csv.DictReader(io.StringIO(text))
    assert [ana[name] for name in COUNTS] == ["3", "1", "0", "2", "0", "4"]
    assert (ana["person"], ana["percentage"], ana["present_seconds"], ana["late_seconds"]) == (
        *("ana", "66.5"),
        *("7200", "300"),
    )
    assert (removed["person"], removed["percentage"]) == ("(removed)", "")
    assert counts_of(_totals("", "", None)) == [3, 1, 0, 2, 0, 4]
    assert person_of("people/ana") == "ana"


@pytest.mark.parametrize("beginning", ["=", "+", "-", "@", "\t", "\r"])
def test_no_name_is_run_as_a_formula(beginning: str) -> None:
    """A cell that begins as formulas do is marked as text; others stay as they are."""
    assert not_a_formula(f"{beginning}1") == f"'{beginning}1"
    assert not_a_formula(f"1{beginning}") == f"1{beginning}"
