"""What a request for a check-in holds: its pictures, decoded, and its content, hashed."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence

from portero_server.documents.needs import CheckInPictures
from portero_server.engines.base import Pixels
from portero_server.errors import InvalidInput
from portero_server.vision.photo import decode_photo


async def decoded(pictures: Sequence[bytes], field: str) -> list[Pixels]:
    """Returns the one or two pictures of a document, BGR.

    Raises:
        InvalidInput: There are none, more than two, or one cannot be used; names the field.
    """
    if not 1 <= len(pictures) <= 2:
        raise InvalidInput(field, f"{field} must hold one or two pictures of the document")
    return [await asyncio.to_thread(decode_photo, picture, field) for picture in pictures]


def digest_of(
    request_id: str | None,
    camera_id: str | None,
    pictures: CheckInPictures | None,
    *,
    replace: bool = False,
    liveness: bool = False,
) -> str | None:
    """Returns what tells this request's content from another's, salted with its id; None: it has no id."""
    if request_id is None:
        return None
    files = () if pictures is None else (*pictures.documents, pictures.live)
    hashed = [hashlib.sha256(file).hexdigest() for file in files]
    content = [request_id, "StartCheckIn", camera_id, hashed, replace]
    if liveness:
        # Not in the others, whose digests a server before this one may have stored.
        content.append("liveness")
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
