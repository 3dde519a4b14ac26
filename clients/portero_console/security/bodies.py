"""Bodies of requests other than photos: bounded before anything parses them."""

from __future__ import annotations

import re
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
