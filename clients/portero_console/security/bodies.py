"""Bodies of requests: bounded in size and time before anything parses them, whatever they say that they are."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

MOST = 64 * 1024
"""Bytes of a body that is no photo; the largest are 32 labels of a person."""

_FORMS = re.compile(r"/api/v1/(recognition/(recognize|faces(/[^/]+/verify)?)|verification/verify|detection/detect)/?")
"""Paths whose calls take photos within a form or document; those of two photos are the largest."""

_MOST_PHOTOS = 2


def most_of_form(photo: int, photos: int) -> int:
    """Returns how large a form or document with so many photos of `photo` bytes may be; base64 makes them longer."""
    return photos * (photo * 4 // 3 + 4) + MOST


def most_of(path: str, photo: int) -> int:
    """Returns how large the body of a request that is no photo itself may be, before anything knows who sends it."""
    return most_of_form(photo, _MOST_PHOTOS) if _FORMS.fullmatch(path) else MOST


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """How large a body may be, how long it may take, and what is raised otherwise.

    Attributes:
        most: Bytes.
        seconds: Counted from the first read.
        too_large, too_slow: What a reader of the body gets. FastAPI, which reads bodies of JSON before it calls any
            dependency, passes on an HTTPException alone.
    """

    most: int
    seconds: float
    too_large: Exception
    too_slow: Exception


def plain_body(most: int, seconds: float) -> BodyLimit:
    """Returns the limit of a body that is not itself a photo."""
    return BodyLimit(
        most,
        seconds,
        HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is larger than {most} bytes"),
        HTTPException(HTTPStatus.REQUEST_TIMEOUT, f"the body did not arrive within {seconds:g} s"),
    )


def bounded(receive: Receive, limit: BodyLimit) -> Receive:
    """Returns a channel that refuses a body as soon as it is larger or slower than its limit."""
    received = 0
    deadline: float | None = None
    arrived = False

    async def counted() -> Message:
        nonlocal received, deadline, arrived
        if arrived:
            # What is waited for now is the end of the connection.
            return await receive()
        if deadline is None:
            deadline = asyncio.get_running_loop().time() + limit.seconds
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            raise limit.too_slow from None
        if message["type"] == "http.request":
            received += len(message.get("body", b""))
            arrived = not message.get("more_body", False)
            if received > limit.most:
                raise limit.too_large
        return message

    return counted
