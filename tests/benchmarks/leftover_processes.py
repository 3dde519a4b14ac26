"""Ends what a run leaves behind: every process that inherited its mark, wherever it put itself in the meantime."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import psutil

_SHARED_MEMORY = Path("/dev/shm")


def ended_strays(variable: str, value: str, patience: float = 5.0) -> list[str]:
    """Ends all processes but this one whose environment has a variable with this value; gives their names.

    A process group or a tree does not hold what begins a session of its own and outlives its parent; the environment
    it started with does.
    """
    marked = [each for each in psutil.process_iter() if each.pid != os.getpid() and _marked(each, variable, value)]
    names = []
    for stray in marked:
        with contextlib.suppress(psutil.NoSuchProcess):
            names.append(stray.name())
            stray.terminate()
    _, stubborn = psutil.wait_procs(marked, timeout=patience)
    for stray in stubborn:
        with contextlib.suppress(psutil.NoSuchProcess):
            stray.kill()
    psutil.wait_procs(stubborn, timeout=patience)
    return names


def _marked(process: psutil.Process, variable: str, value: str) -> bool:
    try:
        # What is dead already, and only waits to be reaped, has no environment any more.
        return process.environ().get(variable) == value and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, OSError):
        return False


def removed_shared_memory(pid: int) -> int:
    """Removes what a PyTriton of this process id left in shared memory; gives how many files that were."""
    # Its own spelling, 8 MiB each.
    left = list(_SHARED_MEMORY.glob(f"pytrtion{pid}-*")) if _SHARED_MEMORY.is_dir() else []
    for file in left:
        file.unlink(missing_ok=True)
    return len(left)
