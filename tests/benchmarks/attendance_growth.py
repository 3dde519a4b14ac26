"""How attendance fares after a year of a large school: reports, pages, and the recomputing of one touched session.

    python -m tests.benchmarks.attendance_growth [--full] [--groups 1000 --people 100000 --days 190 --kept-days 20]

A database file and a private MariaDB are filled alike; `school_year.py` says with what. Each question is asked of the
server's own service, recomputing and stores, so that it takes everything but the wire. Each answer is checked against
what was filled in. The page says how many rows there were: a year of records of everybody would be 20 million.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from portero.v1 import attendance_service_pb2 as pb
from prometheus_client import CollectorRegistry

from portero_server.access.authorized_cameras import AuthorizedCameras
from portero_server.attendance.recomputing import AttendanceRecomputing
from portero_server.domain.access.identities import LOCAL_ADMIN, Scope
from portero_server.domain.attendance.record import AttendanceStatus
from portero_server.rpc.attendance_scope import AttendanceScope
from portero_server.rpc.auth.caller import Caller, calling
from portero_server.rpc.convert import time_to_proto
from portero_server.rpc.services.attendance import AttendanceServicer
from portero_server.store.attendance.records import AttendanceRecordStore, RecordFilter
from portero_server.store.attendance.remarks import RemarkStore
from portero_server.store.attendance.scopes import ScopeStore
from portero_server.store.attendance.sessions import AttendanceSessionStore
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.migrations import migrate
from portero_server.store.streams import StreamStore
from portero_server.telemetry.attendance_metrics import AttendanceMetrics
from portero_server.watching.watch import Watch, WatchPolicy
from tests.benchmarks.database import durable_mariadb
from tests.benchmarks.results import Results, begun
from tests.benchmarks.school_year import SchoolYear, fill, group_name, person_name
from tests.support.store.commits import EIGHT, commit_of, decided
from tests.support.store.plans import plans_of
from tests.support.time.virtual_time import ManualClock

_OPEN_FOR = timedelta(days=21)
_SETTLE = timedelta(minutes=5)
_REPORT_LIMIT = 300.0
_RECOMPUTE_LIMIT = 50.0
_TRANSACTION_LIMIT = 5000.0
"""Milliseconds, of the slowest; the last is the server's own limit unless it is told another."""
_TIMES = 15
_LEAST = 10
"""People of a group, so that one of them is absent each day."""
_EVENTS = 1000
"""As many as the server follows in one transaction."""
_FULL = SchoolYear(groups=1000, people=100_000, days=190, kept_days=20)
_QUICK = SchoolYear(groups=100, people=10_000, days=190, kept_days=10)

Question = Callable[[], Awaitable[int]]


async def main() -> int:
    """Runs the benchmark and saves what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help=f"as if asked for {_FULL}")
    for name in ("groups", "people", "days", "kept-days"):
        parser.add_argument(f"--{name}", type=int, help="of the school; see school_year.py")
    arguments = parser.parse_args()
    usual = _FULL if arguments.full else _QUICK
    sizes = {name: getattr(arguments, name) or getattr(usual, name) for name in SchoolYear.__slots__}
    school = SchoolYear(**sizes)
    if min(sizes.values()) < 1 or school.people < _LEAST * school.groups:
        parser.error(f"all sizes must be 1 or more, with at least {_LEAST} people a group")
    results = begun("attendance_growth")
    with tempfile.TemporaryDirectory() as folder:
        await _measured_at(results, "SQLite", f"sqlite+aiosqlite:///{Path(folder) / 'portero.db'}", school)
    with durable_mariadb(buffer_mb=1024) as server:
        await _measured_at(results, "MariaDB", server.url("portero"), school)
    results.save()
    return 0


async def _measured_at(results: Results, title: str, url: str, school: SchoolYear) -> None:
    database = Database(url, pool_size=2, timeout=60)
    try:
        await migrate(database)
        began = time.perf_counter()
        counts = await fill(database, school)
        rows = ", ".join(f"{count:,} rows of {name}" for name, count in counts.items())
        results.note(
            f"{title}: {rows}; filled in {time.perf_counter() - began:.0f} s; records of all {school.days} days for "
            f"one group and of the last {school.kept_days} for the others, sightings of that one group alone"
        )
        await measure(results, title, database, school, _TIMES)
    finally:
        await database.aclose()


async def measure(results: Results, title: str, database: Database, school: SchoolYear, times: int) -> None:
    """Measures a filled database, and adds what it found, with the plan of each question.

    Args:
        results: What to add to.
        title: Of the database.
        database: Filled by `fill`.
        school: What it was filled with.
        times: How often everything is asked.

    Raises:
        AssertionError: An answer is not what follows from what was filled in.
    """
    year = _Year(database, school)
    for name, wanted, question in year.questions():
        taken = []
        for _ in range(times):
            before = time.perf_counter()
            found = await question()
            taken.append(1000 * (time.perf_counter() - before))
            if found != wanted:
                raise AssertionError(f"{title}: {name} found {found}, and should find {wanted}")
        _add(results, f"{title}: {name}", taken, _REPORT_LIMIT)
        results.texts[f"{title}, plan of {name}"] = "\n\n".join(await plans_of(database, question()))
    anew, touched = await year.recomputed(times)
    _add(results, f"{title}: a session of {len(school.members(0))} decided anew, all records differ", anew)
    _add(results, f"{title}: a session recomputed after one sighting", touched, _RECOMPUTE_LIMIT)
    await year.see(_EVENTS)
    followed = [await year.followed(_EVENTS)]
    _add(results, f"{title}: {_EVENTS:,} sightings followed to their sessions", followed, _TRANSACTION_LIMIT)


def _add(results: Results, name: str, taken: list[float], limit: float | None = None) -> None:
    """Adds a figure, and what of it is wanted: milliseconds of the slowest."""
    results.add(name, "ms", taken)
    if limit is not None:
        results.want(f"{name}, the slowest of {len(taken)}, ms", max(taken), limit, at_most=True)


@dataclass(frozen=True, slots=True)
class _Touch:
    """Somebody who was absent on a day, and is seen there after all."""

    person: int
    day: int


class _Year:
    """The server's parts on a filled database, on the evening of the last day."""

    def __init__(self, database: Database, school: SchoolYear) -> None:
        self._school = school
        self._clock = ManualClock(school.span(school.days - 1).end + timedelta(hours=2))
        self._sessions = AttendanceSessionStore(database, self._clock, open_for=_OPEN_FOR)
        self._records = AttendanceRecordStore(database)
        self._recomputing = AttendanceRecomputing(
            self._sessions, self._clock, AttendanceMetrics(CollectorRegistry()), settle=_SETTLE
        )
        self._streams = StreamStore(database, self._clock)
        self._recording = Recording(database, self._clock)
        remarks = RemarkStore(database, self._clock, open_for=_OPEN_FOR)
        scope = AttendanceScope(ScopeStore(database))
        watch = Watch(self._records.changes_after, self._records.last_position, WatchPolicy(heartbeat=60))
        self._service: Any = AttendanceServicer(self._sessions, self._records, remarks, scope, watch, self._clock)

    def questions(self) -> list[tuple[str, int, Question]]:
        """Returns what is asked: a title, how many entries the answer must have, and what asks it."""
        school, first = self._school, f"attendanceGroups/{group_name(0)}"
        of_group, person = len(school.members(0)), f"people/{person_name(0)}"
        teacher, guardian = Scope(groups=frozenset({group_name(0)})), Scope(people=frozenset({person_name(0)}))
        last, page = self._day(school.days - 1), {"page_size": 100}
        year = min(school.days, 100)
        return [
            ("report of a group's day", of_group, self._report(None, group=first, **last)),
            ("report of a group's year", of_group, self._report(None, group=first)),
            ("report of a person's year", 1, self._report(None, person=person)),
            ("records of a group's day", min(of_group, 100), self._listed(None, group=first, **page, **last)),
            ("records of a person's year, a page", year, self._listed(None, person=person, **page)),
            ("report of a teacher's day", of_group, self._report(teacher, group=first, **last)),
            ("report of a guardian's year, by group", 1, self._report(guardian, group=first)),
            ("records for a guardian, a page, by group", year, self._listed(guardian, group=first, **page)),
            ("sessions for a teacher, a page", year, self._planned(teacher, **page)),
            ("sessions for a guardian, a page", year, self._planned(guardian, **page)),
            ("sessions for a guardian, a day", 1, self._planned(guardian, **page, **last)),
        ]

    async def recomputed(self, times: int) -> tuple[list[float], list[float]]:
        """Returns milliseconds: of sessions whose records all differ, and of rounds after one sighting."""
        school = self._school
        open_days = [day for day in range(school.days) if school.span(day).end > self._sessions.open_since]
        anew = [await _taken(self._sessions.decide(school.session_id(0, day))) for day in open_days]
        touches = [
            _Touch(person, day) for day in open_days for person in school.members(0) if school.absent(person, day)
        ]
        return anew, [await self._touched(touch) for touch in touches[:times]]

    async def see(self, count: int) -> None:
        """Stores sightings of strangers on the last day, from the camera of one group after the other."""
        span = self._school.span(self._school.days - 1)
        since = (span.start - EIGHT).total_seconds()
        for group in range(min(count, self._school.groups)):
            stream = await self._streams.open(group_name(group), "e2", "s2")
            numbers = range(group, count, self._school.groups)
            tracks = [decided(f"x{group}.{each}", None, since + each, since + each + 30) for each in numbers]
            await self._recording.commit([commit_of(stream, *tracks)])

    async def followed(self, count: int) -> float:
        """Returns the milliseconds of following so many sightings to the sessions that they touch."""
        before = time.perf_counter()
        found = await self._sessions.follow_sightings(count)
        taken = 1000 * (time.perf_counter() - before)
        if found != count:
            raise AssertionError(f"{found} sightings were followed, and should be {count}")
        return taken

    async def _touched(self, touch: _Touch) -> float:
        self._clock.advance(1)
        span = self._school.span(touch.day)
        since, until = ((at - EIGHT).total_seconds() for at in (span.start, span.end))
        stream = await self._streams.open(group_name(0), "e1", "s1")
        track = decided(f"t{touch.day}.{touch.person}", person_name(touch.person), since, until)
        await self._recording.commit([commit_of(stream, track)])
        taken = await _taken(self._recomputing.round())
        which = RecordFilter(session_id=self._school.session_id(0, touch.day), person_id=person_name(touch.person))
        (found,) = await self._records.list(which, 2)
        if (found.record.status, found.published_at) != (AttendanceStatus.PRESENT, self._clock.now()):
            raise AssertionError(f"{touch} is {found.record.status}, as of {found.published_at}")
        return taken

    def _day(self, number: int) -> dict[str, Any]:
        span = self._school.span(number)
        return {"start_time": time_to_proto(span.start), "end_time": time_to_proto(span.end)}

    def _report(self, scope: Scope | None, **asked: Any) -> Question:
        request = pb.GetAttendanceReportRequest(**asked)
        return lambda: _counted(self._service.GetAttendanceReport, request, scope, "totals")

    def _listed(self, scope: Scope | None, **asked: Any) -> Question:
        request = pb.ListAttendanceRecordsRequest(**asked)
        return lambda: _counted(self._service.ListAttendanceRecords, request, scope, "records")

    def _planned(self, scope: Scope | None, **asked: Any) -> Question:
        request = pb.ListAttendanceSessionsRequest(**asked)
        return lambda: _counted(self._service.ListAttendanceSessions, request, scope, "sessions")


async def _counted(method: Any, request: Any, scope: Scope | None, entries: str) -> int:
    """Asks as somebody of a scope, or as an admin. Returns how many entries the answer has."""
    caller = Caller(LOCAL_ADMIN) if scope is None else Caller(LOCAL_ADMIN, authorized=AuthorizedCameras(scope))
    with calling(caller):
        return len(getattr(await method(request, None), entries))


async def _taken(work: Awaitable[object]) -> float:
    before = time.perf_counter()
    await work
    return 1000 * (time.perf_counter() - before)


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
