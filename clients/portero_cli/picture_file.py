"""Files with pictures that nobody else on this machine is to look at."""

from __future__ import annotations

from pathlib import Path

from portero_client import InvalidArgument


def check_new(file: Path) -> None:
    """Raises InvalidArgument if a file exists already; before the server is asked, which records each look."""
    if file.exists():
        raise InvalidArgument(f"{file} exists already", field="file", reason="FILE_EXISTS")


def write_picture(file: Path, content: bytes) -> None:
    """Writes a new file that only its owner may read."""
    file.touch(mode=0o600, exist_ok=False)
    file.write_bytes(content)
