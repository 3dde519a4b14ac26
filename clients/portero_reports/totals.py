"""What records add up to as CSV, and the text of cells that spreadsheets open."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from portero_client import AttendanceTotals
from portero_client.names import PEOPLE

COUNTS = ("present", "late", "left_early", "absent", "excused", "unproven")
"""The statuses that are counted, in the order of columns."""

_PERCENTAGES = ("percentage", "lowest_percentage", "highest_percentage")
_REMOVED = "(removed)"


def totals_csv(totals: Iterable[AttendanceTotals]) -> str:
    """Returns what records add up to as CSV with a line of headings; an empty percentage: nothing is decided."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["person", "name", *COUNTS, "credit", *_PERCENTAGES, "present_seconds", "late_seconds"])
    for each in totals:
        shown = ("" if value is None else value for value in (getattr(each, name) for name in _PERCENTAGES))
        lengths = (f"{length.total_seconds():g}" for length in (each.present, each.late))
        writer.writerow(
            [person_of(each.person), not_a_formula(each.display_name), *counts_of(each), each.credit, *shown, *lengths]
        )
    return text.getvalue()


def counts_of(totals: AttendanceTotals) -> list[int]:
    """Returns how many sessions have each status, in the order of COUNTS."""
    return [getattr(totals, f"{name}_count") for name in COUNTS]


def person_of(name: str) -> str:
    """Returns the id of a person, or that they were removed."""
    return PEOPLE.identifier(name) if name else _REMOVED


def not_a_formula(value: str) -> str:
    """Returns a cell for a CSV file that spreadsheets show as text: a name may begin so as to be run as a formula."""
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
