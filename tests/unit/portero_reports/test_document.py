"""A document is rendered and read back with what the report says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pypdfium2
import pytest

from portero_reports.content import ReportContent
from portero_reports.document import document_of
from portero_reports.period import Period
from portero_reports.words import Language
from tests.support.reports.month import LONG_NAME, NAMES, month_report


def _pages(content: ReportContent, language: Language = Language.SPANISH) -> list[str]:
    document = pypdfium2.PdfDocument(document_of(content, language))
    return [page.get_textpage().get_text_range() for page in document]


def _words(text: str) -> str:
    return " ".join(text.split())


def test_a_month_of_a_class_has_everybodys_name() -> None:
    """With ñ and accents, a long name in full where it is told, and shortened in the plots."""
    pages = _pages(month_report())
    assert [name for name in NAMES if name not in _words(pages[0])] == []
    assert LONG_NAME not in _words(pages[1])
    assert "María de los Ángeles Constanza" in pages[1]
    assert "Asistencia por día, marzo de 2026" in pages[2]
    assert "El porcentaje es la asistencia reconocida" in pages[0]
    assert "no llegaron imágenes" in _words(" ".join(pages))


@pytest.mark.slow
def test_every_page_shows_something() -> None:
    """Rendered, at least a hundredth of each page is not white, and the strips have their colors."""
    document = pypdfium2.PdfDocument(document_of(month_report(), Language.SPANISH))
    for number, page in enumerate(document):
        picture = page.render(scale=0.5).to_pil().convert("RGB")
        counts = {color: count for count, color in picture.getcolors(picture.width * picture.height) or ()}
        assert counts[(255, 255, 255)] < 0.99 * picture.width * picture.height
        if number == 1:
            assert counts[(0x00, 0x9E, 0x73)] > 5000


def test_one_person_or_one_day_is_told_record_by_record() -> None:
    """With when they came, and what is unproven."""
    month = month_report(pupils=1)
    text = _words(" ".join(_pages(replace(month, of_person=True))))
    assert text.count("bloque") == 1
    assert "llegó tarde" in text
    day = replace(month_report(pupils=2, days=1), period=Period.day_of(date(2026, 3, 2)))
    assert "visto" in _words(" ".join(_pages(day)))
    assert "llegó tarde" not in _words(" ".join(_pages(month)))


def test_a_report_without_records_says_so() -> None:
    """Instead of empty tables."""
    content = replace(month_report(pupils=1, days=1), people=(), sessions={})
    assert "There is no record." in _pages(content, Language.ENGLISH)[0]


def test_names_are_text_and_not_markup() -> None:
    """A name with a tag is shown as it is, and one whose accents are apart is put together."""
    content = month_report(pupils=2, days=1)
    people = (replace(content.people[0], name="<b>Ana</b> & Co"), replace(content.people[1], name="In\u0303igo"))
    text = _pages(replace(content, people=people))[0]
    assert "<b>Ana</b> & Co" in text
    assert "Iñigo" in text


def test_the_same_report_makes_the_same_file() -> None:
    """Byte for byte."""
    content = month_report(pupils=2, days=3)
    assert document_of(content) == document_of(content)
