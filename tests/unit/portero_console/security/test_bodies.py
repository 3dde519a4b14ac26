"""Bodies that are no photos are small, or refused."""

from __future__ import annotations

from collections.abc import AsyncIterator

from tests.support.client.server import FakeServer
from tests.support.console.browser import Browser


async def test_a_body_without_end_is_read_up_to_the_limit(browser: Browser, server: FakeServer) -> None:
    """A document that grows and grows is refused with 413, and nothing of it is parsed or passed on."""
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        yield b'{"display_name": "'
        while True:
            read += 1
            yield b"x" * 10_000

    answer = await browser.http.post("/api/v1/people", content=endless(), headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["reason"]) == (413, "REQUEST_ENTITY_TOO_LARGE")
    assert read <= 8
    assert server.calls["CreatePerson"] == 0


async def test_a_body_within_the_limit_is_taken(browser: Browser) -> None:
    """Everything that a person may have fits."""
    labels = {f"key-{number}": "v" * 500 for number in range(32)}
    await browser.json("POST", "/people", json={"display_name": "Ana", "labels": labels})
