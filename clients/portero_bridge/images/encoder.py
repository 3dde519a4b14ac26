"""Makes images fit: encodes decoded ones, shrinks large ones, and passes the rest unchanged."""

import math

import numpy as np

from portero_bridge.images.decoding import decode
from portero_bridge.images.opencv import Pixels, cv2
from portero_client.streaming.frames import ImageLimits

# Smaller pictures hold no face that could be recognized.
_LEAST_SIDE = 80
# Each further try at a byte limit takes so much off the sides.
_SHRINK_STEP = 0.75
# Markers that hold a picture's size: SOF0 to SOF15 without DHT, JPG and DAC.
_SIZE_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STANDALONE_MARKERS = frozenset({0x01, *range(0xD0, 0xD9)})


class Encoder:
    """Encodes images within a longest side, a quality and the limits of the server.

    Args:
        max_side: Longest side, pixels; None leaves the size alone.
        quality: JPEG quality, 1..100.
        limits: The largest image that is taken.
    """

    def __init__(self, max_side: int | None, quality: int, limits: ImageLimits) -> None:
        self._configured_side = max_side
        self._max_side = max_side
        self._quality = quality
        self._limits = limits

    @property
    def max_side(self) -> int | None:
        """Longest side allowed now, pixels."""
        return self._max_side

    def ask(self, max_side: int | None) -> None:
        """Applies the side that the server asks for, pixels; it can lower the configured side, not raise it.

        Args:
            max_side: Longest side; None as before.
        """
        if max_side is not None:
            side = max(max_side, _LEAST_SIDE)
            self._max_side = side if self._configured_side is None else min(side, self._configured_side)

    def limit(self, limits: ImageLimits) -> None:
        """Applies the largest image that the server takes."""
        self._limits = limits

    def forget_wishes(self) -> None:
        """Returns to the configured side: a new session starts, and its server has set no limit yet."""
        self._max_side = self._configured_side

    def fits(self, image: bytes | Pixels) -> bool:
        """Whether an image can be sent unchanged, judged by its header only."""
        if not isinstance(image, bytes) or len(image) > self._limits.max_bytes:
            return False
        size = jpeg_size(image)
        # What cannot be read goes on too: the server is the one that says what is wrong with it.
        return size is None or max(size) <= self._longest(*size)

    def encode(self, image: bytes | Pixels) -> bytes:
        """Returns a JPEG that fits, or the best available: what cannot be decoded is returned unchanged.

        Takes milliseconds of processor time; call it in a thread.
        """
        if isinstance(image, bytes):
            decoded = decode(image)
            if decoded is None:
                return image
            pixels: Pixels = decoded
        else:
            pixels = image
        height, width = pixels.shape[:2]
        side = max(width, height)
        wanted = min(side, self._longest(width, height))
        while True:
            encoded = self._encode_at(pixels, wanted)
            if len(encoded) <= self._limits.max_bytes or wanted <= _LEAST_SIDE:
                return encoded
            wanted = max(_LEAST_SIDE, int(wanted * _SHRINK_STEP))

    def _longest(self, width: int, height: int) -> int:
        """Returns the longest side, pixels, that a picture of this shape may have."""
        longest = self._limits.max_side if self._max_side is None else min(self._limits.max_side, self._max_side)
        if width * height > self._limits.max_pixels:
            longest = min(longest, int(max(width, height) * math.sqrt(self._limits.max_pixels / (width * height))))
        return longest

    def _encode_at(self, pixels: Pixels, longest: int) -> bytes:
        height, width = pixels.shape[:2]
        side = max(width, height)
        if longest < side:
            # Rounded down, so that the product stays within a limit too.
            size = (max(1, width * longest // side), max(1, height * longest // side))
            pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        done, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, self._quality])
        if not done:
            raise ValueError(f"a picture of shape {pixels.shape} could not be encoded")
        return encoded.tobytes()


def jpeg_size(jpeg: bytes) -> tuple[int, int] | None:
    """Returns the width and height in pixels from a JPEG's header, or None if it has none."""
    if jpeg[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 4 <= len(jpeg) and jpeg[at] == 0xFF:
        marker = jpeg[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in _STANDALONE_MARKERS:
            at += 2
            continue
        length = int.from_bytes(jpeg[at + 2 : at + 4])
        if marker in _SIZE_MARKERS:
            height, width = jpeg[at + 5 : at + 7], jpeg[at + 7 : at + 9]
            return (int.from_bytes(width), int.from_bytes(height)) if len(width) == 2 else None
        if length < 2:
            return None
        at += 2 + length
    return None
