"""The result of a check."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report.

    Attributes:
        check: What was looked at.
        ok: Whether it is as it should be.
        needed: Whether this machine cannot do its work without it.
        detail: What was found.
        remedy: What to do; empty when it is ok.
    """

    check: str
    ok: bool
    needed: bool
    detail: str
    remedy: str = ""
