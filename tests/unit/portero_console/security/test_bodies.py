"""Bodies that are no photos are small, or refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.exceptions import HTTPException
from starlette.types import Message

from portero_console.security.bodies import BodyLimit, bounded
from portero_console.security.uploads import takes_photo
from tests.support.client.server import FakeServer
from tests.support.console.browser import Browser


@pytest.mark.parametrize("kind", ["application/json", "image/jpeg", "image/png"])
async def test_a_body_without_end_is_read_up_to_the_limit(kind: str, browser: Browser, server: FakeServer) -> None:
    """A document that grows and grows is refused with 413, whatever type it claims, and nothing of it is passed on."""
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        yield b'{"display_name": "'
        while read < 100:
            read += 1
            yield b"x" * 10_000

    answer = await browser.http.post("/api/v1/people", content=endless(), headers={"content-type": kind})
    assert (answer.status_code, answer.json()["reason"]) == (413, "REQUEST_ENTITY_TOO_LARGE")
    assert read <= 8
    assert server.calls["CreatePerson"] == 0


async def test_a_body_within_the_limit_is_taken(browser: Browser) -> None:
    """Everything that a person may have fits."""
    labels = {f"key-{number}": "v" * 500 for number in range(32)}
    await browser.json("POST", "/people", json={"display_name": "Ana", "labels": labels})


async def test_a_body_that_does_not_arrive_is_not_waited_for() -> None:
    """The time counts over all parts of a body; once it is there, the end of the connection may take any time."""
    parts: list[Message] = [
        {"type": "http.request", "more_body": True},
        {"type": "http.request"},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        await asyncio.sleep(pause)
        return parts.pop(0)

    limit = BodyLimit(10, 0.02, HTTPException(413), HTTPException(408))
    pause, channel = 0.0, bounded(receive, limit)
    await channel()
    await channel()
    pause = 0.03
    assert (await channel())["type"] == "http.disconnect"
    channel = bounded(receive, limit)
    with pytest.raises(HTTPException, match="408"):
        await channel()


async def test_only_routes_whose_body_is_a_photo_take_large_ones(browser: Browser) -> None:
    """Every route that is described as taking an image is one, and no other."""
    for path, operations in (await browser.json("GET", "/openapi.json"))["paths"].items():
        kinds = [kind for each in operations.values() for kind in each.get("requestBody", {}).get("content", {})]
        assert takes_photo(path) == ("image/jpeg" in kinds), path
