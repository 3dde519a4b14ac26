"""What a request asks for in its query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portero_console.compreface.errors import Code, CompreFaceError

_MOST_CANDIDATES = 20
"""Candidates of a face that the server returns at most."""

_MOST_FACES = 1000
_PAGE_SIZE = 20
_BOOLEANS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


@dataclass(frozen=True, slots=True)
class Analysis:
    """How a photo is to be looked at.

    Attributes:
        limit: Most faces, the largest first; 0: all.
        least_probability: Faces that are less certainly faces are left out, 0..1.
        prediction_count: Most subjects of each face, 1..20.
        status: Whether the answer tells how long it took.
    """

    limit: int
    least_probability: float
    prediction_count: int
    status: bool


def analysis_of(query: Mapping[str, str]) -> Analysis:
    """Reads limit, det_prob_threshold, prediction_count and status.

    Raises:
        CompreFaceError: One of them cannot be used.
    """
    count = _integer(query, "prediction_count", 1)
    if count < 1:
        raise CompreFaceError(Code.INCORRECT_PREDICTION_COUNT, "prediction_count must be 1 or more")
    return Analysis(
        limit=_at_least("limit", _integer(query, "limit", 0), 0),
        least_probability=_ratio(query, "det_prob_threshold"),
        prediction_count=min(count, _MOST_CANDIDATES),
        status=_boolean(query, "status"),
    )


def page_of(query: Mapping[str, str]) -> tuple[int, int]:
    """Returns page, counted from 0, and size of a page.

    Raises:
        CompreFaceError: One of them cannot be used.
    """
    size = _at_least("size", _integer(query, "size", _PAGE_SIZE), 1)
    if size > _MOST_FACES:
        raise _violation(f"size must be at most {_MOST_FACES}")
    return _at_least("page", _integer(query, "page", 0), 0), size


def subject_of(value: object) -> str:
    """Returns a subject as it is stored: without white space around it.

    Raises:
        CompreFaceError: There is none.
    """
    if not isinstance(value, str) or not value.strip():
        raise _violation("subject must not be empty")
    return value.strip()


def _integer(query: Mapping[str, str], name: str, default: int) -> int:
    value = query.get(name, "").strip()
    if not value:
        return default
    digits = value.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 9):
        raise _unusable(f"{name} must be a whole number")
    return int(value)


def _ratio(query: Mapping[str, str], name: str) -> float:
    value = query.get(name, "").strip()
    try:
        ratio = float(value or 0)
    except ValueError:
        raise _unusable(f"{name} must be a number") from None
    if not 0 <= ratio <= 1:
        raise _violation(f"{name} must be 0.0 to 1.0")
    return ratio


def _boolean(query: Mapping[str, str], name: str) -> bool:
    value = query.get(name, "").strip().lower() or "false"
    if value not in _BOOLEANS:
        raise _unusable(f"{name} must be true or false")
    return _BOOLEANS[value]


def _at_least(name: str, value: int, least: int) -> int:
    if value < least:
        raise _violation(f"{name} must be {least} or more")
    return value


def _violation(message: str) -> CompreFaceError:
    return CompreFaceError(Code.VALIDATION_CONSTRAINT_VIOLATION, message)


def _unusable(message: str) -> CompreFaceError:
    return CompreFaceError(Code.INCORRECT_ARGUMENT, message)
