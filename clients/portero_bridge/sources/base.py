"""The interface of sources, and their options."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from portero_bridge.images.opencv import Pixels
from portero_client.streaming.clock import Clock

Span = tuple[datetime, datetime]
"""A first and a last time, UTC."""


def _overlook(oddity: str) -> None:
    """Does nothing: most cameras run for years, and nobody asks."""


async def _nothing_earlier(start: datetime, length: timedelta) -> Sequence[Span]:
    """Returns nothing: without a server nothing is known."""
    return ()


@dataclass(frozen=True, slots=True)
class CapturedImage:
    """One image of a source.

    Attributes:
        image: A JPEG file as the camera sent it, or a decoded picture.
        capture_time: When it was taken, UTC.
        trimmed: Bytes behind end markers that were cut since the image before; line breaks are not counted.
        dropped: Images that came since the one before, and made room for newer ones.
    """

    image: bytes | Pixels
    capture_time: datetime
    trimmed: int = 0
    dropped: int = 0


class Source(Protocol):
    """A source of images."""

    @property
    def is_finite(self) -> bool:
        """Whether it ends by itself after its last image."""
        ...

    @property
    def waits(self) -> bool:
        """Whether no image is lost if the next one is requested late."""
        ...

    def images(self) -> AsyncGenerator[CapturedImage, None]:
        """Connects and yields images in order of capture; may be called again after the end.

        Closing the iterator releases everything it held.

        Raises:
            SourceFault: The source is off, frozen, or sends something else; it may be tried again.
        """
        ...


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """Options of a source; a source ignores those it has no use for.

    Attributes:
        address: URL, path or number; may hold a password and is never shown as it is.
        rate: Images a second that will be kept, or None for all.
        max_side: Longest side that will be sent, pixels, or None.
        quality: JPEG quality for sources that must encode, 1..100.
        realtime: Whether recorded images come at the pace they were taken at, or as fast as accepted.
        connect_timeout: Longest time to connect, seconds.
        read_timeout: Longest time without a whole image before the source counts as frozen, seconds.
        clock: The bridge's clock.
        rtsp_transport: How the pictures of an RTSP camera come: tcp or udp.
        start: When a recording began, UTC; None: what it says itself.
        recorded_rate: Images a second of a recording whose own times are missing or wrong; None: what it says itself.
        earlier: Asks what the camera sent before at the time of a recording, given its start and its length.
        dated: Told on the event loop when a recording began, and what says so.
        skipped: Told on the event loop about each image of a recording, or payload of a camera, that cannot be used, in
            one line with its name.
        username: Who asks, where the address does not say.
        password_file: File that holds the password; read at each connecting, so that it may be changed.
        ca_file: Authorities of the camera's certificate, PEM.
        certificate_sha256: Fingerprint of the one certificate that is right, 64 hex digits.
        client_certificate: The bridge's own certificate, PEM, where a camera's broker asks for one.
        client_key: Its private key, PEM.
        notice: Is told what is odd about the camera, in words; the same may be said again.
    """

    address: str
    rate: float | None
    max_side: int | None
    quality: int
    realtime: bool
    connect_timeout: float
    read_timeout: float
    clock: Clock
    rtsp_transport: str = "tcp"
    start: datetime | None = None
    recorded_rate: float | None = None
    earlier: Callable[[datetime, timedelta], Awaitable[Sequence[Span]]] = _nothing_earlier
    dated: Callable[[datetime, str], None] = lambda start, by: None
    skipped: Callable[[str], None] = lambda message: None

    @property
    def is_dated(self) -> bool:
        """Whether a recording keeps its own time; one in real time stands in for a camera, if no start is given."""
        return not self.realtime or self.start is not None

    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    certificate_sha256: str | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None
    notice: Callable[[str], None] = _overlook


@dataclass(frozen=True, slots=True)
class SourceKind:
    """A kind of source.

    Attributes:
        name: What it is called in messages.
        claims: Whether an address is of this kind.
        open: Makes the source, without connecting yet. Raises SettingsError.
        is_recorded: Whether its images were taken before, so that they can come faster than real time.
        keeps_time: Whether they have times of their own, in the past.
        takes_credentials: Whether user name, password and certificates may be settings of their own.
        takes_client_certificate: Whether the bridge may show a certificate of its own.
        check: Raises SettingsError where an address that it claims cannot be.
    """

    name: str
    claims: Callable[[str], bool]
    open: Callable[[SourceOptions], Source]
    is_recorded: bool = False
    keeps_time: bool = False
    takes_credentials: bool = False
    takes_client_certificate: bool = False
    check: Callable[[str], None] = lambda address: None
