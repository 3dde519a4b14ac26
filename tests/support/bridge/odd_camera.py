"""A camera that behaves as told, and the description of what it does and of what the bridge makes of it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial

from tests.support.bridge.pictures import picture

BOUNDARY = b"B"
MIXED = b"multipart/x-mixed-replace; boundary=B"
USER, PASSWORD = "admin", "s3cret @#:/%"

Answer = Callable[[bytes, int], bytes]
"""Makes an answer from the request and its number, the first being 1."""


def shot(number: int) -> bytes:
    """Returns the picture of a number, as small as the server takes them."""
    return picture(number, 80, 80)


class Then(Enum):
    """What the camera does behind its answer."""

    STAY = auto()  # Keep the connection open, and send nothing more unless asked again.
    CLOSE = auto()
    DRIP = auto()  # Send the rest byte for byte, slower than anybody would wait.


@dataclass(frozen=True, slots=True)
class OddCamera:
    """A camera and what becomes of its pictures.

    Attributes:
        name: Short and unique.
        does: What it does, in words for people who own one.
        we: What the bridge does about it, in words.
        answer: Its answers.
        then: What follows an answer.
        pictures: How many pictures come.
        shows: Which pictures those are, by their number from 1 on.
        trimmed: Bytes behind their end markers that are cut.
        fault: What the source fails with after them, as a regular expression; nothing: it goes on.
        options: Further options of the source.
        address: The source's address; HOST stands for the camera's.
        tls: Whether it speaks TLS.
    """

    name: str
    does: str
    we: str
    answer: Answer
    then: Then = Then.STAY
    pictures: int = 3
    shows: Callable[[int], bytes] = shot
    trimmed: int = 0
    fault: str = ""
    options: Mapping[str, object] = field(default_factory=dict)
    address: str = "http://HOST/video"
    tls: bool = False


def head(content_type: bytes = b"", *lines: bytes, status: bytes = b"HTTP/1.1 200 OK") -> bytes:
    """Returns the head of an answer."""
    typed = [b"Content-Type: " + content_type] if content_type else []
    return b"\r\n".join([status, *typed, *lines, b"", b""])


def snapshot(body: bytes, content_type: bytes = b"image/jpeg", *lines: bytes, length: int | None = None) -> bytes:
    """Returns an answer that is one picture."""
    said = b"Content-Length: %d" % (len(body) if length is None else length)
    return head(content_type, said, *lines) + body


def part(jpeg: bytes, *, boundary: bytes = b"--B", length: int | None = -1, end: bytes = b"\r\n") -> bytes:
    """Returns one part of a stream; a length of -1 is the right one, None is none."""
    header = b"Content-Type: image/jpeg" + end
    if length is not None:
        header += b"Content-Length: %d" % (len(jpeg) if length == -1 else length) + end
    return boundary + end + header + end + jpeg + end


def parts(make: Callable[[bytes], bytes], count: int = 3) -> bytes:
    """Returns the first parts of a stream."""
    return b"".join(make(shot(number)) for number in range(1, count + 1))


def plain(request: bytes, number: int) -> bytes:
    """Answers each request with the next picture."""
    return snapshot(shot(number))


def counted() -> partial[bytes]:
    """Returns a camera that counts its pictures and not its requests."""
    given: list[int] = []

    def serve(given: list[int], request: bytes, number: int) -> bytes:
        if given and number <= given[-1]:
            # Another server plays it from the beginning.
            given.clear()
        given.append(number)
        return snapshot(shot(len(given)))

    return partial(serve, given)


def mixed(request: bytes, number: int) -> bytes:
    """Answers with a stream of three pictures."""
    return head(MIXED) + parts(part)


class OddServer:
    """Plays an odd camera on a port of the system's choice.

    Args:
        camera: What to play.
        tls: Its certificate, where it speaks TLS.
    """

    def __init__(self, camera: OddCamera, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.port = 0
        self._camera = camera
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def address(self) -> str:
        """The source's address."""
        return self._camera.address.replace("HOST", f"127.0.0.1:{self.port}")

    async def __aenter__(self) -> OddServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            while True:
                request = await reader.readexactly(1)
                if not request.isalpha():
                    # The greeting of TLS.
                    writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
                    break
                request += await reader.readuntil(b"\r\n\r\n")
                self.requests.append(request)
                answer = self._camera.answer(request, len(self.requests)).replace(b"PORT", b"%d" % self.port)
                if self._camera.then is Then.DRIP:
                    begun, rest = answer[:-40], answer[-40:]
                    writer.write(begun)
                    for at in range(len(rest) - 1):
                        await asyncio.sleep(0.02)
                        writer.write(rest[at : at + 1])
                    await asyncio.Event().wait()
                writer.write(answer)
                await writer.drain()
                if self._camera.then is Then.CLOSE or b"Connection: close" in answer[:1000]:
                    break
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
