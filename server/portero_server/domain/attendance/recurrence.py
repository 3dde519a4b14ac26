"""On which days something recurs, by a rule of RFC 5545 that `python-dateutil` computes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time

from dateutil.rrule import rrule, rrulestr

from portero_server.errors import InvalidInput

_PARTS = {
    "DAILY": frozenset({"BYDAY", "BYMONTH"}),
    "WEEKLY": frozenset({"BYDAY", "BYMONTH"}),
    "MONTHLY": frozenset({"BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS"}),
    "YEARLY": frozenset({"BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS"}),
}
"""What may narrow down each frequency: RFC 5545 allows little more, and such rules are computed in moderate time."""
_VALUES = {
    "INTERVAL": re.compile(r"[1-9]\d?"),
    "COUNT": re.compile(r"[1-9]\d{0,3}"),
    "WKST": re.compile(r"MO|TU|WE|TH|FR|SA|SU"),
    "BYDAY": re.compile(r"(?:[+-]?[1-5])?(?:MO|TU|WE|TH|FR|SA|SU)"),
    "BYMONTH": re.compile(r"[1-9]|1[0-2]"),
    "BYMONTHDAY": re.compile(r"[+-]?(?:[1-9]|[12]\d|3[01])"),
    "BYSETPOS": re.compile(r"[+-]?[1-9]\d?"),
}
"""What each part may be; those that begin with BY may be several, with commas."""


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Days that recur, as "FREQ=WEEKLY;BYDAY=MO,WE".

    Times of the day are no part of the rule, and neither is its end: `Schedule` has them.

    Attributes:
        rule: The value of an RRULE, with FREQ (DAILY to YEARLY), INTERVAL, COUNT, WKST, BYDAY, BYMONTH, BYMONTHDAY and
            BYSETPOS.

    Raises:
        InvalidInput: The rule is not one of these, or is too wide.
    """

    rule: str

    def __post_init__(self) -> None:
        parts = _parts(self.rule)
        allowed = _PARTS.get(parts.get("FREQ", ""))
        if allowed is None:
            raise InvalidInput("rule", f"rule must have a FREQ of {', '.join(_PARTS)}, and is {self.rule!r}")
        if unknown := (set(parts) - {"FREQ", "INTERVAL", "COUNT", "WKST"} - allowed):
            raise InvalidInput("rule", f"rule cannot have {', '.join(sorted(unknown))} with FREQ={parts['FREQ']}")
        for name, pattern in _VALUES.items():
            values = parts[name].split(",") if name.startswith("BY") and name in parts else [parts.get(name)]
            if wrong := [each for each in values if each is not None and pattern.fullmatch(each) is None]:
                raise InvalidInput("rule", f"{name} must match {pattern.pattern}, and has {wrong[0]!r}")
        if parts["FREQ"] in ("DAILY", "WEEKLY") and any(map(str.isdigit, parts.get("BYDAY", ""))):
            raise InvalidInput("rule", f"BYDAY cannot have numbers with FREQ={parts['FREQ']}: {parts['BYDAY']!r}")
        if parts["FREQ"] == "DAILY" and parts.get("INTERVAL", "1") != "1" and not allowed.isdisjoint(parts):
            raise InvalidInput(
                "rule", "rule cannot have BYDAY or BYMONTH with FREQ=DAILY and INTERVAL: use FREQ=WEEKLY"
            )

    def days(self, first_day: date, until: date) -> Iterator[date]:
        """Yields the days on which it recurs, in order.

        Args:
            first_day: On which it begins, and from which intervals and COUNT are counted; it recurs on that day only if
                the rule says so.
            until: Last day that is yielded.
        """
        for found in self._from(first_day):
            if (day := found.date()) > until:
                return
            yield day

    def _from(self, first_day: date) -> rrule:
        found = rrulestr(self.rule, dtstart=datetime.combine(first_day, time()))
        assert isinstance(found, rrule)  # noqa: S101 - the constructor allows one rule only
        return found


def _parts(rule: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in rule.upper().split(";"):
        name, _, value = part.partition("=")
        if not value or name in parts:
            raise InvalidInput("rule", f"rule must be as FREQ=WEEKLY;BYDAY=MO,WE, and is {rule!r}")
        parts[name] = value
    return parts
