"""HTTP cameras: an endless stream of pictures, or one JPEG per answer, which is then requested repeatedly.

What a camera sends decides which, not what it says. JPEG bytes are passed on unchanged, without what is behind their
end marker.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import httpx2

from portero_bridge.errors import SettingsError, SourceFault
from portero_bridge.redact import redact_address
from portero_bridge.sources.base import CapturedImage, SourceKind, SourceOptions
from portero_bridge.sources.http.client import CameraClient
from portero_bridge.sources.http.connection import Answer, Patience
from portero_bridge.sources.http.content import Content, content_of, kind_of_bytes, says_film
from portero_bridge.sources.http.credentials import AskedAuth, Credentials, KnownCredentials, split_credentials
from portero_bridge.sources.http.head import clock_oddity
from portero_bridge.sources.http.trust import Trust
from portero_bridge.sources.multipart import MultipartParser, PartLimits, boundary_of
from portero_client.jpeg_file import WHITE_SPACE, JpegDamaged, JpegWalk, count_trimmed

# Images a second that are asked for one by one where the settings name no rate.
_POLLING_RATE = 1.0
_LIMITS = PartLimits()


class MjpegSource:
    """A camera behind an http(s) URL.

    Raises:
        SettingsError: The URL is malformed, or names a user beside the settings.
    """

    is_finite = False
    waits = False

    def __init__(self, options: SourceOptions) -> None:
        address, given = split_credentials(options.address)
        try:
            self._url = httpx2.URL(address).copy_with(userinfo=b"", fragment=None)
            if not self._url.host:
                raise ValueError
        except (httpx2.InvalidURL, ValueError) as error:
            # What the library says quotes the address, and with it perhaps a password.
            raise SettingsError(f"source {redact_address(options.address)!r} is not a URL") from error
        self._known = KnownCredentials(given, options.username, options.password_file)
        self._credentials: Credentials | None = None
        self._auth = AskedAuth(None)
        self._trust = Trust(options.ca_file, options.certificate_sha256)
        self._options = options

    async def images(self) -> AsyncGenerator[CapturedImage, None]:
        """Connects and yields images until the camera stops.

        Raises:
            SourceFault: It is off, frozen, or sends something else.
        """
        options, clock = self._options, self._options.clock
        patience = Patience(options.connect_timeout, options.read_timeout)
        client = CameraClient(self._url, self._current_auth(), self._trust, patience)
        try:
            while True:
                began = clock.monotonic()
                async with client.get() as answer:
                    self._notice_way(client)
                    reading = _Reading(answer, options)
                    if await reading.is_stream():
                        async with aclosing(reading.stream()) as pictures:
                            async for image in pictures:
                                yield image
                        raise SourceFault("the camera ended the stream")
                    image = await reading.picture()
                yield image
                spent = clock.monotonic() - began
                await clock.sleep(max(0.0, 1 / (options.rate or _POLLING_RATE) - spent))
        finally:
            client.close()

    def _notice_way(self, client: CameraClient) -> None:
        if client.redirected:
            self._options.notice("redirects to another address")
        if self._auth.asked:
            self._options.notice(f"asks {self._auth.asked}")

    def _current_auth(self) -> AskedAuth:
        """Returns what answers the camera's 401: the same as before, unless the password was changed."""
        credentials = self._known.current()
        if credentials != self._credentials:
            self._credentials, self._auth = credentials, AskedAuth(credentials)
        return self._auth


class _Reading:
    """Reads the pictures of one answer.

    No whole picture for the read timeout ends it, however many bytes come: a camera that drips does not hang.
    """

    def __init__(self, answer: Answer, options: SourceOptions) -> None:
        self._answer = answer
        self._timeout = options.read_timeout
        self._clock = options.clock
        self._last = options.clock.monotonic()
        self._start = b""
        self._is_silent = True
        self._notice = options.notice
        for oddity in (*answer.head.oddities, clock_oddity(answer.head, options.clock.now())):
            if oddity:
                options.notice(oddity)

    async def is_stream(self) -> bool:
        """Reads until it is clear what the answer is. Returns whether it is one picture after the other."""
        content_type, is_all = self._answer.content_type, False
        while (content := content_of(content_type, self._start, is_all=is_all)) is None:
            data = await self._more()
            self._start += data
            is_all = not data
        if content is Content.OTHER:
            what = kind_of_bytes(self._start) or (f"{content_type[:60]!r}" if self._start else "nothing")
            raise SourceFault(f"the camera sends {what}, not JPEG pictures")
        is_stream = content is Content.STREAM or says_film(content_type)
        if is_stream != says_film(content_type) or not (is_stream or content_type.lower().startswith("image/jpeg")):
            what = "a stream" if is_stream else "a picture"
            self._notice(f"says {content_type[:60] or 'nothing'} and sends {what}")
        if not is_stream and self._answer.is_open_ended:
            self._notice("no Content-Length")
        return is_stream

    async def stream(self) -> AsyncGenerator[CapturedImage, None]:
        """Yields the pictures of a stream."""
        parser = MultipartParser(boundary_of(self._answer.content_type), _LIMITS)
        data = self._start or await self._more()
        while data:
            for file in parser.feed(data):
                for oddity in parser.take_oddities():
                    self._notice(oddity)
                yield CapturedImage(file, self._clock.now(), parser.take_trimmed())
                # Whoever took the image may have waited; that is not the camera's silence.
                self._last, self._is_silent = self._clock.monotonic(), True
            data = await self._more()

    async def picture(self) -> CapturedImage:
        """Returns the picture of an answer, complete with its end marker where it has one."""
        body = bytearray(self._start.lstrip(WHITE_SPACE))
        walk: JpegWalk | None = JpegWalk()
        while True:
            try:
                end = walk.advance(body) if walk else None
            except JpegDamaged:
                end = walk = None
            if (end or len(body)) > _LIMITS.body_bytes:
                raise SourceFault(f"the camera's image has more than {_LIMITS.body_bytes} bytes")
            if end is not None:
                cut = count_trimmed(body[end:]) + self._answer.bytes_left
                return CapturedImage(bytes(body[:end]), self._clock.now(), cut)
            data = await self._more()
            if not data:
                if walk is not None and self._answer.is_open_ended:
                    raise SourceFault("the connection broke: the camera closed it within a picture")
                return CapturedImage(bytes(body), self._clock.now())
            body += data

    async def _more(self) -> bytes:
        left = self._last + self._timeout - self._clock.monotonic()
        if left <= 0 and not self._is_silent:
            raise self._late()
        try:
            data = await self._answer.read(left)
        except TimeoutError as error:
            raise self._late() from error
        self._is_silent = False
        return data

    def _late(self) -> SourceFault:
        if self._is_silent:
            return SourceFault(f"the camera sent nothing for {self._timeout:g} s")
        return SourceFault(f"no whole JPEG in what the camera sent for {self._timeout:g} s")


def _claims(address: str) -> bool:
    return address.lower().startswith(("http://", "https://"))


KIND = SourceKind("mjpeg", _claims, MjpegSource, takes_credentials=True)
"""MJPEG over HTTP, as an ESP32-CAM sends it."""
