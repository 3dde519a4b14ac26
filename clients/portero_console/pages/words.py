"""The words of the pages, by language; pages and modules read the same files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "static" / "words"


class PageLanguage(Enum):
    """A language that pages are written in; the first is that of browsers that want none of them."""

    ENGLISH = "en"
    SPANISH = "es"


@cache
def words_in(language: PageLanguage) -> Mapping[str, str]:
    """Returns the words of a language by key."""
    read: Mapping[str, str] = json.loads((FOLDER / f"{language.value}.json").read_text(encoding="utf-8"))
    return read


def language_of(chosen: str | None, accepted: str) -> PageLanguage:
    """Returns the language for a browser.

    Args:
        chosen: What was chosen on the page, as "es"; None or anything else: nothing was.
        accepted: The header Accept-Language.
    """
    known = {language.value: language for language in PageLanguage}
    if chosen in known:
        return known[chosen]
    for wanted in _by_weight(accepted):
        if (language := known.get(wanted.partition("-")[0])) is not None:
            return language
    return PageLanguage.ENGLISH


def _by_weight(accepted: str) -> list[str]:
    wanted = []
    for place, part in enumerate(accepted.lower()[:500].split(",")):
        name, _, parameter = part.strip().partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            continue
        if weight > 0:
            wanted.append((-weight, place, name.strip()))
    return [name for _, _, name in sorted(wanted)]
