"""Messages about notices of attendance."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import jsonschema
import pytest

import portero_server.events
from portero_server.domain.attendance.notices import AttendanceNotice, Figures, NoticeKind
from portero_server.domain.events.apprise_urls import LANGUAGES
from portero_server.domain.events.notice_message import message_of_notice
from portero_server.domain.events.wording import text_of
from tests.support.store.sighting_events import NOON

_SCHEMA = json.loads((Path(portero_server.events.__file__).parent / "webhook.schema.json").read_text())
_FIGURES: dict[NoticeKind, Figures] = {
    NoticeKind.ABSENT: {},
    NoticeKind.LATE_AGAIN: {"times": 3, "days": 30},
    NoticeKind.LOW_ATTENDANCE: {"percentage": 83.3, "below": 85.0, "days": 30},
    NoticeKind.SESSION_UNPROVEN: {"unproven": 12, "expected": 30},
}
_ABSENT = AttendanceNotice("n1", NoticeKind.ABSENT, "math/2026-03-02", "1b", NOON, "ana", NOON)


def _notice(kind: NoticeKind, *, withdraws: str | None = None) -> AttendanceNotice:
    person_id = None if kind is NoticeKind.SESSION_UNPROVEN else "ana"
    return replace(_ABSENT, kind=kind, person_id=person_id, withdraws=withdraws, figures=_FIGURES[kind])


@pytest.mark.parametrize("kind", NoticeKind)
@pytest.mark.parametrize("withdraws", [None, "n0"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_notice_has_the_published_form_and_words(kind: NoticeKind, withdraws: str | None, language: str) -> None:
    """Those that are withdrawn too; no words are left open."""
    message = message_of_notice(2**52, _notice(kind, withdraws=withdraws), "Ana Ñúñez", "1° básico B")
    jsonschema.validate(message.content, _SCHEMA, format_checker=jsonschema.FormatChecker())
    text = text_of(message, language, ZoneInfo("America/Santiago"))
    assert "{" not in text.title + text.body
    assert ("Ana Ñúñez" in text.title) is (kind is not NoticeKind.SESSION_UNPROVEN)
    assert "1° básico B" in text.body


def test_an_absence_names_session_group_and_person() -> None:
    """And nothing of how it was decided."""
    message = message_of_notice(7, _ABSENT, "Ana", "")
    assert message.message_id == "evt_n1"
    assert message.content["type"] == "attendance.absent"
    assert message.content["data"] == {
        "position": 7,
        "session": "attendanceSessions/math/2026-03-02",
        "group": "attendanceGroups/1b",
        "group_display_name": None,
        "start_time": "2026-03-02T12:00:00.000Z",
        "person": "people/ana",
        "display_name": "Ana",
    }


def test_what_is_withdrawn_names_the_message_before() -> None:
    """By its id, and by its type."""
    message = message_of_notice(8, replace(_ABSENT, notice_id="n2", withdraws="n1"), "Ana", "1b")
    assert message.content["type"] == "attendance.withdrawn"
    data = message.content["data"]
    assert (data["withdraws"], data["withdrawn_type"]) == ("evt_n1", "attendance.absent")


@pytest.mark.parametrize(
    ("kind", "english", "spanish"),
    [
        (NoticeKind.ABSENT, "Ana was absent", "Ana: ausente"),
        (NoticeKind.LATE_AGAIN, "Ana was late 3 times within 30 days", "Ana: 3 atrasos en 30 días"),
        (
            NoticeKind.LOW_ATTENDANCE,
            "Ana attended 83.3 % of the last 30 days",
            "Ana: asistencia de 83.3 % en los últimos 30 días",
        ),
    ],
)
def test_words_for_people(kind: NoticeKind, english: str, spanish: str) -> None:
    """With the figures of the rule, and the hour at which the lesson began there."""
    message = message_of_notice(7, _notice(kind), "Ana", "1b")
    zone = ZoneInfo("America/Santiago")
    assert (text_of(message, "en", zone).title, text_of(message, "es", zone).title) == (english, spanish)
    assert text_of(message, "es", zone).body == "Grupo: 1b\nClase: 2026-03-02 09:00 (America/Santiago)"
