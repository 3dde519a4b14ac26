"""Decodes the QR and PDF417 codes of a document with ZXing-C++: free, and without reading text."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from portero_server.domain.detection.geometry import Box
from portero_server.domain.documents.document import CardSide, ReadCode
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Gray, Pixels

_SYMBOLOGIES = {"QRCode": "qr", "PDF417": "pdf417"}
_LARGER = 2.0
"""Modules under three pixels, and blurred ones, are decoded at twice the size."""
_MOST_PIXELS = 2_200_000
"""Larger pictures are not enlarged; nothing on them is small."""
_MOST_CODES = 4


@dataclass(frozen=True, slots=True)
class FoundCode:
    """A decoded code.

    Attributes:
        symbology: "qr" or "pdf417".
        content: Its text; bytes that are not UTF-8 as ISO 8859-1.
        box: Where it is, in ratios of the searched picture.
        turned: Clockwise degrees that the code is turned in the picture: 0, 90, 180 or 270, the nearest.
    """

    symbology: str
    content: str
    box: Box
    turned: int

    def around(self) -> FoundCode:
        """Returns it as in the picture turned by half a turn."""
        box = self.box
        other = Box(1 - box.right, 1 - box.bottom, box.width, box.height)
        return replace(self, box=other, turned=(self.turned + 180) % 360)

    def on(self, side: CardSide) -> ReadCode:
        """Returns it as read on a side of a document."""
        return ReadCode(self.symbology, self.content, side, self.box)


def find_codes(pixels: Pixels) -> tuple[FoundCode, ...]:
    """Decodes the codes of a BGR picture, as it is, enlarged, and with contrast evened out, until one is found."""
    gray = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    found = _decoded(gray)
    if found or gray.size > _MOST_PIXELS:
        return found
    large = np.asarray(cv2.resize(gray, None, fx=_LARGER, fy=_LARGER, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
    if found := _decoded(large):
        return found
    # Undoes some of a lens's blur.
    sharper = cv2.addWeighted(large, 2.5, cv2.GaussianBlur(large, (0, 0), 3.0), -1.5, 0)
    return _decoded(np.asarray(sharper, dtype=np.uint8))


def _decoded(gray: Gray) -> tuple[FoundCode, ...]:
    # Its library writes pages to stderr about what a process that fails to start has not freed.
    import zxingcpp

    height, width = gray.shape
    formats = zxingcpp.barcode_formats_from_str(",".join(_SYMBOLOGIES))
    codes = []
    for barcode in zxingcpp.read_barcodes(np.ascontiguousarray(gray), formats=formats)[:_MOST_CODES]:
        symbology = _SYMBOLOGIES.get(barcode.format.name)
        if symbology is None or not barcode.bytes:
            continue
        corners = barcode.position
        points = (corners.top_left, corners.top_right, corners.bottom_right, corners.bottom_left)
        xs, ys = [point.x for point in points], [point.y for point in points]
        box = Box.from_pixels(min(xs), min(ys), max(xs), max(ys), width=width, height=height).clipped()
        turned = round(barcode.orientation / 90) % 4 * 90
        codes.append(FoundCode(symbology, _text(barcode.bytes), box, turned))
    return tuple(codes)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
