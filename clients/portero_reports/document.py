"""A report as a document (PDF, A4 across): totals, presence strips, heat maps, and what is not proven."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from io import BytesIO
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, LongTable, PageBreak, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from portero_client.names import ATTENDANCE_SESSIONS
from portero_reports.content import ReportContent, UnprovenInterval
from portero_reports.fonts import BOLD, PLAIN, register_fonts
from portero_reports.phrases import COUNTS, facts_of, open_times
from portero_reports.plots import heat_maps, legend, strips
from portero_reports.vocabulary import Words
from portero_reports.words import Language, words_in

_MARGIN = 36.0
# What a frame of reportlab keeps free within the margins.
_PADDING = 6.0
_MINUTE = timedelta(minutes=1)
# Whom an interval leaves open is told by name up to so many.
_MOST_NAMED = 12

_BODY = ParagraphStyle("body", fontName=PLAIN, fontSize=7.5, leading=9.5)
_NUMBER = ParagraphStyle("number", _BODY, alignment=TA_RIGHT)
_HEAD = ParagraphStyle("head", _BODY, fontName=BOLD)
_NUMBER_HEAD = ParagraphStyle("number head", _HEAD, alignment=TA_RIGHT)
_TITLE = ParagraphStyle("title", fontName=BOLD, fontSize=15, leading=19, spaceAfter=4)
_SECTION = ParagraphStyle("section", fontName=BOLD, fontSize=10.5, leading=14, spaceBefore=10, spaceAfter=4)

_LINES = TableStyle(
    [
        ("LINEBELOW", (0, 0), (-1, 0), 0.7, HexColor(0x444444)),
        ("LINEBELOW", (0, 1), (-1, -1), 0.25, HexColor(0xCCCCCC)),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 4),
    ]
)


def document_of(content: ReportContent, language: Language = Language.ENGLISH) -> bytes:
    """Returns a report as a PDF file, with its fonts inside. The same content makes the same document."""
    register_fonts()
    words, file = words_in(language), BytesIO()
    title = f"{words['heading']}: {content.title}"
    document = SimpleDocTemplate(
        file,
        pagesize=landscape(A4),
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=title,
        author="Portero",
        lang=language.value,
        invariant=1,
    )

    def footer(canvas: Canvas, _: object) -> None:
        canvas.setFont(PLAIN, 6.5)
        canvas.drawString(_MARGIN + _PADDING, 22, _composed(f"{title} · {words.period(content.period)}"))
        canvas.drawRightString(
            landscape(A4)[0] - _MARGIN - _PADDING, 22, words["page"].format(page=canvas.getPageNumber())
        )

    document.build(list(_story(content, words, title)), onFirstPage=footer, onLaterPages=footer)
    return file.getvalue()


def _story(content: ReportContent, words: Words, title: str) -> Iterator[Flowable]:
    yield _paragraph(title, _TITLE)
    yield _paragraph(" · ".join(f"{heading}: {value}" for heading, value in facts_of(content, words)))
    yield Spacer(0, 4)
    yield _paragraph(words["rule"])
    yield _paragraph(words["unproven_rule"])
    detailed = content.of_person or content.period.one_day
    if not detailed:
        yield _paragraph(words["records_elsewhere"])
    if not content.people:
        yield _paragraph(words["no_records"], _SECTION)
        return
    yield _paragraph(words["summary"], _SECTION)
    yield _totals(content, words)
    yield PageBreak()
    yield from _plots(content, words)
    if detailed:
        yield _paragraph(words["records"], _SECTION)
        yield _records(content, words)
    yield _paragraph(words["unproven"], _SECTION)
    intervals = content.unproven()
    yield _unproven(content, intervals, words) if intervals else _paragraph(words["no_unproven"])


def _totals(content: ReportContent, words: Words) -> Flowable:
    statuses = [words.statuses[status] for status in words.statuses if status.value in COUNTS]
    headings = [
        words["name"],
        *statuses,
        words["percentage"],
        words["range_short"],
        words["present_minutes"],
        words["late_minutes"],
    ]
    rows = []
    for person in content.people:
        totals = person.totals
        open_range = ""
        if totals.lowest_percentage is not None and totals.lowest_percentage != totals.highest_percentage:
            open_range = f"{words.percent(totals.lowest_percentage)} - {words.percent(totals.highest_percentage)}"
        rows.append(
            (
                person.name or words["removed"],
                *(str(getattr(totals, f"{name}_count")) for name in COUNTS),
                words.percent(totals.percentage),
                open_range,
                f"{totals.present / _MINUTE:.0f}",
                f"{totals.late / _MINUTE:.0f}",
            )
        )
    return _table(headings, rows, [216, 48, 48, 52, 48, 56, 56, 50, 96, 50, 50], numbers_from=1)


def _plots(content: ReportContent, words: Words) -> Iterator[Flowable]:
    for place, drawing in enumerate(strips(content, words)):
        if place:
            yield PageBreak()
        yield _paragraph(words["strips"], _SECTION)
        yield legend(words)
        yield drawing
    for name, drawing in heat_maps(content, words):
        yield PageBreak()
        yield _paragraph(f"{words['heat']}, {name}", _SECTION)
        yield _paragraph(words["heat_rule"])
        yield drawing


def _records(content: ReportContent, words: Words) -> Flowable:
    keys = ("name", "day", "begins", "status", "reason", "came", "last_seen", "late_minutes", "open_times")
    rows = []
    for person, record in content.records:
        begins = content.local(record, record.session_start_time)
        seen = [
            "" if moment is None else f"{content.local(record, moment):%H:%M}"
            for moment in (record.arrive_time, record.leave_time)
        ]
        rows.append(
            (
                person.name or words["removed"],
                words.day(begins.date()),
                f"{begins:%H:%M}",
                words.statuses[record.status],
                words.reasons[record.reason],
                *seen,
                f"{record.late / _MINUTE:.0f}" if record.late else "",
                open_times(content, record, words),
            )
        )
    return _table([words[key] for key in keys], rows, [170, 56, 48, 70, 112, 40, 64, 50, 160])


def _unproven(content: ReportContent, intervals: Iterable[UnprovenInterval], words: Words) -> Flowable:
    rows = []
    everybody = len([person for person in content.people if person.person])
    for each in intervals:
        session = content.sessions.get(each.session)
        zone = content.zone_of("" if session is None else session.group)
        start, end = each.start.astimezone(zone), each.end.astimezone(zone)
        rows.append(
            (
                words.day(start.date()),
                f"{start:%H:%M:%S}",
                f"{end:%H:%M:%S}",
                ATTENDANCE_SESSIONS.identifier(each.session).partition("/")[0],
                ", ".join(words.causes[cause] for cause in each.causes),
                _named(each.people, everybody, words),
            )
        )
    headings = [words[key] for key in ("day", "from", "until", "session", "why", "whose")]
    return _table(headings, rows, [60, 50, 50, 110, 160, 340])


def _named(people: Sequence[str], everybody: int, words: Words) -> str:
    names = [name or words["removed"] for name in people]
    if everybody > 1 and len(names) == everybody:
        return f"{words['all']} ({len(names)})"
    more = f" … ({len(names)})" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def _table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[float], *, numbers_from: int = 1000
) -> Flowable:
    cells = [[_paragraph(text, _NUMBER_HEAD if at >= numbers_from else _HEAD) for at, text in enumerate(headings)]]
    cells += [
        [_paragraph(text, _NUMBER if at >= numbers_from else _BODY) for at, text in enumerate(row)] for row in rows
    ]
    return LongTable(cells, colWidths=list(widths), repeatRows=1, style=_LINES, hAlign="LEFT")


def _paragraph(text: str, style: ParagraphStyle = _BODY) -> Paragraph:
    return Paragraph(escape(_composed(text)), style)


def _composed(text: str) -> str:
    """Returns a text in which a letter and its accent are one character, as fonts have them."""
    return unicodedata.normalize("NFC", text)
