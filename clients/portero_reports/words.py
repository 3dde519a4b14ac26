"""The languages of reports."""

from __future__ import annotations

from enum import Enum

from portero_reports.english import ENGLISH
from portero_reports.spanish import SPANISH
from portero_reports.vocabulary import Words


class Language(Enum):
    """In which language a report is written."""

    ENGLISH = "en"
    SPANISH = "es"


def words_in(language: Language) -> Words:
    """Returns the words of a language."""
    return {Language.ENGLISH: ENGLISH, Language.SPANISH: SPANISH}[language]
