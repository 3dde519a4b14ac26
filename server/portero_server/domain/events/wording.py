"""Puts a message into words for people, in English or Spanish."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
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
    group: str
    lesson: str
    withdrawn: Mapping[str, str]
    digest: str
    messages: tuple[str, str]
    counted: Mapping[str, str]
    more: str
    zone: str


_ENGLISH = _Words(
    MappingProxyType(
        {
            "sighting.started": "{who} is seen",
            "sighting.resumed": "{who} is seen again",
            "sighting.revised": "What is known of {who} was corrected",
            "sighting.left": "{who} has left",
            "alert.unknown_person": "Somebody unknown is seen",
            "alert.visitor_returned": "A visitor without a name is back",
            "attendance.absent": "{who} was absent",
            "attendance.late_again": "{who} was late {times:g} times within {days:g} days",
            "attendance.low_attendance": "{who} attended {percentage:g} % of the last {days:g} days",
            "attendance.session_unproven": "Of {unproven:g} of {expected:g} people nobody can tell whether they came",
            "attendance.withdrawn": "Correction: this does not hold any more: {withdrawn}",
            "webhook.test": "This is a test of Portero",
        }
    ),
    stranger="somebody unknown",
    other="Something happened: {kind}",
    camera="Camera: {camera}",
    time="Time: {time}",
    last_visit="Last visit: {time}",
    group="Group: {group}",
    lesson="Session: {time}",
    withdrawn=MappingProxyType(
        {
            "attendance.absent": "{who} was absent",
            "attendance.late_again": "{who} was late several times",
            "attendance.low_attendance": "{who} attended too little",
            "attendance.session_unproven": "attendance of a session is not known",
        }
    ),
    digest="Summary of {time}: {count}",
    messages=("1 message", "{count} messages"),
    counted=MappingProxyType(
        {
            "sighting.started": "seen",
            "sighting.resumed": "seen again",
            "sighting.revised": "corrected",
            "sighting.left": "left",
            "alert.unknown_person": "unknown people",
            "alert.visitor_returned": "visitors who are back",
            "attendance.absent": "absent",
            "attendance.late_again": "late again",
            "attendance.low_attendance": "low attendance",
            "attendance.session_unproven": "sessions not known",
            "attendance.withdrawn": "corrections",
        }
    ),
    more="and {count} more",
    zone="Times: {zone}",
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
            "attendance.absent": "{who}: ausente",
            "attendance.late_again": "{who}: {times:g} atrasos en {days:g} días",
            "attendance.low_attendance": "{who}: asistencia de {percentage:g} % en los últimos {days:g} días",
            "attendance.session_unproven": "No se sabe de {unproven:g} de {expected:g} personas si asistieron",
            "attendance.withdrawn": "Corrección: ya no es así: {withdrawn}",
            "webhook.test": "Esta es una prueba de Portero",
        }
    ),
    stranger="una persona desconocida",
    other="Ocurrió algo: {kind}",
    camera="Cámara: {camera}",
    time="Hora: {time}",
    last_visit="Última visita: {time}",
    group="Grupo: {group}",
    lesson="Clase: {time}",
    withdrawn=MappingProxyType(
        {
            "attendance.absent": "{who}: ausente",
            "attendance.late_again": "{who}: varios atrasos",
            "attendance.low_attendance": "{who}: baja asistencia",
            "attendance.session_unproven": "no se sabe quién asistió a una clase",
        }
    ),
    digest="Resumen del {time}: {count}",
    messages=("1 aviso", "{count} avisos"),
    counted=MappingProxyType(
        {
            "sighting.started": "vistas",
            "sighting.resumed": "vistas de nuevo",
            "sighting.revised": "corregidas",
            "sighting.left": "ya no se ven",
            "alert.unknown_person": "personas desconocidas",
            "alert.visitor_returned": "visitas que volvieron",
            "attendance.absent": "ausentes",
            "attendance.late_again": "atrasos reiterados",
            "attendance.low_attendance": "baja asistencia",
            "attendance.session_unproven": "clases sin información",
            "attendance.withdrawn": "correcciones",
        }
    ),
    more="y {count} más",
    zone="Horas: {zone}",
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
    data = content["data"]
    if content["type"].startswith("digest."):
        return _digest(content, language, zone)
    title = _sentence(content, words)
    if "group" in data:
        lines = [words.group.format(group=_group(data)), words.lesson.format(time=_time(data["start_time"], zone))]
        return PeopleText(title, "\n".join(lines))
    lines = [words.time.format(time=_time(content["timestamp"], zone))]
    if "camera" in data:
        lines.insert(0, words.camera.format(camera=str(data["camera"]).removeprefix("cameras/")))
    if "last_visit_time" in data:
        lines.append(words.last_visit.format(time=_time(data["last_visit_time"], zone)))
    return PeopleText(title, "\n".join(lines))


def digest_line(content: Mapping[str, Any], language: str, zone: ZoneInfo, moment: datetime) -> str:
    """Returns the line of a digest about one message.

    Args:
        content: Of the message.
        language: One of `LANGUAGES`.
        zone: In which times are told.
        moment: Of the digest; times of the same day are told without their date.
    """
    data, today = content["data"], moment.astimezone(zone).date()
    sentence = _sentence(content, _LANGUAGES[language])
    if "group" in data:
        # When the session was says more than when it was decided.
        return f"{sentence} ({_group(data)}, {_short(data['start_time'], zone, today)})"
    place = f" ({str(data['camera']).removeprefix('cameras/')})" if "camera" in data else ""
    return f"{_short(content['timestamp'], zone, today)} {sentence}{place}"


def _digest(content: Mapping[str, Any], language: str, zone: ZoneInfo) -> PeopleText:
    words, data = _LANGUAGES[language], content["data"]
    moment, count, entries = datetime.fromisoformat(content["timestamp"]), data["count"], data["entries"]
    lines = []
    if len(data["counts"]) > 1:
        counts = ((words.counted.get(kind, kind), number) for kind, number in data["counts"].items())
        lines = [_capitalized("; ".join(f"{what}: {number}" for what, number in counts)), ""]
    lines += [digest_line(entry, language, zone, moment) for entry in entries]
    if count > len(entries):
        lines.append(words.more.format(count=count - len(entries)))
    lines += ["", words.zone.format(zone=zone.key)]
    one, many = words.messages
    whole = one if count == 1 else many.format(count=count)
    time = f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
    return PeopleText(words.digest.format(time=time, count=whole), "\n".join(lines))


def _sentence(content: Mapping[str, Any], words: _Words) -> str:
    kind, data = content["type"], content["data"]
    # A name may hold braces: it is put in last, and never read as a template.
    who = data.get("display_name") or words.stranger
    withdrawn = words.withdrawn.get(data.get("withdrawn_type", ""), "").format(who=who)
    numbers = {name: value for name, value in data.items() if isinstance(value, int | float)}
    sentence = words.sentences.get(kind, words.other).format(**numbers, who=who, kind=kind, withdrawn=withdrawn)
    return _capitalized(sentence)


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]


def _group(data: Mapping[str, Any]) -> str:
    return data.get("group_display_name") or str(data["group"]).removeprefix("attendanceGroups/")


def _short(text: Any, zone: ZoneInfo, today: date) -> str:
    local = datetime.fromisoformat(text).astimezone(zone)
    return f"{local:%H:%M}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"


def _time(text: Any, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(text).astimezone(zone):%Y-%m-%d %H:%M} ({zone.key})"
