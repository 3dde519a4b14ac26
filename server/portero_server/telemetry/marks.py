"""The trace mark that a recognition carries along, and the mark of the current task."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Protocol

Attribute = str | int | float


class Mark(Protocol):
    """A recognition that is being traced."""

    @property
    def trace_id(self) -> str:
        """The trace id, 32 hexadecimal digits."""
        ...

    def finish(self, **attributes: Attribute) -> None:
        """Ends the trace of the recognition."""
        ...


CURRENT: ContextVar[Mark | None] = ContextVar("recognition", default=None)
"""The recognition that the current task performs."""
