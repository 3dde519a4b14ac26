"""What RTSP cameras are asked before a decoder is started, over real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import pytest

from portero_bridge.errors import SourceFault
from portero_bridge.sources.rtsp_address import read_rtsp_address
from portero_bridge.sources.rtsp_question import ask_camera
from tests.support.time.timeouts import PATIENCE

REFUSED = b'RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm="cam"\r\n\r\n'
VIDEO = b"v=0\r\nm=video 0 RTP/AVP 26\r\n"


@asynccontextmanager
async def camera(*answers: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Serves connections with these answers, one a request, then cuts; yields host and port, and what was asked."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


async def ask(address: str, timeout: float = PATIENCE) -> str:
    """Returns what is said of a camera whose pictures are to come over TCP."""
    return await ask_camera(read_rtsp_address(address), "tcp", timeout)


async def fault(address: str, timeout: float = PATIENCE) -> SourceFault:
    """Returns why a decoder is not worth its process."""
    with pytest.raises(SourceFault) as raised:
        await ask(address, timeout)
    return raised.value


async def test_a_wrong_password_is_told_without_it_and_tried_once() -> None:
    """The password is tried once, the refusal is one line that does not show it, and says not to try again soon."""
    async with camera(REFUSED, REFUSED) as (place, asked):
        said = await fault(f"rtsp://admin:s#cret@{place}/live")
    assert said.message == "the camera refuses the user name or the password (401)"
    assert said.is_refusal
    assert f"DESCRIBE rtsp://{place}/live RTSP/1.0".encode() in asked[0]
    assert b"Authorization: Basic YWRtaW46cyNjcmV0" in asked[1]
    assert len(asked) == 2


async def test_a_password_that_is_missing_is_not_a_refusal() -> None:
    """No account can be locked by a camera that was asked without a name."""
    async with camera(REFUSED) as (place, _):
        said = await fault(f"rtsp://{place}/live")
    assert said.message == "the camera wants a user name and a password (401)"
    assert not said.is_refusal


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"RTSP/1.0 404 Not Found\r\n\r\n", "the camera has no stream at this path (404)"),
        (b"RTSP/1.0 453 Not Enough Bandwidth\r\n\r\n", "too many viewers (453)"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak RTSP"),
        (b"RTSP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nv=0\n", "the stream at this path has no video"),
    ],
)
async def test_what_no_decoder_can_change_is_final(answer: bytes, says: str) -> None:
    """A path that does not exist, too many viewers, another protocol, and sound alone."""
    async with camera(answer) as (place, _):
        assert says in (await fault(f"rtsp://{place}/live")).message


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        (
            (b"RTSP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(VIDEO), VIDEO),),
            "the camera offers JPEG video, but no picture came over TCP; try rtsp_transport: udp",
        ),
        ((REFUSED, b"RTSP/1.0 200 OK\r\n\r\n"), "the stream at this path has no video"),
        ((b"RTSP/1.0 302 Moved\r\nLocation: rtsp://other/\r\n\r\n",), "RTSP status 302 Moved"),
        ((b"RTSP/1.0 551 Option not supported\r\n\r\n",), "RTSP status 551"),
        ((b"RTSP/1.0 401 No\r\nWWW-Authenticate: Odd x\r\n\r\n",), "refuses the user name or the password (401)"),
        ((b"",), "it was cut"),
        ((REFUSED,), "it was cut"),
    ],
    ids=["video", "no length", "redirect", "unknown status", "unknown scheme", "cut", "cut at the password"],
)
async def test_what_a_decoder_may_change_is_left_to_it(answers: tuple[bytes, ...], says: str) -> None:
    """The reason is kept for the case that it gets no picture either."""
    async with camera(*answers) as (place, _):
        assert says in await ask(f"rtsp://admin:secret@{place}/live")


async def test_a_camera_that_is_off_is_told() -> None:
    """A port where nothing listens, a name that does not exist, and silence have their own words."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
        said = await fault(f"rtsp://127.0.0.1:{port}/live", 0.05)
        assert said.message == f"the camera does not answer on port {port} within 0.05 s"
    said = await fault(f"rtsp://127.0.0.1:{port}/live")
    assert said.message == f"the camera refuses connections on port {port}: nothing listens there"
    assert "name is not known" in (await fault("rtsp://no-such-camera.invalid/live")).message


async def test_a_camera_that_speaks_no_tls_is_told() -> None:
    """A plain answer behind an rtsps address."""
    server = await asyncio.start_server(lambda reader, writer: writer.write(b"RTSP/1.0 400 No\r\n\r\n"), "127.0.0.1")
    async with server:
        place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        assert "no TLS connection to the camera" in (await fault(f"rtsps://{place}/live")).message
