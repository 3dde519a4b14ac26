"""What a servicer asks of the call it serves."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeAlias

import grpc

from portero_server.clock import Clock

Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]
"""The call, as grpc.aio hands it to a servicer."""


@dataclass(slots=True)
class CallNotes:
    """What was found out about a call while it was served, for the interceptors around it.

    Attributes:
        identified: Called when its credential turns out to be valid, with the identity's subject; empty where
            everybody is the same one, because authentication is off.
        reason: Why it was refused, or empty.
    """

    identified: Callable[[str], None]
    reason: str = ""


CALL_NOTES: ContextVar[CallNotes | None] = ContextVar("call_notes", default=None)
"""Of the call that this task serves; None: nobody wants to know."""


def deadline_of(context: Context, clock: Clock) -> float | None:
    """Returns the monotonic seconds after which the client no longer waits, or None when it waits forever."""
    # The stubs say float; a call without a deadline gives None.
    remaining: float | None = context.time_remaining()
    return None if remaining is None else clock.monotonic() + remaining
