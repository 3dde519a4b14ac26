"""Messages in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from portero_server.domain.attendance.notices import NoticeKind
from portero_server.domain.events.apprise_urls import LANGUAGES
from portero_server.domain.events.message import EventMessage, trial_message
from portero_server.domain.events.wording import PeopleText, digest_line, text_of

_SANTIAGO = ZoneInfo("America/Santiago")
_LONG = "Ñandú Íñiguez " * 5 + "de la Peña"


def _message(kind: str, **data: object) -> EventMessage:
    return EventMessage("evt_1", {"type": kind, "timestamp": "2026-03-02T11:14:00.000Z", "data": data})


@pytest.mark.parametrize(
    ("language", "title", "body"),
    [
        ("en", f"{_LONG} is seen", "Camera: door\nTime: 2026-03-02 08:14 (America/Santiago)"),
        ("es", f"Se ve a {_LONG}", "Cámara: door\nHora: 2026-03-02 08:14 (America/Santiago)"),
    ],
)
def test_a_sighting_is_told_with_the_whole_name_and_the_time_at_the_site(language: str, title: str, body: str) -> None:
    """Eighty letters with tildes and accents are not cut."""
    assert len(_LONG) == 80
    message = _message("sighting.started", display_name=_LONG, camera="cameras/door")
    assert text_of(message, language, _SANTIAGO) == PeopleText(title, body)


def test_whoever_has_no_name_is_somebody_unknown() -> None:
    """So is whoever was erased."""
    message = _message("sighting.left", display_name=None, camera="cameras/door")
    assert text_of(message, "en", _SANTIAGO).title == "Somebody unknown has left"
    assert text_of(message, "es", _SANTIAGO).title == "Ya no se ve a una persona desconocida"


def test_a_returned_visitor_is_told_with_the_last_visit() -> None:
    """In the zone of the site, as every time."""
    message = _message("alert.visitor_returned", last_visit_time="2026-03-01T03:00:00.000Z")
    assert text_of(message, "es", _SANTIAGO).body.endswith("Última visita: 2026-03-01 00:00 (America/Santiago)")


def test_a_name_with_braces_is_no_template() -> None:
    """It is told as it is."""
    message = _message("sighting.started", display_name="{kind} {0}", camera="cameras/door")
    assert text_of(message, "en", _SANTIAGO).title == "{kind} {0} is seen"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_words_for_a_trial_and_for_what_is_new(language: str) -> None:
    """A type without words is told by its name."""
    assert "Portero" in text_of(trial_message(datetime(2026, 3, 2, tzinfo=UTC)), language, _SANTIAGO).title
    assert text_of(_message("door.opened"), language, _SANTIAGO).title.endswith(": door.opened")


_ENTRIES = (
    _message("sighting.started", display_name=_LONG, camera="cameras/door"),
    _message("alert.unknown_person", camera="cameras/door"),
    _message(
        "attendance.absent",
        display_name="Íñigo",
        group="attendanceGroups/1b",
        group_display_name="1° básico B",
        start_time="2026-03-01T12:00:00.000Z",
    ),
    _message("attendance.absent", display_name="{who}", group="attendanceGroups/1b", start_time="2026-03-02T11:00:00Z"),
)


@pytest.mark.parametrize(
    ("language", "title", "lines"),
    [
        (
            "en",
            "Summary of 2026-03-02 18:00: 9 messages",
            [
                "Seen: 6; absent: 2; unknown people: 1",
                "",
                f"08:14 {_LONG} is seen (door)",
                "08:14 Somebody unknown is seen (door)",
                "Íñigo was absent (1° básico B, 2026-03-01 09:00)",
                "{who} was absent (1b, 08:00)",
                "and 5 more",
                "",
                "Times: America/Santiago",
            ],
        ),
        (
            "es",
            "Resumen del 2026-03-02 18:00: 9 avisos",
            [
                "Vistas: 6; ausentes: 2; personas desconocidas: 1",
                "",
                f"08:14 Se ve a {_LONG} (door)",
                "08:14 Se ve a una persona desconocida (door)",
                "Íñigo: ausente (1° básico B, 2026-03-01 09:00)",
                "{who}: ausente (1b, 08:00)",
                "y 5 más",
                "",
                "Horas: America/Santiago",
            ],
        ),
    ],
)
def test_a_digest_has_counts_a_line_for_each_message_and_how_many_have_none(
    language: str, title: str, lines: list[str]
) -> None:
    """Times are those of the zone; of another day than the digest's they have their date."""
    counts = {"sighting.started": 6, "attendance.absent": 2, "alert.unknown_person": 1}
    digest = _digest(_ENTRIES, 9, counts)
    assert text_of(digest, language, _SANTIAGO) == PeopleText(title, "\n".join(lines))


@pytest.mark.parametrize(
    ("language", "title", "zone"),
    [
        ("en", "Summary of 2026-03-02 18:00: 1 message", "Times: America/Santiago"),
        ("es", "Resumen del 2026-03-02 18:00: 1 aviso", "Horas: America/Santiago"),
    ],
)
def test_a_digest_of_one_message_is_as_short_as_it_can_be(language: str, title: str, zone: str) -> None:
    """What is of one type only is not counted by types."""
    told = text_of(_digest(_ENTRIES[:1], 1, {"sighting.started": 1}), language, _SANTIAGO)
    assert (told.title, told.body.split("\n")[1:]) == (title, ["", zone])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_counts_every_type(language: str) -> None:
    """Only a type that is new is counted by its name."""
    types = [f"sighting.{kind}" for kind in ("started", "resumed", "revised", "left")]
    types += [f"attendance.{kind.value}" for kind in NoticeKind] + ["attendance.withdrawn"]
    types += ["alert.unknown_person", "alert.visitor_returned", "door.opened"]
    first, *_ = text_of(_digest((), 22, dict.fromkeys(types, 2)), language, _SANTIAGO).body.split("\n")
    assert first.count(": 2") == len(types)
    assert [word for word in types if word in first] == ["door.opened"]


def _digest(entries: Sequence[EventMessage], count: int, counts: dict[str, int]) -> EventMessage:
    data = {"count": count, "counts": counts, "entries": [entry.content for entry in entries]}
    return EventMessage("d", {"type": "digest.events", "timestamp": "2026-03-02T21:00:00.000Z", "data": data})


def test_a_line_of_the_day_before_has_its_date() -> None:
    """By the days of the zone, not those of UTC."""
    moment = datetime(2026, 3, 3, 2, 59, tzinfo=UTC)
    assert digest_line(_ENTRIES[1].content, "en", _SANTIAGO, moment).startswith("08:14 ")
    after = digest_line(_ENTRIES[1].content, "en", _SANTIAGO, moment + timedelta(minutes=1))
    assert after.startswith("2026-03-02 08:14 ")
