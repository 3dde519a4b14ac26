"""Logging in and out, and what a browser prefers."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from portero_client import PorteroError, Unauthenticated
from portero_console.pages.forms import local_path, read_form
from portero_console.pages.rendering import LANGUAGE_COOKIE, THEME_COOKIE, THEMES, render
from portero_console.pages.routes import trouble
from portero_console.pages.words import PageLanguage
from portero_console.parts import parts_of
from portero_console.problems import Problem, problem_from
from portero_console.security.admission import cookie_name

router = APIRouter(include_in_schema=False)

_YEAR = 365 * 24 * 3600


@router.get("/login")
async def login_page(request: Request) -> Response:
    """Shows the form for a key."""
    return _form(request, local_path(request.query_params.get("next", "/")))


@router.post("/login")
async def log_in(request: Request) -> Response:
    """Begins a login with a key, or says why not."""
    parts = parts_of(request)
    address = request.client.host if request.client is not None else ""
    try:
        form = await read_form(request)
        onward, key = local_path(form.get("next", "/")), form.get("key", "").strip()
        if (wait := parts.logins.wait(address)) > 0:
            return _form(request, onward, HTTPStatus.TOO_MANY_REQUESTS, "login.too-often", seconds=round(wait) + 1)
        if not key:
            return _form(request, onward, HTTPStatus.BAD_REQUEST, "login.no-key")
        session, _ = await parts.admission.log_in(key)
        before = parts.admission.session_of(request)
        if before is not None:
            parts.admission.log_out(before)
    except Unauthenticated:
        parts.logins.count(address)
        return _form(request, onward, HTTPStatus.UNAUTHORIZED, "login.refused")
    except PorteroError as error:
        return trouble(request, problem_from(error))
    except Problem as problem:
        return trouble(request, problem)
    answer = RedirectResponse(onward, HTTPStatus.SEE_OTHER)
    answer.set_cookie(
        cookie_name(request),
        session.word,
        max_age=round(parts.settings.session_lifetime),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
    return answer


@router.post("/logout")
async def log_out(request: Request) -> Response:
    """Ends the login of this browser."""
    parts = parts_of(request)
    session = parts.admission.session_of(request)
    if session is not None:
        parts.admission.log_out(session)
    answer = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
    answer.delete_cookie(cookie_name(request), path="/")
    return answer


@router.post("/preferences")
async def prefer(request: Request) -> Response:
    """Keeps language and theme in the browser."""
    try:
        form = await read_form(request)
    except Problem as problem:
        return trouble(request, problem)
    answer = RedirectResponse(local_path(form.get("next", "/")), HTTPStatus.SEE_OTHER)
    chosen = {
        LANGUAGE_COOKIE: (form.get("language"), [each.value for each in PageLanguage]),
        THEME_COOKIE: (form.get("theme"), THEMES),
    }
    for cookie, (value, known) in chosen.items():
        if value is not None and value in known:
            secure = request.url.scheme == "https"
            answer.set_cookie(cookie, value, max_age=_YEAR, path="/", httponly=True, samesite="lax", secure=secure)
    return answer


def _form(
    request: Request, onward: str, status: HTTPStatus = HTTPStatus.OK, trouble_word: str = "", **parameters: object
) -> Response:
    return render(request, "login.html", status=status, onward=onward, trouble=trouble_word, parameters=parameters)
