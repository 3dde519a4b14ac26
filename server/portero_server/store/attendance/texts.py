"""What rows of attendance keep as JSON: rules, free days, schedules, and what shows a record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from portero_server.domain.attendance.record import AttendanceRecord, OpenQuestion
from portero_server.domain.attendance.recurrence import Recurrence
from portero_server.domain.attendance.rules import AttendanceRules, PresenceMeasure
from portero_server.domain.attendance.schedule import Schedule, SessionChange
from portero_server.domain.attendance.unproven import UnprovenCause, UnprovenSpan


def rules_text(rules: AttendanceRules) -> str:
    """Returns the text that stores rules; times are seconds."""
    return _text({each.name: _plain(getattr(rules, each.name)) for each in fields(rules)})


def rules_of(text: str) -> AttendanceRules:
    """Returns the rules of a text. What a later version added is passed over, what an earlier one lacks is default."""
    stored = json.loads(text)
    values: dict[str, Any] = {}
    for each in fields(AttendanceRules):
        if each.name not in stored:
            continue
        value = stored[each.name]
        if each.name == "measure":
            value = PresenceMeasure(value)
        elif isinstance(value, float) and each.name != "sure_similarity":
            value = timedelta(seconds=value)
        values[each.name] = value
    return AttendanceRules(**values)


def own_days_text(free_days: Mapping[date, str], worked_days: frozenset[date]) -> str:
    """Returns the text that stores the free days of a group, and those on which it meets all the same."""
    free = {day.isoformat(): name for day, name in sorted(free_days.items())}
    return _text({"free": free, "worked": sorted(day.isoformat() for day in worked_days)})


def own_days_of(text: str) -> tuple[dict[date, str], frozenset[date]]:
    """Returns the free days of a text, and those on which the group meets all the same."""
    stored = json.loads(text)
    free = {date.fromisoformat(day): name for day, name in stored["free"].items()}
    return free, frozenset(map(date.fromisoformat, stored["worked"]))


def schedule_text(schedule: Schedule) -> str:
    """Returns the text that stores a schedule, without its ids and its zone, which are the group's."""
    return _text(
        {
            "rooms": list(schedule.room_ids),
            "first_day": schedule.first_day.isoformat(),
            "begins": schedule.begins.isoformat(),
            "ends": schedule.ends.isoformat(),
            "rule": None if schedule.recurrence is None else schedule.recurrence.rule,
            "last_day": None if schedule.last_day is None else schedule.last_day.isoformat(),
            "changes": [{name: _plain(value) for name, value in _parts(each)} for each in schedule.changes],
        }
    )


def schedule_of(schedule_id: str, group_id: str, zone: tzinfo, text: str) -> Schedule:
    """Returns the schedule of a text."""
    stored = json.loads(text)
    rule, last_day = stored["rule"], stored["last_day"]
    return Schedule(
        schedule_id=schedule_id,
        group_id=group_id,
        room_ids=tuple(stored["rooms"]),
        zone=zone,
        first_day=date.fromisoformat(stored["first_day"]),
        begins=time.fromisoformat(stored["begins"]),
        ends=time.fromisoformat(stored["ends"]),
        recurrence=None if rule is None else Recurrence(rule),
        last_day=None if last_day is None else date.fromisoformat(last_day),
        changes=tuple(_change(each) for each in stored["changes"]),
    )


def detail_text(record: AttendanceRecord) -> str:
    """Returns the text that stores what shows a record: ids of sightings, open questions, and what is unproven."""
    return _text(
        {
            "evidence": list(record.evidence),
            "open": [each.value for each in record.open_questions],
            "unproven": [
                [each.start.isoformat(), each.end.isoformat(), *(cause.value for cause in each.causes)]
                for each in record.unproven
            ],
        }
    )


def detail_of(text: str) -> tuple[tuple[str, ...], tuple[OpenQuestion, ...], tuple[UnprovenSpan, ...]]:
    """Returns evidence, open questions and unproven spans of a text."""
    stored = json.loads(text)
    unproven = tuple(
        UnprovenSpan(
            datetime.fromisoformat(start), datetime.fromisoformat(end), tuple(UnprovenCause(cause) for cause in causes)
        )
        for start, end, *causes in stored.get("unproven", ())
    )
    questions = tuple(OpenQuestion(each) for each in stored.get("open", ()))
    return tuple(stored.get("evidence", ())), questions, unproven


def rooms_text(room_ids: tuple[str, ...]) -> str:
    """Returns the text that stores rooms."""
    return _text(list(room_ids))


def rooms_of(text: str) -> tuple[str, ...]:
    """Returns the rooms of a text."""
    return tuple(json.loads(text))


def _parts(change: SessionChange) -> list[tuple[str, object]]:
    return [(each.name, getattr(change, each.name)) for each in fields(change)]


def _change(stored: Mapping[str, Any]) -> SessionChange:
    moved_to, begins, ends = stored["moved_to"], stored["begins"], stored["ends"]
    rooms = stored["room_ids"]
    return SessionChange(
        day=date.fromisoformat(stored["day"]),
        canceled=stored["canceled"],
        moved_to=None if moved_to is None else date.fromisoformat(moved_to),
        begins=None if begins is None else time.fromisoformat(begins),
        ends=None if ends is None else time.fromisoformat(ends),
        room_ids=None if rooms is None else tuple(rooms),
        note=stored["note"],
    )


def _plain(value: object) -> object:
    match value:
        case timedelta():
            return value.total_seconds()
        case date() | time():
            return value.isoformat()
        case PresenceMeasure():
            return value.value
        case tuple():
            return list(value)
        case _:
            return value


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
