"""Cameras that speak HTTP."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from portero_bridge.errors import SettingsError, SourceFault
from portero_bridge.sources.base import CapturedImage, SourceOptions
from portero_bridge.sources.mjpeg import MjpegSource
from tests.support.bridge.clock import JumpingClock
from tests.support.bridge.mjpeg_camera import BOUNDARY, MjpegCamera
from tests.support.bridge.odd_camera import OddCamera, OddServer, Then, shot, snapshot
from tests.support.bridge.odd_cameras import ODD_CAMERAS
from tests.support.bridge.pictures import picture

Options = Callable[..., SourceOptions]


async def test_bytes_pass_through_untouched(camera: MjpegCamera, source_options: Options) -> None:
    """What the camera sent is what comes out, in order."""
    async with aclosing(MjpegSource(source_options(camera.url)).images()) as images:
        first = anext(images)
        task = _soon(first)
        await camera.connected()
        await camera.show(3)
        given = [(await task).image, (await anext(images)).image, (await anext(images)).image]
    assert given == [picture(1), picture(2), picture(3)]


async def test_single_pictures_are_asked_for_at_the_rate(camera: MjpegCamera, source_options: Options) -> None:
    """An address that answers with one JPEG is polled."""
    clock = JumpingClock()
    source = MjpegSource(source_options(camera.snapshot_url, rate=4, clock=clock))
    async with aclosing(source.images()) as images:
        given = [await anext(images) for _ in range(3)]
    assert [captured.image for captured in given] == [picture(1), picture(2), picture(3)]
    assert clock.sleeps == [0.25, 0.25]


async def test_password_of_the_address_is_sent_and_never_in_the_url(source_options: Options) -> None:
    """Basic authentication works, and without it the fault says so without an address."""
    camera = MjpegCamera(picture, password="admin:p@ss word")
    await camera.start()
    address = camera.snapshot_url.replace("://", "://admin:p%40ss%20word@")
    async with aclosing(MjpegSource(source_options(address)).images()) as images:
        assert (await anext(images)).image == picture(1)
    assert "p%40ss" not in camera.requests[0]
    with pytest.raises(SourceFault, match=r"^the camera asks for a password \(HTTP status 401\)"):
        await anext(MjpegSource(source_options(camera.snapshot_url)).images())
    await camera.kill()


async def test_frozen_camera_is_a_fault(camera: MjpegCamera, source_options: Options) -> None:
    """A camera that keeps its connection and sends nothing is noticed by the read timeout."""
    source = MjpegSource(source_options(camera.url, read_timeout=0.05))
    with pytest.raises(SourceFault, match=r"sent nothing for 0\.05 s"):
        await anext(source.images())


async def test_camera_that_sends_only_garbage_is_a_fault(camera: MjpegCamera, source_options: Options) -> None:
    """Bytes without an image among them do not count as life."""
    clock = JumpingClock()
    task = _soon(anext(MjpegSource(source_options(camera.url, clock=clock)).images()))
    await camera.connected()
    while not task.done():
        clock.seconds += 1
        await camera.send(b"garbage" * 10)
    with pytest.raises(SourceFault, match="no whole JPEG in what the camera sent"):
        await task


async def test_waiting_of_who_takes_the_images_is_not_the_cameras_silence(
    camera: MjpegCamera, source_options: Options
) -> None:
    """A bridge whose server is slow takes the next image late, and the camera is as well as before."""
    clock = JumpingClock()
    async with aclosing(MjpegSource(source_options(camera.url, clock=clock)).images()) as images:
        task = _soon(anext(images))
        await camera.connected()
        await camera.show()
        await task
        clock.seconds += 1000
        task = _soon(anext(images))
        await camera.show()
        assert (await task).image == picture(2)


async def test_killed_camera_is_a_fault(camera: MjpegCamera, source_options: Options) -> None:
    """A connection that breaks, and one that is refused, are told apart from the camera's silence."""
    source = MjpegSource(source_options(camera.url))
    task = _soon(anext(source.images()))
    await camera.connected()
    await camera.kill()
    with pytest.raises(SourceFault, match="the connection broke"):
        await task
    with pytest.raises(SourceFault, match="no connection to the camera"):
        await anext(source.images())


async def test_page_instead_of_pictures_is_a_fault(source_options: Options) -> None:
    """A web page behind the address is named as what it is, and what nobody knows by its type."""
    camera = _Page(b"Content-Type: text/html\r\n\r\n<html>")
    await camera.start()
    with pytest.raises(SourceFault, match="the camera sends a web page, not JPEG pictures"):
        await anext(MjpegSource(source_options(camera.url)).images())
    await camera.kill()
    camera = _Page(b"Content-Type: text/plain\r\n\r\nhello")
    await camera.start()
    with pytest.raises(SourceFault, match="the camera sends 'text/plain', not JPEG pictures"):
        await anext(MjpegSource(source_options(camera.url)).images())
    await camera.kill()


async def test_password_of_the_settings_is_sent_as_it_is(source_options: Options, tmp_path: Path) -> None:
    """User name and password may be settings; the file is read anew at each opening, and may be gone."""
    camera = MjpegCamera(picture, password="admin:first %41@/#")
    await camera.start()
    file = tmp_path / "password"
    source = MjpegSource(source_options(camera.snapshot_url, username="admin", password_file=file))
    with pytest.raises(SourceFault, match=r"^password_file .*password cannot be read$"):
        await anext(source.images())
    file.write_text("second\n")
    with pytest.raises(SourceFault, match="refuses the user name or the password") as raised:
        await anext(source.images())
    assert raised.value.is_refusal
    file.write_text("first %41@/#\n")
    async with aclosing(source.images()) as images:
        assert (await anext(images)).image == picture(1)
    await camera.kill()


def test_user_is_named_once(source_options: Options) -> None:
    """A user name in the address and another in the settings is refused, as nobody knows which is meant."""
    with pytest.raises(SettingsError, match="give one of them") as raised:
        MjpegSource(source_options("http://admin:s3cret@cam/stream", username="admin"))
    assert "s3cret" not in raised.value.message


async def test_a_connection_that_the_camera_closed_meanwhile_is_no_fault(
    camera: MjpegCamera, source_options: Options
) -> None:
    """A camera that keeps its connection open, and drops it between two pictures, is connected to anew."""
    closing = OddCamera("", "", "", lambda request, number: snapshot(shot(number)), Then.CLOSE)
    async with OddServer(closing) as server:
        source = MjpegSource(source_options(server.address, clock=JumpingClock()))
        async with aclosing(source.images()) as images:
            given = [(await anext(images)).image for _ in range(3)]
    assert given == [shot(1), shot(2), shot(3)]
    assert server.connections == 3


async def test_digest_is_asked_for_once(source_options: Options) -> None:
    """After one 401 each request carries the next answer to it, also after the camera was away."""
    asked = next(camera for camera in ODD_CAMERAS if camera.name == "digest")
    async with OddServer(asked) as server:
        source = MjpegSource(source_options(server.address, clock=JumpingClock()))
        for _ in range(2):
            async with aclosing(source.images()) as images:
                for _ in range(3):
                    await anext(images)
    assert len(server.requests) == 7
    assert server.connections == 2


def test_address_that_is_no_url_shows_no_password(source_options: Options) -> None:
    """A malformed address is refused before anything is tried, redacted."""
    with pytest.raises(SettingsError) as raised:
        MjpegSource(source_options("http://admin:s3cret@cam:port/stream"))
    assert "s3cret" not in raised.value.message


async def test_garbage_between_parts_costs_nothing(camera: MjpegCamera, source_options: Options) -> None:
    """Pictures before and after a burst of noise come out."""
    async with aclosing(MjpegSource(source_options(camera.url)).images()) as images:
        task = _soon(anext(images))
        await camera.connected()
        await camera.show()
        assert (await task).image == picture(1)
        await camera.send(b"\x00noise\xff\xd8--" + BOUNDARY.encode()[:9] + b"\r\n\r\n")
        await camera.show()
        assert (await anext(images)).image == picture(2)


class _Page(MjpegCamera):
    """Answers every request with the same bytes after the status line."""

    def __init__(self, answer: bytes) -> None:
        super().__init__(picture)
        self._answer = answer

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + self._answer)
        writer.close()


def _soon(image: Awaitable[CapturedImage]) -> asyncio.Task[CapturedImage]:
    """Asks for an image without waiting for it."""

    async def ask() -> CapturedImage:
        return await image

    return asyncio.create_task(ask())
