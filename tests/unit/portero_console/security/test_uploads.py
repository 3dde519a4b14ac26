"""Photos in requests: what is turned away before it is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from starlette.requests import Request
from starlette.types import Message

from portero_console.problems import Problem
from portero_console.security.uploads import Uploads
from portero_console.settings import ConsoleSettings
from tests.support.client.photos import photo
from tests.support.client.server import FakeServer
from tests.support.console.browser import Browser
from tests.support.time.virtual_time import ManualClock

Open = Callable[..., Browser]
_JPEG = {"content-type": "image/jpeg"}


async def _search(browser: Browser, content: Any, **headers: str) -> tuple[int, str]:
    answer = await browser.http.post("/api/v1/images/search", content=content, headers={**_JPEG, **headers})
    return answer.status_code, answer.json()["reason"] if answer.is_error else ""


async def test_what_is_not_called_a_photo_is_not_read(browser: Browser, server: FakeServer) -> None:
    """Another Content-Type is refused, and says which ones are taken."""
    answer = await browser.http.post("/api/v1/images/search", content=b"x", headers={"content-type": "text/html"})
    assert (answer.status_code, answer.json()["reason"]) == (415, "NOT_AN_IMAGE")
    assert "image/jpeg or image/png" in answer.json()["detail"]
    assert server.calls["SearchByImage"] == 0


async def test_a_large_photo_is_refused_by_its_length(open_browser: Open) -> None:
    """The length that a request says is enough, and the limit is named."""
    browser = open_browser(max_upload=1000)
    answer = await browser.http.post("/api/v1/images/search", content=b"x" * 1001, headers=_JPEG)
    assert (answer.status_code, answer.json()["reason"]) == (413, "PHOTO_TOO_LARGE")
    assert "larger than 0.000954 MiB" in answer.json()["detail"]


async def test_a_photo_that_says_no_length_is_refused_as_it_grows(open_browser: Open) -> None:
    """A body without end is read up to the limit and no further."""
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b"x" * 600

    assert await _search(open_browser(max_upload=1000), endless()) == (413, "PHOTO_TOO_LARGE")
    assert read <= 3


async def test_too_many_photos_a_minute_are_refused(open_browser: Open) -> None:
    """The rate of a caller is bounded, and the answer says when to try again."""
    browser = open_browser(upload_rate=2.0)
    assert [(await _search(browser, photo("a")))[0] for _ in range(3)] == [200, 200, 429]


def _request(body: bytes | None = b"photo") -> Request:
    """Returns a request that brings a photo; without a body one that never arrives."""

    async def receive() -> Message:
        if body is None:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": body}

    return Request({"type": "http", "method": "POST", "headers": [(b"content-type", b"image/jpeg")]}, receive)


async def _taken(uploads: Uploads, identity: str, body: bytes | None = b"photo") -> None:
    async with uploads.photo(_request(body), identity):
        pass


async def test_too_many_photos_at_once_are_refused() -> None:
    """While as many photos are held as may be, one more is refused; then there is room again."""
    uploads = Uploads(ConsoleSettings(uploads=2), ManualClock().monotonic)
    async with uploads.photo(_request(), "a"), uploads.photo(_request(), "b"):
        with pytest.raises(Problem, match="2 photos are being looked at"):
            await _taken(uploads, "c")
    await _taken(uploads, "c")


async def test_a_key_cannot_take_all_places() -> None:
    """Of one key half as many photos may be under way, arriving ones too; slow ones keep nobody else out."""
    uploads = Uploads(ConsoleSettings(uploads=4), ManualClock().monotonic)
    slow = [asyncio.create_task(_taken(uploads, "a", None)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Problem, match="2 photos of this key are under way"):
        await _taken(uploads, "a")
    await _taken(uploads, "b")
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    await _taken(uploads, "a")
