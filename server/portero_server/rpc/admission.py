"""How many calls are served at once. A further one is refused at once, before its message is read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from portero_server.errors import LimitReached

IMAGE_METHODS = frozenset(
    {
        "portero.v1.GalleryService/CompareImages",
        "portero.v1.GalleryService/EnrollFace",
        "portero.v1.GalleryService/SearchByImage",
        "portero.v1.RecognitionService/ReadText",
        "portero.v1.RecognitionService/RecognizeImage",
    }
)
"""Methods whose request holds whole images."""

# A load balancer that asks a full server must hear that it lives.
_ALWAYS_ADMITTED = "grpc.health.v1.Health/Check"
_CALL_RETRY = 1.0
_IMAGE_RETRY = 0.25


@dataclass(frozen=True, slots=True)
class CallLimits:
    """Most calls at once.

    Attributes:
        calls: Of all kinds, open streams and watchers included.
        image_calls: Unary calls with images. Each may hold 10 MiB of files and 100 MB of decoded
            pixels, and took up to 170 MiB in all, workers' share included, with the worst images that are
            taken; two a processor keep every processor busy while others wait for the engine.
    """

    calls: int = 4096
    image_calls: int = 2 * (os.cpu_count() or 1)


class Admission:
    """Counts calls under way."""

    def __init__(self, limits: CallLimits) -> None:
        self._limits = limits
        self._calls = 0
        self._image_calls = 0

    @contextmanager
    def admit(self, method: str) -> Iterator[None]:
        """Holds a place while the call is served.

        Args:
            method: "package.Service/Method".

        Raises:
            LimitReached: Every place is taken; says when to try again.
        """
        if method == _ALWAYS_ADMITTED:
            yield
            return
        images = method in IMAGE_METHODS
        if self._calls >= self._limits.calls:
            raise LimitReached(
                f"the server is serving {self._limits.calls} calls, its most; try again in a moment",
                retry_after=_CALL_RETRY,
                reason="TOO_MANY_CALLS",
            )
        if images and self._image_calls >= self._limits.image_calls:
            raise LimitReached(
                f"the server is working on {self._limits.image_calls} image calls, its most; try again in a moment",
                retry_after=_IMAGE_RETRY,
                reason="TOO_MANY_IMAGE_CALLS",
            )
        self._calls += 1
        self._image_calls += images
        try:
            yield
        finally:
            self._calls -= 1
            self._image_calls -= images
