"""HTTP cameras: an endless multipart stream, or one JPEG per response, which is then requested repeatedly.

JPEG bytes are passed on unchanged.
"""

import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import httpx

from portero_bridge.errors import SettingsError, SourceFault
from portero_bridge.redact import redact_address
from portero_bridge.sources.base import CapturedImage, SourceKind, SourceOptions
from portero_bridge.sources.multipart import MultipartParser, PartLimits, boundary_of

# Images a second that are asked for one by one where the settings name no rate.
_POLLING_RATE = 1.0
_LIMITS = PartLimits()

# Both libraries log addresses, and an address may hold a token.
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)


class MjpegSource:
    """A camera behind an http(s) URL.

    Raises:
        SettingsError: The URL is malformed.
    """

    is_finite = False
    waits = False

    def __init__(self, options: SourceOptions) -> None:
        try:
            url = httpx.URL(options.address)
            self._url = url.copy_with(userinfo=b"")
        except (httpx.InvalidURL, ValueError) as error:
            # What the library says quotes the address, and with it perhaps a password.
            raise SettingsError(f"source {redact_address(options.address)!r} is not a URL") from error
        self._auth = httpx.BasicAuth(url.username, url.password) if url.userinfo else None
        self._options = options

    async def images(self) -> AsyncGenerator[CapturedImage, None]:
        """Connects and yields images until the camera stops.

        Raises:
            SourceFault: It is off, frozen, or sends something else.
        """
        timeout = httpx.Timeout(self._options.read_timeout, connect=self._options.connect_timeout)
        async with httpx.AsyncClient(
            auth=self._auth,
            timeout=timeout,
            # A proxy of the environment has no business between a bridge and its cameras.
            trust_env=False,
            headers={"Accept-Encoding": "identity"},
        ) as client:
            while True:
                async with self._answer(client) as (response, content_type):
                    if content_type.lower().startswith("multipart/"):
                        async for image in self._parts(response, content_type):
                            yield image
                        raise SourceFault("the camera ended the stream")
                    began = self._options.clock.monotonic()
                    yield CapturedImage(await _body(response), self._options.clock.now())
                spent = self._options.clock.monotonic() - began
                await self._options.clock.sleep(max(0.0, 1 / (self._options.rate or _POLLING_RATE) - spent))

    @asynccontextmanager
    async def _answer(self, client: httpx.AsyncClient) -> AsyncIterator[tuple[httpx.Response, str]]:
        try:
            async with client.stream("GET", self._url) as response:
                if response.status_code != httpx.codes.OK:
                    raise SourceFault(f"the camera answered with HTTP status {response.status_code}")
                content_type = response.headers.get("content-type", "")
                if not content_type.lower().startswith(("multipart/", "image/jpeg")):
                    raise SourceFault(f"the camera sends {content_type[:60]!r}, not a multipart stream or image/jpeg")
                yield response, content_type
        except httpx.ConnectTimeout as error:
            raise SourceFault(f"no connection within {self._options.connect_timeout:g} s") from error
        except httpx.TimeoutException as error:
            raise SourceFault(f"the camera sent nothing for {self._options.read_timeout:g} s") from error
        except httpx.ConnectError as error:
            raise SourceFault("no connection to the camera") from error
        except httpx.HTTPError as error:
            raise SourceFault(f"the connection broke ({type(error).__name__})") from error

    async def _parts(self, response: httpx.Response, content_type: str) -> AsyncIterator[CapturedImage]:
        boundary = boundary_of(content_type)
        if boundary is None:
            raise SourceFault("the camera's multipart stream names no boundary")
        clock = self._options.clock
        parser = MultipartParser(boundary, _LIMITS)
        last = clock.monotonic()
        async for data in response.aiter_raw():
            files = parser.feed(data)
            if not files and clock.monotonic() - last > self._options.read_timeout:
                # Bytes come, but no image among them.
                raise SourceFault(
                    f"no JPEG in what the camera sent for {self._options.read_timeout:g} s"
                    f" ({parser.skipped} parts skipped)"
                )
            for file in files:
                yield CapturedImage(file, clock.now())
            if files:
                last = clock.monotonic()


async def _body(response: httpx.Response) -> bytes:
    body = bytearray()
    async for data in response.aiter_raw():
        body += data
        if len(body) > _LIMITS.body_bytes:
            raise SourceFault(f"the camera's image has more than {_LIMITS.body_bytes} bytes")
    return bytes(body)


def _claims(address: str) -> bool:
    return address.lower().startswith(("http://", "https://"))


KIND = SourceKind("mjpeg", _claims, MjpegSource)
"""MJPEG over HTTP, as an ESP32-CAM sends it."""
