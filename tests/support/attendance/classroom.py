"""A class in a database: people with faces, a watched room, and a lesson from eight to nine on Mondays."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Table, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.attendance.attendance_group import AttendanceGroup
from portero_server.domain.attendance.groups import Membership, Placement
from portero_server.domain.attendance.notices import NoticeRules
from portero_server.domain.attendance.record import AttendanceCorrection, AttendanceStatus
from portero_server.domain.attendance.recurrence import Recurrence
from portero_server.domain.attendance.schedule import Schedule
from portero_server.domain.attendance.spans import TimeSpan
from portero_server.domain.detection.detections import FaceQuality
from portero_server.domain.people.people import FaceEnrollment, Person
from portero_server.domain.recording.sightings import StreamRow
from portero_server.domain.tracking.deciding import DecisionReason
from portero_server.store.attendance.coverage import CoverageStore
from portero_server.store.attendance.days import AttendanceDayStore
from portero_server.store.attendance.groups import AttendanceGroupStore
from portero_server.store.attendance.records import AttendanceRecordStore, RecordFilter
from portero_server.store.attendance.remarks import RemarkStore
from portero_server.store.attendance.rooms import RoomStore
from portero_server.store.attendance.sessions import AttendanceSessionStore
from portero_server.store.attendance.views import ViewStore
from portero_server.store.cameras import CameraStore
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.gallery import face_columns
from portero_server.store.people import PeopleStore, person_columns
from portero_server.store.schema import attendance_memberships, faces, people
from portero_server.store.streams import StreamStore
from portero_server.watching.watch import Watch, WatchPolicy
from tests.support.store.commits import BOX, at, commit_of, decided, decision, recognition
from tests.support.time.virtual_time import ManualClock

MONDAY = date(2026, 3, 2)
HOUR = 3600.0
OPEN_FOR = timedelta(days=21)
GROUP = AttendanceGroup("1b", "1° básico B", "UTC")
LESSON = Schedule(
    "math", "1b", ("a",), ZoneInfo("UTC"), MONDAY, time(8), time(9), recurrence=Recurrence("FREQ=WEEKLY;BYDAY=MO")
)
SESSION = "math/2026-03-02"


class Classroom:
    """Ana and Ben, whom the camera "door" of room "a" can see; times are seconds after eight."""

    def __init__(self, database: Database, clock: ManualClock, notices: NoticeRules | None = None) -> None:
        self._database = database
        self.clock = clock
        self.groups = AttendanceGroupStore(database, clock)
        self.days = AttendanceDayStore(database, clock)
        self.rooms = RoomStore(database, clock)
        self.sessions = AttendanceSessionStore(database, clock, open_for=OPEN_FOR, notices=notices)
        self.records = AttendanceRecordStore(database)
        self.told = Watch(self.records.changes_after, self.records.last_position, WatchPolicy(heartbeat=60))
        self.remarks = RemarkStore(database, clock, open_for=OPEN_FOR, notices=notices)
        self.coverage = CoverageStore(database, clock)
        self.views = ViewStore(database, clock)
        self.people = PeopleStore(database, clock)
        self.streams = StreamStore(database, clock)
        self.recording = Recording(database, clock, keep_decisions=True)
        self._cameras = CameraStore(database, clock)
        self._stream: StreamRow | None = None

    async def furnish(self, *people: str) -> None:
        """Stores the class, by default of Ana and Ben, its camera and its lesson."""
        names = people or ("ana", "ben")
        for person_id in names:
            await self.enroll(person_id)
        await self._cameras.create("door", display_name="Door")
        await self.groups.put_group(GROUP)
        await self.groups.put_roster("1b", [Membership(each, MONDAY) for each in names], replace=True)
        await self.rooms.place(Placement("door", "a"))
        await self.groups.put_schedule(LESSON)
        await self.sessions.plan("math")

    async def enroll(self, person_id: str) -> None:
        """Stores a person with a face."""
        await self.people.create(person_id, person_id.title(), {})
        await self.people.add_face(_face(person_id))

    async def crowd(self, count: int) -> None:
        """Stores so many more people, "p00000" and on, with a face and a place in the class each."""
        names = [f"p{number:05}" for number in range(count)]
        rows: dict[Table, list[dict[str, Any]]] = {
            people: [person_columns(Person(each, each.title(), at(0), at(0))) for each in names],
            faces: [face_columns(_face(each)) for each in names],
            attendance_memberships: [
                {"membership_id": f"m-{each}", "group_id": "1b", "person_id": each, "since": MONDAY.isoformat()}
                for each in names
            ],
        }

        async def unit(connection: AsyncConnection) -> None:
            for table, content in rows.items():
                await connection.execute(insert(table), content)

        await self._database.run(unit)

    async def watch(self, first: float = -HOUR, last: float = 2 * HOUR) -> None:
        """Stores that the camera watched."""
        await self.coverage.add("door", [TimeSpan(at(first), at(last))])

    async def sees(self, person_id: str | None, first: float, last: float, *, like: str | None = None) -> str:
        """Stores a sighting, and returns its id; `like`: whom the face of somebody unknown resembles, not enough."""
        if self._stream is None:
            self._stream = await self.streams.open("door", "e1", "s1")
        track = f"door.{first}"
        seen = decision() if like is None else decision((like, 0.45), reason=DecisionReason.BELOW_THRESHOLD)
        answer = replace(recognition(f"r.{first}", track, person_id), decision=seen)
        commit = commit_of(self._stream, decided(track, person_id, first, last), recognitions=[answer])
        result = await self.recording.commit([commit])
        return result.sighting_of[track]

    async def statuses(self, session_id: str = SESSION) -> dict[str, AttendanceStatus]:
        """Returns the published statuses of a session, by person."""
        found = await self.records.list(RecordFilter(session_id=session_id), 100)
        return {each.record.person_id: each.record.status for each in found}

    def correction(self, person_id: str, status: AttendanceStatus, correction_id: str = "k1") -> AttendanceCorrection:
        """Returns what a teacher says of the lesson."""
        return AttendanceCorrection(correction_id, SESSION, person_id, status, "I saw her", "teacher", self.clock.now())


def _face(person_id: str) -> FaceEnrollment:
    quality = FaceQuality(1.0, 1.0, 1.0, 1.0)
    return FaceEnrollment(f"f-{person_id}", person_id, BOX, quality, "local", "1", b"\0\0\0\0", None, at(0))
