"""The plots of documents: presence session by session with minutes late, and a month as a heat map."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, Literal

from reportlab.graphics.shapes import Drawing, Line, Rect, String
from reportlab.lib.colors import Color, HexColor, linearlyInterpolatedColor, white

from portero_client import AttendanceRecord, AttendanceSession, AttendanceStatus
from portero_reports.content import DayMark, PersonReport, ReportContent, day_marks
from portero_reports.fonts import PLAIN, shortened
from portero_reports.vocabulary import Words

# Colors that differ in lightness too, so that they can be told apart by everybody and in print.
COLORS: Mapping[AttendanceStatus, Color] = {
    AttendanceStatus.PRESENT: HexColor(0x009E73),
    AttendanceStatus.LATE: HexColor(0xE69F00),
    AttendanceStatus.LEFT_EARLY: HexColor(0x56B4E9),
    AttendanceStatus.ABSENT: HexColor(0xB3401A),
    AttendanceStatus.EXCUSED: HexColor(0xC9B3D9),
    AttendanceStatus.UNPROVEN: HexColor(0x8A8A8A),
}
_WIDTH = 770.0
_NAMES = 180.0
_LATE = 120.0
_STRIP = _WIDTH - _NAMES - _LATE - 16
_ROW = 13.0
_AXIS = 16.0
_ROWS_A_PAGE = 34
_SIZE = 7.0
_SMALL = 5.5
_NO_RECORD = HexColor(0xF2F2F2)
_TEXT = HexColor(0x222222)
_RULE = HexColor(0xBBBBBB)
_NONE_ATTENDED, _ALL_ATTENDED = HexColor(0xF6C9B4), HexColor(0x4DB893)
_MINUTE = timedelta(minutes=1)
_Anchor = Literal["start", "middle"]


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where a session stands in a strip, in points from the left."""

    session: AttendanceSession
    left: float
    width: float


def legend(words: Words) -> Drawing:
    """Draws what each color means."""
    drawing, left = Drawing(_WIDTH, _ROW), 0.0
    for status, color in COLORS.items():
        drawing.add(_box(left, 2, 9, 8, color))
        drawing.add(_text(left + 12, 3, words.statuses[status]))
        left += 100
    drawing.add(_box(left, 2, 9, 8, _NO_RECORD, edge=_RULE))
    drawing.add(_text(left + 12, 3, words["not_here"]))
    return drawing


def strips(content: ReportContent, words: Words) -> Iterator[Drawing]:
    """Draws a row for each person: all sessions in order, from left to right, and how many minutes late altogether."""
    people = [person for person in content.people if person.person]
    most = max((person.totals.late / _MINUTE for person in people), default=0.0)
    slots = list(_slots(content))
    for first in range(0, len(people), _ROWS_A_PAGE):
        rows = people[first : first + _ROWS_A_PAGE]
        height = _AXIS + _ROW * len(rows)
        drawing = Drawing(_WIDTH, height)
        _axis(drawing, content, slots, height, words)
        for place, person in enumerate(rows):
            bottom = height - _AXIS - _ROW * (place + 1)
            drawing.add(_text(0, bottom + 3, shortened(person.name, _NAMES - 6, _SIZE)))
            _strip(drawing, {slot.session.name: slot for slot in slots}, person.records, bottom)
            _late_bar(drawing, person.totals.late / _MINUTE, most, bottom)
        yield drawing


def heat_maps(content: ReportContent, words: Words) -> Iterator[tuple[str, Drawing]]:
    """Draws each month as days by people, with its name; the months of a report of one day are not drawn."""
    marks = [(person, day_marks(content, person)) for person in content.people if person.person]
    days = sorted({day for _, known in marks for day in known})
    if len(days) < 2:
        return
    for (year, month), of_month in groupby(days, key=lambda day: (day.year, day.month)):
        columns = list(of_month)
        name = words["month_of"].format(month=words.months[month - 1], year=year)
        for first in range(0, len(marks), _ROWS_A_PAGE):
            yield name, _heat_map(columns, marks[first : first + _ROWS_A_PAGE], words)


def _slots(content: ReportContent) -> Iterator[_Slot]:
    width = _STRIP / max(len(content.sessions), 1)
    for place, session in enumerate(content.sessions.values()):
        yield _Slot(session, _NAMES + place * width, width)


def _axis(drawing: Drawing, content: ReportContent, slots: Sequence[_Slot], height: float, words: Words) -> None:
    drawing.add(_text(_WIDTH - _LATE, height - 9, words["minutes_late"]))
    next_free = 0.0
    for label, left in _ticks(content, slots):
        drawing.add(Line(left, 0, left, height - _AXIS + 3, strokeColor=_RULE, strokeWidth=0.3))
        if left >= next_free:
            drawing.add(_text(left, height - 9, label, _SMALL))
            next_free = left + 4 * len(label)


def _ticks(content: ReportContent, slots: Sequence[_Slot]) -> Iterator[tuple[str, float]]:
    """Returns a label where each day begins; of one day, where each session begins."""
    before: date | None = None
    one_day = len({slot.session.day for slot in slots}) == 1
    for slot in slots:
        session = slot.session
        if one_day:
            yield f"{session.start_time.astimezone(content.zone_of(session.group)):%H:%M}", slot.left
        elif session.day != before:
            yield (
                f"{session.day:%d}" if before and before.month == session.day.month else f"{session.day:%d/%m}",
                slot.left,
            )
        before = session.day


def _strip(drawing: Drawing, slots: Mapping[str, _Slot], records: Iterable[AttendanceRecord], bottom: float) -> None:
    low, tall = bottom + 1.5, _ROW - 3
    kept = list(records)
    for slot in slots.values():
        drawing.add(_box(slot.left, low, slot.width, tall, _NO_RECORD))
    for record in kept:
        if record.session in slots:
            _slot(drawing, slots[record.session], record, low, tall)


def _slot(drawing: Drawing, slot: _Slot, record: AttendanceRecord, low: float, tall: float) -> None:
    color = COLORS.get(record.status, _NO_RECORD)
    seen = record.arrive_time is not None and record.leave_time is not None
    whole = _pale(color) if seen else color
    drawing.add(_box(slot.left, low, slot.width, tall, whole, edge=white))
    if record.arrive_time is not None and record.leave_time is not None:
        left, right = _place(slot, record.arrive_time), _place(slot, record.leave_time)
        # Whoever was seen at one moment is seen in the plot too.
        drawing.add(_box(left, low, max(right - left, 0.6), tall, color))
    for span in record.unproven:
        left, right = _place(slot, span.start_time), _place(slot, span.end_time)
        gray = COLORS[AttendanceStatus.UNPROVEN]
        drawing.add(_box(left, low, max(right - left, 0.6), 2.5, gray))


def _place(slot: _Slot, moment: datetime) -> float:
    session = slot.session
    share = (moment - session.start_time) / (session.end_time - session.start_time)
    return slot.left + slot.width * min(max(share, 0.0), 1.0)


def _late_bar(drawing: Drawing, minutes: float, most: float, bottom: float) -> None:
    left = _WIDTH - _LATE
    if minutes:
        width = (_LATE - 28) * minutes / most
        late = COLORS[AttendanceStatus.LATE]
        drawing.add(_box(left, bottom + 3, max(width, 0.6), _ROW - 6, late))
        drawing.add(_text(left + width + 3, bottom + 3.5, f"{minutes:.0f}", _SMALL))


def _heat_map(
    days: Sequence[date], rows: Sequence[tuple[PersonReport, Mapping[date, DayMark]]], words: Words
) -> Drawing:
    height = _AXIS + _ROW * len(rows)
    cell = min((_WIDTH - _NAMES) / len(days), 40.0)
    drawing = Drawing(_WIDTH, height)
    for column, day in enumerate(days):
        drawing.add(_text(_NAMES + column * cell + cell / 2, height - 9, f"{day:%d}", _SMALL, anchor="middle"))
    for place, (person, marks) in enumerate(rows):
        bottom = height - _AXIS - _ROW * (place + 1)
        drawing.add(_text(0, bottom + 3, shortened(person.name, _NAMES - 6, _SIZE)))
        for column, day in enumerate(days):
            _cell(drawing, marks.get(day), _NAMES + column * cell, bottom, cell, words)
    return drawing


def _cell(drawing: Drawing, mark: DayMark | None, left: float, bottom: float, width: float, words: Words) -> None:
    if mark is None:
        color, sign = _NO_RECORD, ""
    elif mark.share is None:
        color = COLORS[AttendanceStatus.UNPROVEN if mark.unproven else AttendanceStatus.EXCUSED]
        sign = words.sign_of(mark.unproven)
    else:
        color = linearlyInterpolatedColor(_NONE_ATTENDED, _ALL_ATTENDED, 0, 1, mark.share)
        sign = f"{100 * mark.share:.0f}"
    drawing.add(_box(left, bottom, width, _ROW, color, edge=white))
    drawing.add(_text(left + width / 2, bottom + 4, sign, _SMALL, anchor="middle"))


def _pale(color: Color) -> Color:
    return linearlyInterpolatedColor(white, color, 0, 1, 0.3)


def _box(left: float, bottom: float, width: float, height: float, color: Color, *, edge: Color | None = None) -> Rect:
    # The stubs take the keywords for one of their kind each.
    style: dict[str, Any] = {"fillColor": color, "strokeColor": edge, "strokeWidth": 0.4}
    return Rect(left, bottom, width, height, **style)


def _text(left: float, bottom: float, text: str, size: float = _SIZE, *, anchor: _Anchor = "start") -> String:
    return String(left, bottom, text, fontName=PLAIN, fontSize=size, fillColor=_TEXT, textAnchor=anchor)
