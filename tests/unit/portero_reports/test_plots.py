"""Plots have a row for each person and a place for each session."""

from __future__ import annotations

from dataclasses import replace

import pytest
from reportlab.graphics.shapes import Drawing, Rect, String

from portero_client import AttendanceStatus
from portero_reports.fonts import register_fonts
from portero_reports.plots import COLORS, heat_maps, legend, strips
from portero_reports.words import Language, words_in
from tests.support.reports.month import month_report

WORDS = words_in(Language.SPANISH)


@pytest.fixture(autouse=True)
def _fonts() -> None:
    register_fonts()


def _texts(drawing: Drawing) -> list[str]:
    return [each.text for each in drawing.contents if isinstance(each, String)]


def _boxes(drawing: Drawing, status: AttendanceStatus) -> list[Rect]:
    return [each for each in drawing.contents if isinstance(each, Rect) and each.fillColor == COLORS[status]]


def test_a_strip_has_a_box_for_each_record() -> None:
    """In the color of its status; whoever came late is shown from then on."""
    content = month_report(pupils=3, days=5)
    (drawing,) = strips(content, WORDS)
    for status in (AttendanceStatus.PRESENT, AttendanceStatus.ABSENT, AttendanceStatus.EXCUSED):
        expected = sum(record.status is status for _, record in content.records)
        assert len(_boxes(drawing, status)) == expected
    late = next(record for _, record in content.records if record.status is AttendanceStatus.LATE)
    slot = max(box.width for box in _boxes(drawing, AttendanceStatus.PRESENT))
    shares = [box.width / slot for box in _boxes(drawing, AttendanceStatus.LATE) if box.height > 7.5]
    assert any(share == pytest.approx(late.present.total_seconds() / 2700, abs=0.01) for share in shares)


def test_many_people_are_several_drawings() -> None:
    """Each with as many rows as a page has room for."""
    content = month_report(pupils=30, days=1)
    people = content.people + tuple(replace(each, person=f"q{each.person}") for each in content.people)
    first, second = strips(replace(content, people=people), WORDS)
    assert first.height > second.height


def test_a_heat_map_has_a_cell_for_each_day() -> None:
    """With the percentage in it; one day has no map, and two months have two."""
    ((name, drawing),) = heat_maps(month_report(pupils=2, days=5), WORDS)
    assert name == "marzo de 2026"
    assert [text for text in _texts(drawing) if text in ("02", "03", "04", "05", "06")] == [
        "02",
        "03",
        "04",
        "05",
        "06",
    ]
    assert list(heat_maps(month_report(pupils=2, days=1), WORDS)) == []
    assert [each for each, _ in heat_maps(month_report(pupils=1, days=40), WORDS)] == ["marzo de 2026", "abril de 2026"]


def test_the_legend_names_every_status() -> None:
    """And the color of no record."""
    assert _texts(legend(WORDS)) == [*(WORDS.statuses[status] for status in COLORS), WORDS["not_here"]]
