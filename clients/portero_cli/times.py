"""Parses times and durations from the command line: "2h" ago, "+90d" ahead, "2026-05-01", "2026-05-01T10:00:00Z"."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)([smhdw])")


def parse_duration(text: str) -> timedelta:
    """Parses a duration such as "90s", "15m", "2h", "3d" or "1w".

    Raises:
        ValueError: It is malformed.
    """
    found = _DURATION.fullmatch(text.strip().lower())
    if found is None:
        raise ValueError(f"{text!r} is not a duration; write 90s, 15m, 2h, 3d or 1w")
    return timedelta(**{_UNITS[found[2]]: float(found[1])})


def parse_time(text: str) -> datetime:
    """Parses a time: RFC 3339, a local date or time, a duration ago ("2h"), or one ahead ("+2h").

    Raises:
        ValueError: It is malformed.
    """
    return time_meant(text, datetime.now().astimezone())


def parse_time_ahead(text: str) -> datetime:
    """Parses a time as `parse_time`, for an option about the future: a duration is ahead with or without its plus.

    Raises:
        ValueError: It is malformed.
    """
    return time_meant(text, datetime.now().astimezone(), ahead=True)


def time_meant(text: str, now: datetime, *, ahead: bool = False) -> datetime:
    """Returns the time that a text means at `now`, in UTC; a text without a zone is in the zone of `now`.

    Args:
        text: As typed.
        now: The present.
        ahead: Whether a duration without a plus is ahead, and not ago.

    Raises:
        ValueError: It is not a time.
    """
    text = text.strip()
    try:
        if _DURATION.fullmatch(text.removeprefix("+").lower()):
            length = parse_duration(text.removeprefix("+"))
            meant = now + length if ahead or text.startswith("+") else now - length
        else:
            meant = datetime.fromisoformat(text)
        return (meant if meant.tzinfo else meant.replace(tzinfo=now.tzinfo)).astimezone(UTC)
    except (ValueError, OverflowError):
        examples = "90d (ahead)" if ahead else "2h (ago), +2h (ahead)"
        raise ValueError(f"{text!r} is not a time; write {examples}, 2026-05-01 or 2026-05-01T10:00:00Z") from None
