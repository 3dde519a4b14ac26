"""Checks who may read a file that holds a secret."""

from __future__ import annotations

import os
import stat
from enum import Enum
from pathlib import Path


class Readers(Enum):
    """Who may read a file, by its permissions."""

    OWNER = "its owner"
    GROUP = "its group"
    EVERYBODY = "everybody on this machine"


def readers_of(path: Path) -> Readers:
    """Returns who may read a file; the owner only, if there is no file or permissions work differently."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return Readers.OWNER
    if os.name != "posix":
        return Readers.OWNER
    if mode & stat.S_IROTH:
        return Readers.EVERYBODY
    return Readers.GROUP if mode & stat.S_IRGRP else Readers.OWNER
