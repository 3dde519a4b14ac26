"""What a recognition carries along of its trace, and the mark of the task that runs."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Protocol

Attribute = str | int | float


class Mark(Protocol):
    """A recognition that is being traced."""

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits."""
        ...

    def finish(self, **attributes: Attribute) -> None:
        """The recognition is over."""
        ...


CURRENT: ContextVar[Mark | None] = ContextVar("recognition", default=None)
"""The recognition that this task carries out."""
