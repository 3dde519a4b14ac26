"""What every kind of report says in the same words."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from portero_client import AttendanceRecord
from portero_reports.content import ReportContent
from portero_reports.vocabulary import Words

COUNTS = ("present", "late", "left_early", "absent", "excused", "unproven")
"""The statuses that are counted, by their names in totals."""


def facts_of(content: ReportContent, words: Words) -> list[tuple[str, str]]:
    """Returns headings with what is known: period, zones, sessions, when it was read, and its newest record."""
    published = content.published_at
    return [
        (words["period"], words.period(content.period)),
        (words["zone"], ", ".join(content.zones) or "UTC"),
        (words["sessions"], _sessions(content, words)),
        (words["read_at"], _moment(content, content.read_at, words)),
        (
            words["published_at"],
            words["nothing_published"] if published is None else _moment(content, published, words),
        ),
    ]


def open_times(content: ReportContent, record: AttendanceRecord, words: Words) -> str:
    """Returns the unproven times of a record with their causes, in words."""
    return "; ".join(
        f"{content.local(record, span.start_time):%H:%M}-{content.local(record, span.end_time):%H:%M} "
        + ", ".join(words.causes[cause] for cause in span.causes)
        for span in record.unproven
    )


def _sessions(content: ReportContent, words: Words) -> str:
    parts = [str(len(content.sessions))]
    if content.undecided:
        parts.append(words["undecided"].format(count=content.undecided))
    if content.stale:
        parts.append(words["stale"].format(count=content.stale))
    return ", ".join(parts)


def _moment(content: ReportContent, moment: datetime, words: Words) -> str:
    zone = content.zones[0] if len(content.zones) == 1 else "UTC"
    said = words.moment(moment.astimezone(ZoneInfo(zone)))
    return said if len(content.zones) == 1 else f"{said} UTC"
