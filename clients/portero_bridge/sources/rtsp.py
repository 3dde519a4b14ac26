"""Cameras behind an rtsp(s) URL."""

from functools import partial

from portero_bridge.sources.base import SourceKind, SourceOptions
from portero_bridge.sources.capture_process import CaptureProcess, ask_nobody
from portero_bridge.sources.capture_record import CaptureJob
from portero_bridge.sources.rtsp_address import read_rtsp_address
from portero_bridge.sources.rtsp_question import ask_camera


def open_rtsp(options: SourceOptions) -> CaptureProcess:
    """Returns the source for an RTSP URL; FFmpeg reads the password from the URL, where it must be escaped."""
    # Tests read a file, as FFmpeg does.
    address = read_rtsp_address(options.address) if _claims(options.address) else None
    return CaptureProcess(
        CaptureJob(
            target=address.url if address else options.address,
            rate=options.rate,
            max_side=options.max_side,
            quality=options.quality,
            open_timeout=options.connect_timeout,
            read_timeout=options.read_timeout,
            transport=options.rtsp_transport,
        ),
        ask=partial(ask_camera, address, options.rtsp_transport, options.connect_timeout) if address else ask_nobody,
    )


def _claims(address: str) -> bool:
    return address.lower().startswith(("rtsp://", "rtsps://"))


KIND = SourceKind("rtsp", _claims, open_rtsp)
"""RTSP through OpenCV and FFmpeg, in a process of its own."""
