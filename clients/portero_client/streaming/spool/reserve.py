"""Reserved disk space: without it, a full disk could not even record which frames were lost."""

import shutil
from collections.abc import Callable
from pathlib import Path

SIZE = 2 * 1024 * 1024
"""Bytes kept free: more than the write-ahead log of a spool and a large frame take together."""


def free_bytes(folder: Path) -> int:
    """Returns the free bytes of the disk that contains a folder."""
    return shutil.disk_usage(folder).free


class Reserve:
    """A file that occupies disk space until the space is needed.

    Args:
        path: Where it is; the folder exists. One that an earlier process left is taken over.
        size: How large it is, bytes.
        free: Returns the free bytes of a folder's disk.
    """

    def __init__(self, path: Path, size: int = SIZE, free: Callable[[Path], int] | None = None) -> None:
        self._path = path
        self._size = size
        self._free = free or free_bytes
        self.is_kept = path.is_file() and path.stat().st_size == size
        self.restore()

    def spend(self) -> bool:
        """Frees the reserved space. Returns whether there was any."""
        spent = self.is_kept
        self.is_kept = False
        self._path.unlink(missing_ok=True)
        return spent

    def restore(self) -> bool:
        """Reserves the space again, if the disk has twice that much. Returns whether it is reserved."""
        try:
            if not self.is_kept and self._free(self._path.parent) >= 2 * self._size:
                self._path.write_bytes(bytes(self._size))
                self.is_kept = True
        except OSError:
            # Another program was faster: the disk is as good as full.
            self._path.unlink(missing_ok=True)
        return self.is_kept
