"""Looks at photographs before the engine does, so that none is paid for that would teach a poor face."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from portero_server.domain.detection.photo_advice import PhotoAdvice, PhotoReport
from portero_server.engines.base import Pixels, usable_face
from portero_server.vision.photo_report import PhotoDetector, photo_report


class PhotoGuard:
    """Judges photographs with the detector of this machine, which costs nothing but a tenth of a second."""

    def __init__(self, detector: PhotoDetector, tell: Callable[[PhotoAdvice], None] = lambda _advice: None) -> None:
        """Looks with `detector`; `tell` is called with each flaw of a photograph that was to be enrolled."""
        self._detector = detector
        self._tell = tell

    async def look(self, pixels: Pixels) -> PhotoReport:
        """Returns what a photograph shows, and what is wrong with it."""
        return await asyncio.to_thread(photo_report, self._detector, pixels)

    async def admit(self, pixels: Pixels) -> Sequence[PhotoAdvice]:
        """Returns what is poor about a photograph that can be used.

        Raises:
            PhotoRefused: It cannot.
        """
        report = await self.look(pixels)
        for advice in report.advice:
            self._tell(advice)
        usable_face(report)
        return report.warnings
