"""Puts a message into words for people, in English or Spanish."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from portero_server.domain.events.message import EventMessage


@dataclass(frozen=True, slots=True)
class PeopleText:
    """A message in words: one line, and some more."""

    title: str
    body: str


@dataclass(frozen=True, slots=True)
class _Words:
    sentences: Mapping[str, str]
    stranger: str
    other: str
    camera: str
    time: str
    last_visit: str


_ENGLISH = _Words(
    MappingProxyType(
        {
            "sighting.started": "{who} is seen",
            "sighting.resumed": "{who} is seen again",
            "sighting.revised": "What is known of {who} was corrected",
            "sighting.left": "{who} has left",
            "alert.unknown_person": "Somebody unknown is seen",
            "alert.visitor_returned": "A visitor without a name is back",
            "webhook.test": "This is a test of Portero",
        }
    ),
    stranger="somebody unknown",
    other="Something happened: {kind}",
    camera="Camera: {camera}",
    time="Time: {time}",
    last_visit="Last visit: {time}",
)
_SPANISH = _Words(
    MappingProxyType(
        {
            "sighting.started": "Se ve a {who}",
            "sighting.resumed": "Se ve de nuevo a {who}",
            "sighting.revised": "Se corrigió lo que se sabe de {who}",
            "sighting.left": "Ya no se ve a {who}",
            "alert.unknown_person": "Se ve a una persona desconocida",
            "alert.visitor_returned": "Volvió una visita sin nombre",
            "webhook.test": "Esta es una prueba de Portero",
        }
    ),
    stranger="una persona desconocida",
    other="Ocurrió algo: {kind}",
    camera="Cámara: {camera}",
    time="Hora: {time}",
    last_visit="Última visita: {time}",
)
_LANGUAGES = MappingProxyType({"en": _ENGLISH, "es": _SPANISH})


def text_of(message: EventMessage, language: str, zone: ZoneInfo) -> PeopleText:
    """Returns a message in words.

    Args:
        message: What is told; of a type that has no words here, the type itself is.
        language: One of `LANGUAGES`.
        zone: In which times are told.
    """
    words, content = _LANGUAGES[language], message.content
    kind, data = content["type"], content["data"]
    # A name may hold braces: it is put in last, and never read as a template.
    who = data.get("display_name") or words.stranger
    title = words.sentences.get(kind, words.other).format(who=who, kind=kind)
    lines = [words.time.format(time=_time(content["timestamp"], zone))]
    if "camera" in data:
        lines.insert(0, words.camera.format(camera=str(data["camera"]).removeprefix("cameras/")))
    if "last_visit_time" in data:
        lines.append(words.last_visit.format(time=_time(data["last_visit_time"], zone)))
    return PeopleText(title[:1].upper() + title[1:], "\n".join(lines))


def _time(text: Any, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(text).astimezone(zone):%Y-%m-%d %H:%M} ({zone.key})"
