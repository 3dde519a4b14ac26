"""Which files of a folder people mean, and in which order."""

from __future__ import annotations

import re
from pathlib import Path

_DIGITS = re.compile(r"(\d+)")
# What systems leave beside people's files: Windows, macOS archives, network drives.
_CLUTTER = frozenset(("thumbs.db", "desktop.ini", "__macosx", "@eadir", "$recycle.bin", "system volume information"))


def is_clutter(path: Path) -> bool:
    """Whether a file or folder is hidden, or left there by a system: nobody means it."""
    return path.name.startswith(".") or path.name.casefold() in _CLUTTER


def natural_order(path: Path) -> tuple[list[str | int], str]:
    """Returns a sort key by which "img2" comes before "img10", whatever the case of their letters."""
    # Texts and numbers take turns, so that only like is compared with like.
    parts = _DIGITS.split(path.name.casefold())
    return [int(part) if index % 2 else part for index, part in enumerate(parts)], path.name
