"""What a buffer is, and the names that its numberings bear."""

import secrets
from datetime import datetime
from typing import Protocol

from portero_bridge.clock import Clock


class Buffer(Protocol):
    """Numbers frames and hands them to the delivery."""

    @property
    def survives(self) -> bool:
        """Whether what it keeps outlives the process."""
        ...

    @property
    def numbered_through(self) -> int:
        """The last sequence that exists."""
        ...

    async def put(self, capture_time: datetime, jpeg: bytes) -> None:
        """Numbers a frame and keeps it, waiting for room where the mode says so."""
        ...

    async def renumber(self) -> None:
        """Begins a new epoch with everything that is kept; only between sessions."""
        ...

    async def run(self) -> None:
        """Works in the background until canceled."""
        ...

    async def emptied(self) -> None:
        """Returns when everything that was put is with the delivery."""
        ...

    async def aclose(self) -> None:
        """Lets go of what is durable; nothing is put any more."""
        ...


def mint_epoch(clock: Clock) -> str:
    """Returns a name for a new numbering that no other bridge will ever give."""
    return f"{clock.now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(6)}"
