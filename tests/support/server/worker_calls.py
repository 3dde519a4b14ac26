"""What tests ask worker processes to do; a module of its own, since other processes must import it."""

from __future__ import annotations

import asyncio
import os
import sys

from portero_server.engines.local.workers import WorkerPool


def nothing() -> None:
    """Prepares nothing."""


def process_id() -> int:
    """Returns which process it runs in."""
    return os.getpid()


def complain(message: str) -> None:
    """Raises an ordinary error."""
    raise ValueError(message)


def die() -> None:
    """Ends the process as a crash of native code would."""
    os._exit(11)


async def _announce_and_wait() -> None:
    pool = WorkerPool(1, nothing, "waits")
    sys.stdout.write(f"{await pool.run(process_id)}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_announce_and_wait())
