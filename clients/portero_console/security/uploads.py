"""Photos that come in: bounded in size, number and time, before anything keeps them."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus

from starlette.requests import Request

from portero_console.problems import Problem
from portero_console.security.bodies import BodyLimit
from portero_console.security.rates import RateLimit
from portero_console.settings import MIB, ConsoleSettings

IMAGE_TYPES = ("image/jpeg", "image/png")

_PHOTO_PATH = re.compile(r"/api/v1/(people/[^/]+/faces|photos/check|images/search)")


def takes_photo(path: str) -> bool:
    """Returns whether a route takes a photo as its body; such a route reads nothing before the caller is admitted."""
    return _PHOTO_PATH.fullmatch(path) is not None


def photo_body(settings: ConsoleSettings) -> BodyLimit:
    """Returns the limit of a body that is a photo."""
    return BodyLimit(
        settings.max_upload,
        settings.upload_timeout,
        _too_large(settings.max_upload),
        Problem(
            HTTPStatus.REQUEST_TIMEOUT,
            "UPLOAD_TOO_SLOW",
            f"the photo did not arrive within {settings.upload_timeout:g} s",
        ),
    )


def image_type(headers: Mapping[str, str]) -> str | None:
    """Returns the type of the image that a request says it brings, or None."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind if kind in IMAGE_TYPES else None


class Uploads:
    """Takes photos as the body of a request, or within it."""

    def __init__(self, settings: ConsoleSettings, now: Callable[[], float]) -> None:
        self._settings = settings
        self._rate = RateLimit(settings.upload_rate, now)
        self._by_identity: Counter[str] = Counter()
        self._held = 0

    @asynccontextmanager
    async def photo(self, request: Request, identity: str) -> AsyncIterator[bytes]:
        """Reads the photo of a request, which counts as held until the block is left.

        Args:
            request: Its body is a JPEG or PNG file.
            identity: Who sends it, for the rate and the number; empty: nobody's key.

        Raises:
            Problem: It is no image by its type, too large, too slow, or one too many.
        """
        _check_type(request)
        async with self.body(request, identity, self._settings.max_upload) as photo:
            yield photo

    @asynccontextmanager
    async def body(self, request: Request, identity: str, most: int, photos: int = 1) -> AsyncIterator[bytes]:
        """Reads a body that has photos in it, which count as held until the block is left.

        Args:
            request: Its body is not read yet.
            identity: Who sends it, for the rate and the number; empty: nobody's key.
            most: Largest body, bytes.
            photos: How many it has.

        Raises:
            Problem: It is too large, too slow, or one too many.
        """
        _check_length(int(length) if (length := request.headers.get("content-length", "0")).isdecimal() else 0, most)
        wait = self._rate.wait(identity)
        if wait > 0:
            raise _too_many(f"at most {self._settings.upload_rate:g} photos a minute", wait)
        # Where nobody has a key, all of this machine are one caller.
        places = max(1, self._settings.uploads // 2) if identity else self._settings.uploads
        if self._by_identity[identity] >= places:
            raise _too_many(f"{places} photos of this key are under way", 1.0)
        for _ in range(photos):
            self._rate.count(identity)
        self._by_identity[identity] += photos
        try:
            body = await self._read(request, most)
            with self._places(photos):
                yield body
        finally:
            self._by_identity[identity] -= photos
            if not self._by_identity[identity]:
                del self._by_identity[identity]

    @contextmanager
    def _places(self, photos: int) -> Iterator[None]:
        """Takes places of all callers, only once the photos are there: a slow caller keeps out nobody else."""
        if self._held >= self._settings.uploads:
            raise _too_many(f"{self._held} photos are being looked at", 1.0)
        self._held += photos
        try:
            yield
        finally:
            self._held -= photos

    async def _read(self, request: Request, most: int) -> bytes:
        body = bytearray()
        try:
            async with asyncio.timeout(self._settings.upload_timeout):
                async for chunk in request.stream():
                    _check_length(len(body) + len(chunk), most)
                    body += chunk
        except TimeoutError:
            raise Problem(
                HTTPStatus.REQUEST_TIMEOUT,
                "UPLOAD_TOO_SLOW",
                f"the photo did not arrive within {self._settings.upload_timeout:g} s",
            ) from None
        return bytes(body)


def _check_type(request: Request) -> None:
    if image_type(request.headers) is None:
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "NOT_AN_IMAGE",
            f"the body must be a photo, and its Content-Type {' or '.join(IMAGE_TYPES)}",
        )


def _check_length(length: int, most: int) -> None:
    if length > most:
        raise _too_large(most)


def _too_large(most: int) -> Problem:
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "PHOTO_TOO_LARGE", f"the photo is larger than {most / MIB:.3g} MiB"
    )


def _too_many(words: str, wait: float) -> Problem:
    return Problem(HTTPStatus.TOO_MANY_REQUESTS, "TOO_MANY_UPLOADS", f"{words}; try again soon", retry_after=wait)
