"""What a servicer asks of the call it serves."""

from __future__ import annotations

from typing import Any, TypeAlias

import grpc

from portero_server.clock import Clock

Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]
"""The call, as grpc.aio hands it to a servicer."""


def deadline_of(context: Context, clock: Clock) -> float | None:
    """Gives the monotonic seconds after which the client no longer waits, or None when it waits forever."""
    # The stubs say float; a call without a deadline gives None.
    remaining: float | None = context.time_remaining()
    return None if remaining is None else clock.monotonic() + remaining
