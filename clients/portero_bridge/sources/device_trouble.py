"""Finds out why a camera of this machine does not open, which OpenCV does not tell."""

import errno
import os
import sys
from pathlib import Path


def is_device(target: str | int) -> bool:
    """Returns whether something is a camera of this machine, and not a file that is read in its place."""
    return isinstance(target, int) or target.startswith("/dev/")


def why_missing(target: str | int) -> str | None:
    """Returns in one line why a camera cannot be opened by anybody here, or None if it is worth a try.

    Nothing is opened, since a driver may hang.
    """
    path = _path(target)
    if not sys.platform.startswith("linux"):
        return None
    try:
        path.stat()
    except OSError as error:
        return _told(path, error)
    return None if os.access(path, os.R_OK | os.W_OK) else _forbidden(path)


def why_not_open(target: str | int) -> str:
    """Returns in one line why a camera gives no picture; opens it, so it is called in the capture process."""
    path = _path(target)
    if not sys.platform.startswith("linux"):
        return f"no camera {target} could be opened on this machine"
    try:
        os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))
    except OSError as error:
        return _told(path, error)
    return f"{path} gives no pictures: another program uses it, or it is not a camera but a camera's second device"


def _path(target: str | int) -> Path:
    return Path(f"/dev/video{target}" if isinstance(target, int) else target)


def _told(path: Path, error: OSError) -> str:
    if error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        there = sorted(str(device) for device in Path("/dev").glob("video*"))
        return f"there is no device {path}" + (f"; there are {', '.join(there)}" if there else ", nor any other camera")
    if error.errno in (errno.EACCES, errno.EPERM):
        return _forbidden(path)
    if error.errno == errno.EBUSY:
        return f"{path} is in use by another program"
    return f"{path} cannot be opened: {error.strerror}"


def _forbidden(path: Path) -> str:
    return f"{path} may not be opened: its user must be in the group video"
