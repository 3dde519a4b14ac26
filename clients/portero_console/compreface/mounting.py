"""Where the calls are found, beside the console's own REST under /api/v1; no path is both's."""

from __future__ import annotations

import asyncio
import math
from http import HTTPStatus

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from portero_client import PorteroError
from portero_console.compreface import example_calls, photo_calls, subject_calls
from portero_console.compreface.calls import Answer, endpoint
from portero_console.compreface.errors import Code, CompreFaceError, error_from, error_of
from portero_console.parts import Parts
from portero_console.problems import Problem

_Row = tuple[str, str, Answer, HTTPStatus]
_OK, _CREATED = HTTPStatus.OK, HTTPStatus.CREATED

# More special paths first: the name of a subject may have slashes.
_CALLS: dict[str, tuple[_Row, ...]] = {
    "/recognition": (
        ("POST", "/recognize", photo_calls.recognize, _OK),
        ("GET", "/faces", example_calls.list_examples, _OK),
        ("POST", "/faces", example_calls.add_example, _CREATED),
        ("DELETE", "/faces", example_calls.delete_examples, _OK),
        ("POST", "/faces/delete", example_calls.delete_listed_examples, _OK),
        ("DELETE", "/faces/{image_id}", example_calls.delete_example, _OK),
        ("POST", "/faces/{image_id}/verify", photo_calls.verify_example, _OK),
        ("GET", "/subjects", subject_calls.list_subjects, _OK),
        ("POST", "/subjects", subject_calls.add_subject, _CREATED),
        ("DELETE", "/subjects", subject_calls.delete_subjects, _OK),
        ("PUT", "/subjects/{subject:path}", subject_calls.rename_subject, _OK),
        ("DELETE", "/subjects/{subject:path}", subject_calls.delete_subject, _OK),
    ),
    "/verification": (("POST", "/verify", photo_calls.verify, _OK),),
    "/detection": (("POST", "/detect", photo_calls.detect, _OK),),
}


def mount(app: FastAPI, prefix: str, parts: Parts) -> None:
    """Offers the calls under a prefix of an application."""
    adding = asyncio.Lock()
    for service, rows in _CALLS.items():
        mounted = Starlette(routes=_routes(rows), exception_handlers=_HANDLERS)
        mounted.state.parts = parts
        mounted.state.adding = adding
        app.mount(prefix + service, mounted)


def _routes(rows: tuple[_Row, ...]) -> list[Route]:
    routes = []
    for method, path, answer, status in rows:
        # Programs end lists with a slash or without, as CompreFace's own description does.
        spellings = (path,) if path.endswith("}") else (path, f"{path}/")
        routes += [Route(spelling, endpoint(answer, status), methods=[method]) for spelling in spellings]
    return routes


async def _answered(request: Request, error: Exception) -> Response:
    told = _told(request, error)
    headers = {} if told.retry_after is None else {"retry-after": str(math.ceil(told.retry_after))}
    return JSONResponse({"message": told.message, "code": int(told.code)}, told.status, headers=headers)


def _told(request: Request, error: Exception) -> CompreFaceError:
    if isinstance(error, CompreFaceError):
        return error
    if isinstance(error, PorteroError):
        return error_from(error)
    if isinstance(error, Problem):
        return error_of(error)
    if isinstance(error, HTTPException):
        status = HTTPStatus(error.status_code)
        # CompreFace answers a method that a path does not have as a path that it does not have.
        status = HTTPStatus.NOT_FOUND if status == HTTPStatus.METHOD_NOT_ALLOWED else status
        return CompreFaceError(Code.UNDEFINED, f"{request.method}: {error.detail}", status)
    # The console logs it, by its kind alone.
    words = "Something went wrong, please try again"
    return CompreFaceError(Code.UNDEFINED, words, HTTPStatus.INTERNAL_SERVER_ERROR)


_HANDLERS = dict.fromkeys((CompreFaceError, PorteroError, Problem, HTTPException, Exception), _answered)
