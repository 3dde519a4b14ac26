"""The buffer interface, and the names of epochs."""

import secrets
from datetime import datetime
from typing import Protocol

from portero_client.streaming.clock import Clock


class Buffer(Protocol):
    """Numbers frames and passes them to the delivery."""

    @property
    def survives(self) -> bool:
        """Whether its contents outlive the process."""
        ...

    @property
    def numbered_through(self) -> int:
        """The highest sequence assigned so far."""
        ...

    async def put(self, capture_time: datetime, jpeg: bytes) -> None:
        """Numbers and stores a frame; waits for room if the mode requires it."""
        ...

    async def renumber(self) -> None:
        """Starts a new epoch with everything in the buffer; only between sessions."""
        ...

    async def run(self) -> None:
        """Does the buffer's background work until canceled."""
        ...

    async def emptied(self) -> None:
        """Returns once everything in the buffer has been passed to the delivery."""
        ...

    async def aclose(self) -> None:
        """Removes what is durable at the server; nothing may be put afterwards."""
        ...


def mint_epoch(clock: Clock) -> str:
    """Returns a globally unique name for a new epoch."""
    return f"{clock.now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(6)}"
