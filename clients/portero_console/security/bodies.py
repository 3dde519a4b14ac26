"""Bodies of requests other than photos: bounded before anything parses them."""

from __future__ import annotations

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

MOST = 64 * 1024
"""Bytes of a body that is no photo; the largest are 32 labels of a person."""


def bounded(receive: Receive, most: int = MOST) -> Receive:
    """Returns a channel that refuses a body as soon as it is larger than `most` bytes."""
    received = 0

    async def counted() -> Message:
        nonlocal received
        message = await receive()
        if message["type"] == "http.request":
            received += len(message.get("body", b""))
            if received > most:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is larger than {most} bytes")
        return message

    return counted
