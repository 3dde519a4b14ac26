"""Notices a camera that shows the same picture for long: its sensor or encoder hangs while it goes on sending."""

import zlib

from portero_bridge.images.opencv import Pixels


class StuckWatch:
    """Compares each picture of a camera with the one before, byte by byte: no sensor is without noise for minutes.

    Args:
        limit: Seconds of the same picture after which a camera counts as stuck.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._picture: tuple[int, int] | None = None
        self._since = 0.0
        self._is_stuck = False

    def saw(self, image: bytes | Pixels, now: float) -> bool | None:
        """Processes a picture.

        Args:
            image: The picture.
            now: Monotonic seconds.

        Returns:
            Whether the camera is stuck, if that is news; else None.
        """
        picture = (len(image), zlib.crc32(image)) if isinstance(image, bytes) else None
        if picture is None or picture != self._picture:
            self._picture, self._since = picture, now
            was_stuck, self._is_stuck = self._is_stuck, False
            return False if was_stuck else None
        if self._is_stuck or now - self._since < self._limit:
            return None
        self._is_stuck = True
        return True
