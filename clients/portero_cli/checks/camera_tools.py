"""Checks what a machine with cameras needs: a library that opens streams and files, and readable devices."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from portero_cli.checks.finding import Finding

_DEVICES = Path("/dev")


def check_video(*, needed: bool) -> Finding:
    """Checks whether OpenCV can open RTSP streams and video files."""
    check = "RTSP and video files"
    try:
        cv2: Any = importlib.import_module("cv2")
        ok = bool(cv2.videoio_registry.hasBackend(cv2.CAP_FFMPEG))
    except ModuleNotFoundError:
        return Finding(check, False, needed, "OpenCV is missing", "pip install 'portero[bridge]'")
    except Exception as error:  # noqa: BLE001 - half an installation lacks attributes; one for another NumPy raises others
        reason = " ".join(str(error).split())
        return Finding(check, False, needed, f"OpenCV does not load: {reason}", "reinstall opencv-python-headless")
    return Finding(
        check,
        ok,
        needed,
        f"OpenCV {cv2.__version__} {'with' if ok else 'without'} FFmpeg",
        "" if ok else "pip install opencv-python-headless, which brings FFmpeg",
    )


def check_devices(devices: Iterable[Path] | None = None) -> Finding:
    """Checks that USB cameras are readable; having none is fine."""
    found = sorted(_DEVICES.glob("video*") if devices is None else devices)
    closed = [device.name for device in found if not os.access(device, os.R_OK | os.W_OK)]
    if closed:
        remedy = "add this user to the group `video` and log in again"
        return Finding("USB cameras", False, False, f"cannot be opened: {', '.join(closed)}", remedy)
    return Finding("USB cameras", True, False, ", ".join(device.name for device in found) or "none connected")
