"""Cameras behind an rtsp(s) URL."""

from portero_bridge.sources.base import SourceKind, SourceOptions
from portero_bridge.sources.capture_process import CaptureProcess
from portero_bridge.sources.capture_record import CaptureJob


def open_rtsp(options: SourceOptions) -> CaptureProcess:
    """Returns the source for an RTSP URL; FFmpeg reads the password from the URL."""
    return CaptureProcess(
        CaptureJob(
            target=options.address,
            rate=options.rate,
            max_side=options.max_side,
            quality=options.quality,
            open_timeout=options.connect_timeout,
            read_timeout=options.read_timeout,
        )
    )


def _claims(address: str) -> bool:
    return address.lower().startswith(("rtsp://", "rtsps://"))


KIND = SourceKind("rtsp", _claims, open_rtsp)
"""RTSP through OpenCV and FFmpeg, in a process of its own."""
