"""Raises the limit on open files and connections of the process as far as the system allows."""

from __future__ import annotations

import resource
from collections.abc import Callable
from dataclasses import dataclass

# Where the system names no limit of its own; more is of no use, and some systems refuse "unlimited".
_ENOUGH = 1_048_576


@dataclass(frozen=True, slots=True)
class Descriptors:
    """The limit before and after it was raised."""

    before: int
    now: int


def raise_descriptor_limit(
    get: Callable[[int], tuple[int, int]] = resource.getrlimit,
    set_: Callable[[int, tuple[int, int]], None] = resource.setrlimit,
) -> Descriptors:
    """Raises the soft limit of open descriptors to the hard one; a system that refuses keeps the limit it has.

    Each connection takes a descriptor. Out of descriptors, no connection is accepted and no file opened.
    """
    kind = resource.RLIMIT_NOFILE
    soft, hard = get(kind)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else hard
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return Descriptors(soft, soft)
    try:
        set_(kind, (wanted, hard))
    except (OSError, ValueError):
        return Descriptors(soft, soft)
    return Descriptors(soft, wanted)
