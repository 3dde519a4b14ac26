"""Why a source does not open, asked of real sockets and files."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from portero_bridge.sources.open_trouble import why_not_open
from tests.support.time.timeouts import PATIENCE


@contextmanager
def camera(*answers: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Serves one connection with these answers, one a request; yields its host and port, and what was asked."""
    asked: list[bytes] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with closing(connection):
                for answer in answers:
                    asked.append(connection.recv(4096))
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}", asked
        thread.join(PATIENCE)


REFUSED = b'RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm="cam"\r\n\r\n'


def test_a_wrong_password_is_told_without_it() -> None:
    """The password that was given is tried, and the refusal is one line that does not show it."""
    with camera(REFUSED, REFUSED) as (place, asked):
        said = why_not_open(f"rtsp://admin:s#cret@{place}/live", "tcp", PATIENCE)
    assert said == "the camera refuses the user name or the password (401)"
    assert f"DESCRIBE rtsp://{place}/live RTSP/1.0".encode() in asked[0]
    assert b"Authorization: Basic YWRtaW46cyNjcmV0" in asked[1]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"RTSP/1.0 404 Not Found\r\n\r\n", "the camera has no stream at this path (404)"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak RTSP"),
        (b"", "it was cut"),
    ],
)
def test_what_a_camera_answers_is_told(answer: bytes, says: str) -> None:
    """A path that does not exist, another protocol, and a connection that is cut."""
    with camera(answer) as (place, _):
        assert says in why_not_open(f"rtsp://{place}/live", "tcp", PATIENCE)


def test_a_camera_that_is_off_is_told() -> None:
    """A port where nothing listens, a name that does not exist, and silence have their own words."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
        said = why_not_open(f"rtsp://127.0.0.1:{port}/live", "tcp", 0.05)
        assert said == f"the camera does not answer on port {port} within 0.05 s"
    said = why_not_open(f"rtsp://127.0.0.1:{port}/live", "tcp", PATIENCE)
    assert said == f"the camera refuses connections on port {port}: nothing listens there"
    assert "name is not known" in why_not_open("rtsp://no-such-camera.invalid/live", "tcp", PATIENCE)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="devices are files on Linux only")
def test_a_device_that_is_not_there_is_told() -> None:
    """A number without a device is named by its path."""
    assert why_not_open(99, "tcp", 1.0).startswith("there is no device /dev/video99")
    assert why_not_open("/dev/video98", "tcp", 1.0).startswith("there is no device /dev/video98")


def test_anything_else_could_not_be_opened() -> None:
    """A path is not shown."""
    assert why_not_open("/no/such/s3cret.mp4", "tcp", 1.0) == "the source could not be opened"
