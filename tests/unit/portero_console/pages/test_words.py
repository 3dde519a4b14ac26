"""The words of the pages: both languages whole, and none missing."""

from __future__ import annotations

import re

import pytest

from portero_console.pages.rendering import STATIC
from portero_console.pages.words import PageLanguage, language_of, words_in

_TEMPLATES = STATIC.parent / "templates"
_HOLES = re.compile(r"\{\w+\}")


def test_both_languages_have_the_same_words() -> None:
    """Each key is in both, with the same values to put in."""
    english, spanish = words_in(PageLanguage.ENGLISH), words_in(PageLanguage.SPANISH)
    assert list(english) == list(spanish)
    odd = {key for key in english if sorted(_HOLES.findall(english[key])) != sorted(_HOLES.findall(spanish[key]))}
    assert odd == set()
    assert all(text.strip() for text in (*english.values(), *spanish.values()))


def test_every_word_that_is_asked_for_is_there() -> None:
    """No template and no module names a key that no language has."""
    words = words_in(PageLanguage.ENGLISH)
    asked = set()
    for path in [*_TEMPLATES.glob("*.html"), *STATIC.glob("*.js")]:
        text = path.read_text(encoding="utf-8")
        asked |= set(re.findall(r"""\bt\(["']([\w.-]+)["'][,)]""", text))
        asked |= {f"{key}.other" for key in re.findall(r'\bcount\("([\w.-]+)"', text)}
        asked |= set(re.findall(r'\bfact\("([\w.-]+)"', text))
    assert len(asked) > 150
    assert {key for key in asked if key not in words} == set()


@pytest.mark.parametrize(
    ("chosen", "accepted", "language"),
    [
        (None, "es-CL,es;q=0.9,en;q=0.8", "es"),
        (None, "en-US,es;q=0.9", "en"),
        (None, "de,es;q=0.5,en;q=0.7", "en"),
        (None, "es;q=0,en;q=0.1", "en"),
        (None, "fr", "en"),
        (None, "", "en"),
        (None, "es;q=x, ;;;,\x00", "en"),
        ("es", "en", "es"),
        ("xx", "es", "es"),
    ],
)
def test_the_language_is_the_browsers_unless_one_was_chosen(chosen: str | None, accepted: str, language: str) -> None:
    """The heaviest language that there is counts; what cannot be read counts as not said."""
    assert language_of(chosen, accepted).value == language
