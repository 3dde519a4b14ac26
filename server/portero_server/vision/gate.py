"""The motion gate of one camera: decides whether a frame shows anything new."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Literal

import numpy as np

from portero_server.domain.detection.geometry import WHOLE, Box
from portero_server.domain.gate.damage import DamageWatch
from portero_server.vision.background import Background, BackgroundPolicy
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Gray
from portero_server.vision.thumbnail import Thumbnail, decode_thumbnail
from portero_server.vision.zones import blacken

# A face of 40 pixels in a VGA frame still covers 5 x 5 of the reduced picture.
_WIDEST = 256
_NARROWEST = 40
_FINER: dict[int, Literal[1, 2, 4]] = {8: 4, 4: 2, 2: 1}


@dataclass(frozen=True, slots=True)
class GateResult:
    """The gate's result for one frame.

    Attributes:
        changed: Whether it is worth a look.
        share: Part of the picture that differs from the background, 0..1.
        duplicate: Whether the file is, byte for byte, the one before; it is then not changed.
        region: Where it differs, when it is changed.
        damaged: Whether the picture data is damaged, so that the frame was passed over; it is then not changed.
    """

    changed: bool
    share: float
    duplicate: bool
    region: Box = WHOLE
    damaged: bool = False


class MotionGate:
    """Compares each frame of one camera with its learned background. One frame at a time, from any thread.

    Attributes:
        picture: The last sound frame, gray, 40 to 256 pixels, zones blackened; None before the first.
    """

    def __init__(self, policy: BackgroundPolicy | None = None) -> None:
        self.picture: Gray | None = None
        self._background = Background(policy or BackgroundPolicy())
        self._last_file: tuple[int, int] | None = None
        self._reduce: Literal[1, 2, 4, 8] = 8
        self._damage = DamageWatch()

    def look(self, jpeg: bytes, captured: float, zones: tuple[Box, ...] = ()) -> GateResult:
        """Compares a frame with the background.

        Args:
            jpeg: The file, its header checked.
            captured: Capture time in seconds; only differences count.
            zones: Privacy zones, which it must not see.

        Raises:
            FrameRefused: UNDECODABLE; the frame leaves no trace.
        """
        file = (len(jpeg), zlib.crc32(jpeg))
        if file == self._last_file:
            return GateResult(changed=False, share=0.0, duplicate=True)
        thumbnail, damaged = self._decoded(jpeg, zones)
        self._last_file = file
        if self._damage.passes_over(damaged=damaged):
            return GateResult(changed=False, share=0.0, duplicate=False, damaged=True)
        self.picture = thumbnail
        share = self._background.update(thumbnail, captured)
        region = self._background.region if share > 0.0 else WHOLE
        return GateResult(changed=share > 0.0, share=share, duplicate=False, region=region)

    def _decoded(self, jpeg: bytes, zones: tuple[Box, ...]) -> Thumbnail:
        """Decodes a frame at about 40 to 256 pixels, so that the cost does not depend on its size."""
        thumbnail, damaged = decode_thumbnail(jpeg, self._reduce)
        while min(thumbnail.shape) < _NARROWEST and self._reduce > 1:
            self._reduce = _FINER[self._reduce]
            thumbnail, damaged = decode_thumbnail(jpeg, self._reduce)
        # Before anything else, so that nothing of a zone gets into a neighboring pixel when it is made smaller.
        thumbnail = blacken(thumbnail, zones)
        height, width = thumbnail.shape
        if max(width, height) <= _WIDEST:
            return Thumbnail(thumbnail, damaged)
        # The camera may have been set to a larger size since.
        self._reduce = 8
        scale = _WIDEST / max(width, height)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        small = np.asarray(cv2.resize(thumbnail, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        return Thumbnail(small, damaged)
