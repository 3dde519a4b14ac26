"""Both languages have words for everything."""

from __future__ import annotations

from string import Formatter

import pytest

from portero_client import AttendanceReason, AttendanceStatus, UnprovenCause
from portero_reports.english import ENGLISH
from portero_reports.spanish import SPANISH
from portero_reports.words import Language, words_in


@pytest.mark.parametrize("language", Language)
def test_a_language_has_words_for_everything(language: Language) -> None:
    """Every status, reason and cause of the contract, and every text that the other has."""
    words = words_in(language)
    assert set(words.statuses) == set(AttendanceStatus)
    assert set(words.reasons) == set(AttendanceReason)
    assert set(words.causes) == set(UnprovenCause)
    assert set(words.texts) == set(ENGLISH.texts)
    assert all(words.texts.values())


def test_texts_are_filled_with_the_same() -> None:
    """A translation has the fields of the other."""
    for key, text in ENGLISH.texts.items():
        assert _fields(text) == _fields(SPANISH[key])


def _fields(text: str) -> set[str | None]:
    return {field for _, field, _, _ in Formatter().parse(text) if field is not None}
