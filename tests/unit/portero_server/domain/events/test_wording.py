"""Messages in words."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from portero_server.domain.events.apprise_urls import LANGUAGES
from portero_server.domain.events.message import EventMessage, trial_message
from portero_server.domain.events.wording import PeopleText, text_of

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
