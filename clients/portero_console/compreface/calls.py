"""One call: who makes it, and the photos and documents in its body."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from portero_client import PorteroClient
from portero_console.compreface.errors import Code, CompreFaceError
from portero_console.compreface.multipart import MalformedForm, fields_of
from portero_console.compreface.sizes import Size, size_of
from portero_console.parts import Parts
from portero_console.security.bodies import most_of_form
from portero_console.settings import MIB

KEY_HEADER = "x-api-key"


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo of a request.

    Attributes:
        content: The file, JPEG or PNG.
        size: Its size as it is to be seen.
    """

    content: bytes
    size: Size


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose caller was let in.

    Attributes:
        request: The request; its body is not read yet.
        parts: Those of the console.
        client: Calls the server with the caller's own rights.
        identity: Who calls, for rates.
        adding: Held while a subject is looked for and added.
    """

    request: Request
    parts: Parts
    client: PorteroClient
    identity: str
    adding: asyncio.Lock

    @asynccontextmanager
    async def photos(self, *names: str) -> AsyncIterator[tuple[Photo, ...]]:
        """Reads the photos of these fields, of a form or in base64, which count as held until the block is left.

        Raises:
            CompreFaceError: The body cannot be read, or lacks a photo.
            Problem: The body is too large or too slow, or there are too many.
        """
        kind = self.request.headers.get("content-type", "")
        read = {"multipart/form-data": _form, "application/json": _encoded}.get(kind.partition(";")[0].strip().lower())
        if read is None:
            raise CompreFaceError(
                Code.UNDEFINED,
                "Content-Type must be multipart/form-data or application/json",
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            )
        largest = self.parts.settings.max_upload
        most = most_of_form(largest, len(names))
        async with self.parts.uploads.body(self.request, self.identity, most, photos=len(names)) as body:
            fields = read(body, kind, names)
            yield tuple(_photo(name, fields, largest) for name in names)

    async def document(self) -> Any:
        """Returns the JSON document of the body.

        Raises:
            CompreFaceError: It is none.
        """
        return _document(await self.request.body())


Answer = Callable[[Call], Awaitable[Any]]
"""Returns the document that answers a call."""


def endpoint(answer: Answer, status: HTTPStatus = HTTPStatus.OK) -> Callable[[Request], Awaitable[Response]]:
    """Returns a route's function, which lets callers in by their key and nothing else."""

    async def answered(request: Request) -> Response:
        key = request.headers.get(KEY_HEADER, "").strip()
        if not key:
            raise CompreFaceError(Code.MISSING_REQUEST_HEADER, f"Missing header: {KEY_HEADER}")
        parts: Parts = request.app.state.parts
        async with parts.admission.admit_key(request, key) as caller:
            call = Call(request, parts, caller.client, caller.identity, request.app.state.adding)
            return JSONResponse(await answer(call), status)

    return answered


def _form(body: bytes, kind: str, _: tuple[str, ...]) -> dict[str, bytes]:
    try:
        return fields_of(body, kind)
    except MalformedForm as error:
        raise CompreFaceError(Code.UNDEFINED, f"the form cannot be read: {error}") from None


def _encoded(body: bytes, _: str, names: tuple[str, ...]) -> dict[str, bytes]:
    document = _document(body)
    if not isinstance(document, dict):
        raise CompreFaceError(Code.UNDEFINED, "the body must be a JSON object")
    fields = {}
    for name in names:
        text = document.get(name)
        if text is None:
            continue
        try:
            fields[name] = base64.b64decode(text if isinstance(text, str) else "?", validate=True)
        except (binascii.Error, ValueError):
            raise CompreFaceError(Code.UNAVAILABLE_FILE_EXTENSION, f"Provided value is not Base64: {name}") from None
    return fields


def _document(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise CompreFaceError(Code.UNDEFINED, "the body is not JSON") from None


def _photo(name: str, fields: dict[str, bytes], largest: int) -> Photo:
    content = fields.get(name)
    if content is None:
        raise CompreFaceError(Code.MISSING_REQUEST_PART, f"Required part {name} is missing")
    if len(content) > largest:
        words = f"{name} is larger than {largest / MIB:.3g} MiB"
        raise CompreFaceError(Code.UNDEFINED, words, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    size = size_of(content)
    if size is None:
        words = f"File [{name}] has an unavailable extension: it must be JPEG or PNG"
        raise CompreFaceError(Code.UNAVAILABLE_FILE_EXTENSION, words)
    return Photo(content, size)
