"""Strict parsing of JSON that decides who is authenticated.

`json.loads` accepts NaN and Infinity, which JSON does not have, turns 1e999 into infinity, and lets the last of two
members with one name win. A credential that two parsers read differently is refused.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn


def strict_object(data: bytes) -> dict[str, Any]:
    """Parses one JSON object (RFC 8259) in UTF-8.

    Raises:
        ValueError: It is not JSON, not an object, has a name twice, or a number that is not finite.
        RecursionError: It is nested too deeply.
    """
    parsed = json.loads(
        data.decode("utf-8"),
        parse_constant=_refuse_constant,
        parse_float=_finite,
        object_pairs_hook=_with_unique_names,
    )
    if not isinstance(parsed, dict):
        raise ValueError("not a JSON object")
    return parsed


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _with_unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("an object has a name twice")
    return members
