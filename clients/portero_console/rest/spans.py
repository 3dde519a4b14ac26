"""The time that sessions are asked of: days where a group meets, or moments."""

from __future__ import annotations

from datetime import date
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Query
from pydantic import AwareDatetime

from portero_console.problems import Problem, Violation
from portero_reports import Period

_FIRST_YEAR, _LAST_YEAR = 1970, 2200
_FIRST = Query(description="First day, by the group's time zone: 2026-03-02.")
_LAST = Query(description="Last day, which is still within.")


def _days(
    first_day: Annotated[date | None, _FIRST] = None, last_day: Annotated[date | None, _LAST] = None
) -> Period | None:
    if first_day is None and last_day is None:
        return None
    for field, day in (("first_day", first_day), ("last_day", last_day)):
        if day is not None and not _FIRST_YEAR <= day.year <= _LAST_YEAR:
            raise _wrong(field, f"{field} must be in the years {_FIRST_YEAR} to {_LAST_YEAR}")
    if first_day is not None and last_day is not None and first_day > last_day:
        raise _wrong("last_day", f"last_day {last_day} must not be before first_day {first_day}")
    return Period(first_day, last_day, whole_month=_is_month(first_day, last_day))


def _span(
    days: Annotated[Period | None, Depends(_days)],
    since: Annotated[AwareDatetime | None, Query(description="RFC 3339 time with a zone, instead of days.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Before when.")] = None,
) -> Period:
    if days is not None and (since is not None or until is not None):
        raise _wrong("since", "give days or moments, not both")
    return days or Period(start=since, end=until)


TheDays = Annotated[Period | None, Depends(_days)]
"""Whole days of a request; None: none are named."""

TheSpan = Annotated[Period, Depends(_span)]
"""Days or moments of a request; neither: all time."""


def _is_month(first: date | None, last: date | None) -> bool:
    return first is not None and first.day == 1 and Period.month_of(first.year, first.month).last_day == last


def _wrong(field: str, detail: str) -> Problem:
    return Problem(
        HTTPStatus.BAD_REQUEST, "INVALID_ARGUMENT", detail, violations=[Violation(field=field, message=detail)]
    )
