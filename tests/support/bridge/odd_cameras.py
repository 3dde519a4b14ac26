"""All odd cameras, by what is odd about them: CAMERAS.md is written from them, and the tests play them."""

from tests.support.bridge.odd_answers import CERTIFICATES, PICTURES, TROUBLE
from tests.support.bridge.odd_camera import OddCamera
from tests.support.bridge.odd_refusals import ADDRESSES, PASSWORDS
from tests.support.bridge.odd_streams import HEADS, STREAMS

ROOMS: dict[str, tuple[OddCamera, ...]] = {
    "Streams": STREAMS,
    "HTTP": HEADS,
    "Single pictures": PICTURES,
    "Passwords": PASSWORDS,
    "Addresses": ADDRESSES,
    "Certificates": CERTIFICATES,
    "Trouble": TROUBLE,
}
"""The cameras, by the heading that they stand under."""

ODD_CAMERAS: tuple[OddCamera, ...] = tuple(camera for room in ROOMS.values() for camera in room)
"""All of them."""
