"""Cameras behind an rtsp(s) URL."""

from portero_bridge.sources.base import SourceKind, SourceOptions
from portero_bridge.sources.capture_process import CaptureProcess
from portero_bridge.sources.capture_record import CaptureJob
from portero_bridge.sources.rtsp_address import read_rtsp_address


def open_rtsp(options: SourceOptions) -> CaptureProcess:
    """Returns the source for an RTSP URL; FFmpeg reads the password from the URL, where it must be escaped."""
    return CaptureProcess(
        CaptureJob(
            target=read_rtsp_address(options.address).url if _claims(options.address) else options.address,
            rate=options.rate,
            max_side=options.max_side,
            quality=options.quality,
            open_timeout=options.connect_timeout,
            read_timeout=options.read_timeout,
            transport=options.rtsp_transport,
        )
    )


def _claims(address: str) -> bool:
    return address.lower().startswith(("rtsp://", "rtsps://"))


KIND = SourceKind("rtsp", _claims, open_rtsp)
"""RTSP through OpenCV and FFmpeg, in a process of its own."""
