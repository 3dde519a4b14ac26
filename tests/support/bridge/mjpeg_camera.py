"""A local HTTP server that plays an ESP32-CAM: killed, frozen, and sending garbage when told to."""

import asyncio
import base64
import socket
import struct
from collections.abc import Callable

from tests.support.time.timeouts import PATIENCE

BOUNDARY = "123456789000000000000987654321"


class MjpegCamera:
    """Sends numbered pictures over plain sockets, as fast as they are taken or as `show` says.

    Args:
        picture: Makes the n-th picture.
        password: "user:password" that requests must carry, if any.
    """

    def __init__(self, picture: Callable[[int], bytes], password: str | None = None) -> None:
        self.port = 0
        self.connections = 0
        self.requests: list[str] = []
        self.shown = 0
        self._picture = picture
        self._password = password
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._connected = asyncio.Condition()

    @property
    def url(self) -> str:
        """Address of the endless stream."""
        return f"http://127.0.0.1:{self.port}/stream"

    @property
    def snapshot_url(self) -> str:
        """Address of one picture an answer."""
        return f"http://127.0.0.1:{self.port}/capture"

    async def start(self) -> None:
        """Listen: on a free port at first, on the same one again later."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def kill(self) -> None:
        """Goes away with every connection reset."""
        if self._server is not None:
            self._server.close()
            for writer in list(self._writers):
                if writer.is_closing():
                    continue
                # Without lingering a close is a reset, which is what a board that lost its power looks like.
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
            self._writers.clear()
            await self._server.wait_closed()
            self._server = None

    async def connected(self, times: int = 1) -> None:
        """Waits until the stream was asked for so many times."""
        async with asyncio.timeout(PATIENCE), self._connected:
            await self._connected.wait_for(lambda: self.connections >= times and bool(self._writers))

    async def show(self, count: int = 1) -> None:
        """Sends the next pictures to everybody who is connected."""
        for _ in range(count):
            self.shown += 1
            picture = self._picture(self.shown)
            header = f"Content-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            await self.send(f"\r\n--{BOUNDARY}\r\n{header}".encode() + picture)

    async def send(self, data: bytes) -> None:
        """Sends bytes as they are."""
        for writer in list(self._writers):
            writer.write(data)
            try:
                await writer.drain()
            except ConnectionError:
                self._writers.discard(writer)
        # Draining an empty buffer gives no control away, and the receiver is on the same loop.
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
            return
        self.requests.append(head)
        if self._password is not None:
            token = base64.b64encode(self._password.encode()).decode()
            if f"authorization: Basic {token}".lower() not in head.lower():
                writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
                writer.close()
                return
        if head.startswith("GET /capture"):
            self.shown += 1
            picture = self._picture(self.shown)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nConnection: close\r\n")
            writer.write(f"Content-Length: {len(picture)}\r\n\r\n".encode() + picture)
            writer.close()
            return
        content_type = f"multipart/x-mixed-replace;boundary={BOUNDARY}"
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n\r\n".encode())
        self._writers.add(writer)
        async with self._connected:
            self.connections += 1
            self._connected.notify_all()
