"""The console as one ASGI application: pages, REST and live events, behind one shield."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from portero_client import PorteroError
from portero_console.compreface import mounting as compreface
from portero_console.pages import login, routes
from portero_console.pages.rendering import STATIC, assets_version
from portero_console.parts import Parts
from portero_console.problems import MEDIA_TYPE, Problem, ProblemDocument, Violation, problem_from
from portero_console.rest import access, attendance, attendance_files, audit, live, people, privacy, reviews, seen
from portero_console.security.headers import Shield

API = "/api/v1"
_LOG = logging.getLogger(__name__)


def console_app(parts: Parts) -> ASGIApp:
    """Returns the application of a console."""
    app = FastAPI(
        title="Portero",
        summary="The people and sightings of a Portero server, with the rights of the key that asks.",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{API}/openapi.json",
        separate_input_output_schemas=False,
    )
    app.state.parts = parts
    for routed in (people, privacy, seen, reviews, attendance, attendance_files, audit, live, access):
        app.include_router(routed.router, prefix=API, responses={"default": _PROBLEM})
    for paged in (routes, login):
        app.include_router(paged.router)
    if parts.settings.compreface:
        compreface.mount(app, API, parts)
    app.mount(f"/static/{assets_version()}", _Assets(directory=STATIC))
    _answer_errors(app)
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]
    return Shield(app, parts.settings)


_PROBLEM: dict[str, Any] = {
    "description": "What went wrong.",
    "model": ProblemDocument,
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
}


class _Assets(StaticFiles):
    """Static files whose address changes with their content."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def kept(message: Any) -> None:
            if message["type"] == "http.response.start" and message["status"] == HTTPStatus.OK:
                message["headers"] = [
                    *message.get("headers", []),
                    (b"cache-control", b"public, max-age=31536000, immutable"),
                ]
            await send(message)

        await super().__call__(scope, receive, kept)


def _answer(request: Request, problem: Problem) -> Response:
    if not request.url.path.startswith(f"{API}/") and "text/html" in request.headers.get("accept", ""):
        return routes.trouble(request, problem)
    return JSONResponse(problem.content, problem.document.status, headers=problem.headers, media_type=MEDIA_TYPE)


def _answer_errors(app: FastAPI) -> None:
    """Has every error answered as a problem document, or where a browser asks for a page, as a page."""

    @app.exception_handler(PorteroError)
    async def _(request: Request, error: PorteroError) -> Response:
        return _answer(request, problem_from(error))

    @app.exception_handler(Problem)
    async def _(request: Request, error: Problem) -> Response:
        return _answer(request, error)

    @app.exception_handler(RequestValidationError)
    async def _(request: Request, error: RequestValidationError) -> Response:
        violations = [Violation(field=_field(each["loc"]), message=each["msg"]) for each in error.errors()]
        detail = f"{violations[0].field}: {violations[0].message}"
        return _answer(request, Problem(HTTPStatus.BAD_REQUEST, "INVALID_ARGUMENT", detail, violations=violations))

    @app.exception_handler(HTTPException)
    async def _(request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        detail = f"{request.method} {request.url.path[:200]}: {error.detail}"
        answer = _answer(request, Problem(status, status.name, detail))
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(Exception)
    async def _(request: Request, error: Exception) -> Response:
        # By its kind alone: its text may hold what a caller sent.
        fault = uuid4().hex[:12]
        _LOG.error("fault %s: %s", fault, type(error).__name__)
        detail = f"the console failed; its log has this as fault {fault}"
        return _answer(request, Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "INTERNAL", detail))


def _field(place: Sequence[int | str]) -> str:
    """Returns the path of a field, without where in the request it is."""
    return ".".join(map(str, place[1:] or place))


def _described(app: FastAPI) -> dict[str, Any]:
    """Returns the OpenAPI document: malformed requests are answered as all errors are, and keys go in a header."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        for path in document["paths"].values():
            for operation in path.values():
                operation["responses"].pop("422", None)
        schemas = document["components"]["schemas"]
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        document["components"]["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer", "description": "An API key, or a token of the OIDC issuer."}
        }
        # An empty requirement: a server on this machine may ask for none.
        document["security"] = [{"key": []}, {}]
        app.openapi_schema = document
    return app.openapi_schema
