"""Pagination: tokens that encode where the next page begins."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from portero_simulator.problems import invalid_token

_T = TypeVar("_T")

_LARGEST = 4096


def page(items: Sequence[_T], token: str | None, size: int | None) -> tuple[Sequence[_T], str | None]:
    """Returns a page and the token of the next one (None: it is the last).

    Args:
        items: Everything, in a steady order.
        token: As given with the page before.
        size: Most items; None or 0: as many as a page holds.

    Raises:
        ApiProblem: The token is not one of ours.
    """
    start = _start(token) if token else 0
    if start > len(items):
        raise invalid_token()
    end = start + min(size or _LARGEST, _LARGEST)
    return items[start:end], _token(end) if end < len(items) else None


def _token(start: int) -> str:
    return base64.urlsafe_b64encode(f"from:{start}".encode()).decode()


def _start(token: str) -> int:
    try:
        name, _, number = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
        if name != "from" or not number.isdigit():
            raise invalid_token()
    except (binascii.Error, ValueError):
        raise invalid_token() from None
    return int(number)
