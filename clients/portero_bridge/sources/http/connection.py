"""One connection to a camera, and one answer at a time from it."""

import asyncio
import socket
import ssl
from dataclasses import dataclass

import httpx2

from portero_bridge.errors import SourceFault
from portero_bridge.sources.http.content import says_stream
from portero_bridge.sources.http.framing import Framing, Sized, framing_of
from portero_bridge.sources.http.head import Head, split_head
from portero_bridge.sources.http.lookup import Lookup
from portero_bridge.sources.http.trust import Trust, tls_fault

_READ_BYTES = 64 * 1024
# The body of a refusal or redirect is read up to this size to keep the connection.
_MOST_IGNORED_BYTES = 64 * 1024
_LOOKUP = Lookup()


class ConnectionLost(SourceFault):
    """The camera ended the connection before its answer began."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a camera, seconds: for a connection, and for each thing that it is to send."""

    connect: float
    read: float


async def connect(url: httpx2.URL, trust: Trust, patience: Patience) -> "Connection":
    """Connects to the host of a URL.

    Raises:
        SourceFault: It cannot be reached in time, or its certificate is not trusted.
    """
    is_tls = url.scheme == "https"
    context = trust.context() if is_tls else None
    try:
        async with asyncio.timeout(patience.connect):
            connection = await _first_reached(url, context)
    except TimeoutError as error:
        raise SourceFault(f"no connection within {patience.connect:g} s") from error
    except ssl.SSLError as error:
        raise tls_fault(error) from error
    except socket.gaierror as error:
        raise SourceFault("no connection to the camera: its name is not known") from error
    except OSError as error:
        words = error.strerror if error.errno and error.strerror else type(error).__name__
        raise SourceFault(f"no connection to the camera: {_reason(error, words)}") from error
    try:
        if is_tls:
            trust.check(connection.certificate)
    except SourceFault:
        connection.close()
        raise
    return connection


async def _first_reached(url: httpx2.URL, context: ssl.SSLContext | None) -> "Connection":
    failure: OSError = OSError("it has no address")
    host = url.raw_host.decode("ascii")
    for address in await _LOOKUP.addresses(host):
        try:
            reader, writer = await asyncio.open_connection(
                address,
                url.port or (443 if context else 80),
                ssl=context,
                server_hostname=host if context else None,
            )
            return Connection(reader, writer)
        except ssl.SSLError:
            raise
        except OSError as error:
            failure = error
    raise failure


def _reason(error: OSError, words: str) -> str:
    return "refused" if isinstance(error, ConnectionRefusedError) else words.lower()


class Connection:
    """A connection that was made. At most one answer is read from it at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._left_at: float | None = None

    @property
    def certificate(self) -> bytes | None:
        """The camera's certificate, DER."""
        session = self._writer.get_extra_info("ssl_object")
        return session.getpeercert(binary_form=True) if session else None

    def close(self) -> None:
        """Ends the connection at once."""
        self._writer.transport.abort()

    def leave(self) -> None:
        """Notes that the connection is left open for a further request."""
        self._left_at = asyncio.get_running_loop().time()

    def left_for(self) -> float:
        """Returns for how long nobody used the connection, seconds."""
        return 0.0 if self._left_at is None else asyncio.get_running_loop().time() - self._left_at

    async def ask(self, request: httpx2.Request, patience: Patience) -> "Answer":
        """Sends a request and reads the head of the answer.

        Raises:
            ConnectionLost: The camera closed the connection instead.
            SourceFault: No head came in time, or the connection broke.
        """
        lines = [b"GET " + request.url.raw_path + b" HTTP/1.1"]
        lines += [name + b": " + value for name, value in request.headers.raw]
        came = bytearray()
        try:
            self._writer.write(b"\r\n".join([*lines, b"", b""]))
            async with asyncio.timeout(patience.read):
                while (split := split_head(came)) is None:
                    data = await self._reader.read(_READ_BYTES)
                    if not data:
                        raise ConnectionLost("the connection broke: the camera closed it without an answer")
                    came += data
        except TimeoutError as error:
            raise SourceFault(f"the camera sent nothing for {patience.read:g} s") from error
        except OSError as error:
            raise _broken(error, came) from error
        head, body = split
        return Answer(self, head, bytes(came[body:]))

    async def receive(self, seconds: float) -> bytes:
        """Returns the next bytes, or none at the end of the connection.

        Raises:
            TimeoutError: Nothing came for so long.
            SourceFault: The connection broke.
        """
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                return await self._reader.read(_READ_BYTES)
        except TimeoutError:
            raise
        except OSError as error:
            raise _broken(error, b"") from error


def _broken(error: OSError, came: bytes | bytearray) -> SourceFault:
    kind = SourceFault if came else ConnectionLost
    return kind(f"the connection broke ({type(error).__name__})")


class Answer:
    """An answer whose head was read.

    Args:
        connection: Where its body comes from.
        head: Its head.
        start: The bytes that came behind the head.
    """

    def __init__(self, connection: Connection, head: Head, start: bytes) -> None:
        self.head = head
        self._connection = connection
        self._framing: Framing = framing_of(head, is_stream=says_stream(self.content_type))
        self._start = start

    @property
    def content_type(self) -> str:
        """What the camera says that it sends."""
        return self.head.value("content-type")

    @property
    def bytes_left(self) -> int:
        """How many bytes of the body are missing for certain."""
        return self._framing.left if isinstance(self._framing, Sized) else 0

    @property
    def is_open_ended(self) -> bool:
        """Whether only the end of the connection ends the body."""
        return not isinstance(self._framing, Sized) and not self._framing.is_complete

    async def read(self, seconds: float) -> bytes:
        """Returns further bytes of the body, or none at its end.

        Raises:
            TimeoutError: Nothing came for so long.
            SourceFault: The connection broke, or ended before the body.
        """
        while not self._framing.is_complete:
            data, self._start = self._start, b""
            data = data or await self._connection.receive(seconds)
            if not data:
                if self.bytes_left:
                    raise SourceFault("the connection broke: the camera closed it within a picture")
                break
            body = self._framing.feed(data)
            if body:
                return body
        return b""

    async def ignore(self, patience: Patience) -> bool:
        """Reads the body if it is short. Returns whether the connection can be used again."""
        if self.bytes_left > _MOST_IGNORED_BYTES or not isinstance(self._framing, Sized):
            return False
        try:
            async with asyncio.timeout(patience.read):
                while await self.read(patience.read):
                    pass
        except (TimeoutError, SourceFault):
            return False
        return self.may_be_followed

    @property
    def may_be_followed(self) -> bool:
        """Whether the connection can be used for a further request."""
        wish = self.head.value("connection").lower()
        stays = "close" not in wish and (self.head.is_http_1_1 or "keep-alive" in wish)
        return stays and self._framing.is_complete and not self._start
