"""A generated school: a class of pupils, a month of sessions, three cameras that fail, and what truly happened.

Cameras have outages, and bridges are offline for a while and upload late. Some faces get the name of a look-alike until
somebody corrects it, some get no name, and a few are seen too poorly to be anybody's. Everything follows from a seed.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import IntEnum
from zoneinfo import ZoneInfo

from portero_server.domain.attendance.coverage import Coverage
from portero_server.domain.attendance.decision import AttendanceDecision, SeenSpan, decide
from portero_server.domain.attendance.groups import Membership, Placement, Roster
from portero_server.domain.attendance.holiday_calendar import public_holidays
from portero_server.domain.attendance.limits import limits_of
from portero_server.domain.attendance.record import PersonSighting
from portero_server.domain.attendance.recurrence import Recurrence
from portero_server.domain.attendance.rules import AttendanceRules
from portero_server.domain.attendance.schedule import AttendanceSession, Schedule, SessionState, sessions_between
from portero_server.domain.attendance.sheet import SessionFacts
from portero_server.domain.attendance.spans import TimeSpan, common, merged, without
from portero_server.domain.attendance.unproven import UnprovenCause, UnprovenSpan

_ZONE = ZoneInfo("America/Santiago")
_FIRST_DAY = date(2026, 3, 16)
_BEGINNINGS = ((8, 0), (8, 50), (9, 50), (10, 40), (11, 40), (12, 30))
_LESSON = timedelta(minutes=45)
_MINUTE = timedelta(minutes=1)
_ROOM_OF = ("a", "a", "a", "a", "b", "b")
_PLACEMENTS = (Placement("front", "a"), Placement("back", "a"), Placement("lab", "b"))
_GROUP = "1b"


class Stage(IntEnum):
    """How much is known."""

    AT_ONCE = 0
    """What arrived on the day."""
    UPLOADED = 1
    """And what bridges that were offline sent later."""
    CORRECTED = 2
    """And wrong names were corrected."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A sighting as it arrives, and as it is once somebody corrected it; None: it was right."""

    arrives: Stage
    sighting: PersonSighting
    corrected: PersonSighting | None

    def at(self, stage: Stage) -> PersonSighting | None:
        """Returns the sighting as it is known at a stage; None: not yet."""
        if self.arrives > stage:
            return None
        return self.corrected if stage is Stage.CORRECTED and self.corrected is not None else self.sighting


@dataclass(frozen=True, slots=True)
class School:
    """What truly happened, and what is known of it at each stage.

    Attributes:
        there: When each pupil was in the room, by session and pupil.
        outages: When each camera was dead, by camera.
    """

    sessions: tuple[AttendanceSession, ...]
    roster: Roster
    rules: AttendanceRules
    there: Mapping[tuple[str, str], tuple[TimeSpan, ...]]
    outages: Mapping[str, tuple[TimeSpan, ...]]
    coverages: Mapping[Stage, Mapping[str, Coverage]]
    seen: Mapping[str, tuple[_Seen, ...]]

    @property
    def placements(self) -> tuple[Placement, ...]:
        """Which camera is in which room."""
        return _PLACEMENTS

    def facts(self, session: AttendanceSession, stage: Stage) -> SessionFacts:
        """Returns what is known of a session, with the sightings of its day."""
        known = (each.at(stage) for each in self.seen[session.day.isoformat()])
        sightings = tuple(each for each in known if each is not None)
        return SessionFacts(session, self.roster, self.rules, _PLACEMENTS, sightings, self.coverages[stage])

    def changed(self, stage: Stage) -> Iterator[tuple[PersonSighting, ...]]:
        """Yields the sightings that a stage adds or changes, as they were before and are now."""
        for each in (one for day in self.seen.values() for one in day):
            before, now = each.at(Stage(stage - 1)), each.at(stage)
            if before != now:
                yield tuple(version for version in (before, now) if version is not None)

    def uploaded(self) -> dict[str, tuple[TimeSpan, ...]]:
        """Returns of which times frames were uploaded late, by camera."""
        before, after = self.coverages[Stage.AT_ONCE], self.coverages[Stage.UPLOADED]
        return {camera: without(after[camera].seen, before[camera].seen) for camera in after}

    def truth(self, session: AttendanceSession, person_id: str) -> AttendanceDecision:
        """Returns what cameras would have shown that miss nothing and nobody."""
        seen = [SeenSpan(each.start, each.end) for each in self.there[session.session_id, person_id]]
        return decide(limits_of(session.span, self.rules), self.rules.measure, seen, ())


def generated_school(seed: int, pupils: int = 30, days: int = 22) -> School:
    """Returns a school month; the number of pupils is even, since each has a look-alike."""
    chance = random.Random(seed)
    people = [f"pupil-{number:02}" for number in range(1, pupils + 1)]
    sessions = tuple(_sessions(days))
    school_days = sorted({session.day for session in sessions})
    outages = {each.camera_id: merged(_outages(chance, school_days, 0.2, 2, 40)) for each in _PLACEMENTS}
    offline = {each.camera_id: merged(_outages(chance, school_days, 0.2, 20, 200)) for each in _PLACEMENTS}
    there = {(session.session_id, person): _there(chance, session.span) for session in sessions for person in people}
    running = [TimeSpan(_wall(day, 7, 0), _wall(day, 14, 0)) for day in school_days]
    seen: dict[str, list[_Seen]] = {day.isoformat(): [] for day in school_days}
    for session in sessions:
        for person in people:
            for camera, span in _fragments(chance, session, there[session.session_id, person], outages):
                for stage, part in _arrivals(span, offline[camera]):
                    sighting = _sighting(chance, people, person, camera, part, stage)
                    seen[session.day.isoformat()].append(sighting)
    return School(
        sessions,
        Roster(tuple(Membership(person, _FIRST_DAY) for person in people)),
        AttendanceRules(absent_after=timedelta(minutes=30), minimum_presence=timedelta(minutes=10)),
        there,
        outages,
        {stage: _coverages(stage, running, outages, offline) for stage in Stage},
        {day: tuple(each) for day, each in seen.items()},
    )


def _wall(day: date, hour: int, minute: int) -> datetime:
    return datetime.combine(day, time(hour, minute), _ZONE).astimezone(UTC)


def _sessions(days: int) -> Iterator[AttendanceSession]:
    """Yields the sessions of some days on which school is held: Good Friday is not one."""
    chile = public_holidays("CL")
    for place, (hour, minute) in enumerate(_BEGINNINGS):
        begins = time(hour, minute)
        ends = (datetime.combine(_FIRST_DAY, begins) + _LESSON).time()
        rule = Recurrence("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR")
        schedule = Schedule(f"lesson-{place}", _GROUP, (_ROOM_OF[place],), _ZONE, _FIRST_DAY, begins, ends, rule)
        found = sessions_between(schedule, _FIRST_DAY, _FIRST_DAY + timedelta(days=2 * days), chile)
        yield from [each for each in found if each.state is SessionState.HELD][:days]


def _outages(chance: random.Random, days: Iterable[date], share: float, least: int, most: int) -> Iterator[TimeSpan]:
    for day in days:
        if chance.random() < share:
            start = _wall(day, 7, 0) + chance.randrange(0, 400) * _MINUTE
            yield TimeSpan(start, start + chance.randint(least, most) * _MINUTE)


def _there(chance: random.Random, lesson: TimeSpan) -> tuple[TimeSpan, ...]:
    """Returns when a pupil was in the room: all the time, never, from too late, until too early, or with a break."""
    kind = chance.random()
    start, end = lesson.start - chance.randint(0, 4) * _MINUTE, lesson.end
    if kind < 0.08:
        return ()
    if kind < 0.16:
        start = lesson.start + chance.randint(1, 35) * _MINUTE
    elif kind < 0.22:
        end = lesson.end - chance.randint(1, 40) * _MINUTE
    elif kind < 0.27:
        out = lesson.start + chance.randint(5, 25) * _MINUTE
        return (TimeSpan(start, out), TimeSpan(out + chance.randint(2, 10) * _MINUTE, end))
    return (TimeSpan(start, end),)


def _fragments(
    chance: random.Random,
    session: AttendanceSession,
    there: tuple[TimeSpan, ...],
    outages: Mapping[str, tuple[TimeSpan, ...]],
) -> Iterator[tuple[str, TimeSpan]]:
    """Yields what each camera of the room sees of a pupil: several sightings, with pauses in which they look away."""
    cameras = [each.camera_id for each in _PLACEMENTS if each.room_id in session.room_ids]
    for camera in cameras:
        for visible in without(there, outages[camera]):
            # Whoever comes in or goes out is seen doing it, and so is somebody who is there when a camera starts.
            middle = visible.start + chance.random() * visible.length
            pause = min(chance.randint(0, 180) * timedelta(seconds=1), (visible.end - middle) / 2)
            yield from ((camera, part) for part in without((visible,), _span(middle, middle + pause)))


def _span(start: datetime, end: datetime) -> tuple[TimeSpan, ...]:
    return (TimeSpan(start, end),) if start < end else ()


def _arrivals(span: TimeSpan, offline: tuple[TimeSpan, ...]) -> Iterator[tuple[Stage, TimeSpan]]:
    """Yields the parts of a sighting that arrive at once, and those that were recorded while the bridge was offline."""
    yield from ((Stage.AT_ONCE, part) for part in without((span,), offline))
    yield from ((Stage.UPLOADED, part) for part in common((span,), offline))


def _sighting(
    chance: random.Random, people: list[str], person: str, camera: str, span: TimeSpan, arrives: Stage
) -> _Seen:
    """Returns the sighting of a pupil, one time in thirty with another name or none."""
    sighting_id = f"{camera}/{person}/{span.start.isoformat()}"
    right = PersonSighting(sighting_id, camera, span.start, span.end, person, 0.8)
    twin = people[people.index(person) ^ 1]
    kind = chance.random()
    if kind < 0.02:
        return _Seen(
            arrives, replace(right, person_id=twin, may_be=frozenset({person})), replace(right, similarity=1.0)
        )
    if kind < 0.03:
        return _Seen(arrives, replace(right, person_id=None, may_be=frozenset({person, twin})), None)
    if kind < 0.0305:
        return _Seen(arrives, replace(right, person_id=None, unclear=True), None)
    return _Seen(arrives, right, None)


def _coverages(
    stage: Stage,
    running: list[TimeSpan],
    outages: Mapping[str, tuple[TimeSpan, ...]],
    offline: Mapping[str, tuple[TimeSpan, ...]],
) -> dict[str, Coverage]:
    """Returns what is known of each camera: outages as faults of the lens, and nothing of what is still to be sent."""
    return {
        camera: Coverage().with_more(
            without(running, offline[camera] if stage is Stage.AT_ONCE else ()),
            (UnprovenSpan(each.start, each.end, (UnprovenCause.COVERED,)) for each in outages[camera]),
        )
        for camera in outages
    }
