"""The registry of source kinds: decides which kind an address is."""

from portero_bridge.errors import SettingsError
from portero_bridge.redact import redact_address
from portero_bridge.sources import device, file, folder, mjpeg, mqtt, rtsp, synthetic
from portero_bridge.sources.base import SourceKind

# The first that claims an address has it: a path is what is left when nothing else fits.
KINDS: tuple[SourceKind, ...] = (
    mjpeg.KIND,
    rtsp.KIND,
    mqtt.KIND,
    synthetic.KIND,
    device.KIND,
    folder.KIND,
    file.KIND,
)


def kind_of(address: str) -> SourceKind:
    """Returns the kind of source for an address.

    Raises:
        SettingsError: No source accepts it; the message shows no password.
    """
    for kind in KINDS:
        if kind.claims(address):
            return kind
    raise SettingsError(
        f"source {redact_address(address)!r} is not an http(s), rtsp(s) or mqtt(s) URL, a device number, /dev/video…,"
        " a folder, a file, or synthetic:…"
    )
