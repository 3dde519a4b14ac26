"""USB and built-in cameras, by their number or /dev/video path."""

from portero_bridge.errors import SourceFault
from portero_bridge.sources.base import SourceKind, SourceOptions
from portero_bridge.sources.capture_process import CaptureProcess, ask_nobody
from portero_bridge.sources.capture_record import CaptureJob
from portero_bridge.sources.device_trouble import is_device, why_missing


def open_device(options: SourceOptions) -> CaptureProcess:
    """Returns the source for a device number or path."""
    address = options.address
    target = int(address) if address.isdecimal() else address

    async def ask() -> str:
        if is_device(target) and (reason := why_missing(target)) is not None:
            raise SourceFault(reason)
        return await ask_nobody()

    return CaptureProcess(
        CaptureJob(
            target=target,
            rate=options.rate,
            max_side=options.max_side,
            quality=options.quality,
            open_timeout=options.connect_timeout,
            read_timeout=options.read_timeout,
        ),
        ask=ask,
    )


def _claims(address: str) -> bool:
    return (address.isdecimal() and len(address) <= 3) or address.startswith("/dev/video")


KIND = SourceKind("device", _claims, open_device)
"""A camera of this machine through OpenCV, in a process of its own."""
