"""Renders pages: templates, the words of the browser's language, and what the caller may do."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from portero_client import Caller
from portero_console.pages.abilities import Ability
from portero_console.pages.navigation import navigation_for
from portero_console.pages.words import PageLanguage, language_of, words_in

STATIC = Path(__file__).resolve().parent / "static"
_TEMPLATES = Path(__file__).resolve().parent / "templates"
LANGUAGE_COOKIE = "portero_language"
THEME_COOKIE = "portero_theme"
THEMES = ("auto", "light", "dark")

_environment = Environment(
    loader=FileSystemLoader(_TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@cache
def assets_version() -> str:
    """Returns a word for the content of all static files: their addresses change with it, so browsers keep them."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(STATIC).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def page_language(request: Request) -> PageLanguage:
    """Returns the language of a browser."""
    return language_of(request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language", ""))


def render(
    request: Request,
    template: str,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    caller: Caller | None = None,
    abilities: Collection[Ability] = (),
    csrf: str = "",
    **values: Any,
) -> HTMLResponse:
    """Returns a page.

    Args:
        request: Says the language and the theme.
        template: Name of the template.
        status: The HTTP status.
        caller: Who looks at it; None: nobody is known.
        abilities: What the caller may do.
        csrf: The word of the login, or empty.
        values: What else the template shows.
    """
    language = page_language(request)
    words = words_in(language)
    theme = request.cookies.get(THEME_COOKIE, "")

    def translate(key: str, **parameters: object) -> str:
        # Escaped by the template, with what is put in.
        return words[key].format(**parameters)

    text = _environment.get_template(template).render(
        t=translate,
        language=language.value,
        languages=[(each.value, words_in(each)["language.name"]) for each in PageLanguage],
        theme=theme if theme in THEMES else "auto",
        themes=THEMES,
        assets=f"/static/{assets_version()}",
        path=request.url.path,
        here=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        caller=caller,
        navigation=navigation_for(abilities),
        can={ability.value for ability in abilities},
        csrf=csrf,
        **values,
    )
    return HTMLResponse(text, status, headers={"vary": "Accept-Language, Cookie"})
