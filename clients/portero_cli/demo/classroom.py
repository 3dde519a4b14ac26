"""The demo's lesson: a class of two in two rooms, whose cameras upload what they saw, and one of them went dark."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from portero_cli.demo.portraits import COLLINS, HOPPER
from portero_cli.naming import id_of
from portero_client import (
    AttendanceGroup,
    AttendanceRecord,
    AttendanceRules,
    AttendanceSchedule,
    AttendanceStatus,
    Membership,
    PorteroClient,
)
from portero_client.streaming.frames import DeliveryMode

if TYPE_CHECKING:
    from PIL import Image

_GROUP = "demo-class"
_SCHEDULE = "demo-lesson"
_ROOMS = {"demo-classroom": "classroom", "demo-lab": "lab"}
"""The rooms of the lesson, by the camera that watches each."""
_AGO = timedelta(minutes=6)
_LENGTH = timedelta(minutes=3)
_LATE_AFTER = timedelta(minutes=1)
_COMES = timedelta(seconds=90)
_STAYS = timedelta(seconds=24)
_DARK_FROM = timedelta(seconds=120)
"""When the camera of the lab stops: after it has shown that nobody who came late had been there in time."""
_STEP = timedelta(seconds=1.5)
_SIZE = (640, 480)

SETTINGS: Mapping[str, str] = {"PORTERO_ATTENDANCE": "true", "PORTERO_ATTENDANCE_SETTLE": "1"}
"""What the server needs: the lesson is over when its cameras upload it."""

EXPECTED: Mapping[str, AttendanceStatus] = {
    f"people/{id_of(str(COLLINS.name))}": AttendanceStatus.LATE,
    f"people/{id_of(str(HOPPER.name))}": AttendanceStatus.UNPROVEN,
}
"""How each of the class attended, by person."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A lesson of the demo: when it began, UTC."""

    begins: datetime

    @classmethod
    def before(cls, now: datetime) -> Lesson:
        """Returns a lesson that is over at a time: a schedule knows whole minutes."""
        return cls(now.replace(second=0, microsecond=0) - _AGO)

    @property
    def session(self) -> str:
        """Its session, as "demo-lesson/2026-03-02"."""
        return f"{_SCHEDULE}/{self.begins.date()}"

    def schedule(self) -> AttendanceSchedule:
        """Returns when and where it takes place."""
        ends = self.begins + _LENGTH
        rooms = tuple(_ROOMS.values())
        return AttendanceSchedule(_SCHEDULE, _GROUP, rooms, self.begins.date(), self.begins.time(), ends.time())

    def moments(self, camera: str) -> Sequence[tuple[datetime, bool]]:
        """Returns when a camera took its pictures, and whether somebody is in each."""
        lasts = _LENGTH if _ROOMS[camera] == "classroom" else _DARK_FROM
        offsets = [number * _STEP for number in range(int(lasts / _STEP) + 1)]
        comes = _ROOMS[camera] == "classroom"
        return [(self.begins + each, comes and _COMES <= each < _COMES + _STAYS) for each in offsets]


async def hold_lesson(client: PorteroClient) -> Lesson:
    """Stores a class of the two who are enrolled and its lesson, and uploads what the cameras saw of it."""
    lesson = Lesson.before(datetime.now(UTC))
    # Nobody of the class has to stay: the demo is about who came.
    rules = AttendanceRules(opens_before=timedelta(0), late_after=_LATE_AFTER, leaves_before=None)
    await client.attendance_groups.put(AttendanceGroup(_GROUP, "The demo's class", "UTC", rules))
    members = [Membership(person, lesson.begins.date()) for person in EXPECTED]
    await client.attendance_groups.import_roster(_GROUP, members)
    for camera, room in _ROOMS.items():
        await client.cameras.create(camera, display_name=f"Demo {room}")
        await client.attendance_groups.place_camera(camera, room)
    await client.attendance_groups.put_schedule(lesson.schedule())
    pictures = await asyncio.to_thread(_Pictures)
    for camera in _ROOMS:
        await _upload(client, camera, lesson, pictures)
    return lesson


async def attended(client: PorteroClient, lesson: Lesson, patience: float) -> list[AttendanceRecord]:
    """Returns the records of a lesson as soon as they are as expected, or as they are after `patience` seconds."""
    found: list[AttendanceRecord] = []
    try:
        async with asyncio.timeout(patience):
            while not as_expected(found):
                found = [each async for each in client.attendance.records(session=lesson.session)]
                await asyncio.sleep(0.5)
    except TimeoutError:
        pass
    return found


def as_expected(records: Sequence[AttendanceRecord]) -> bool:
    """Returns whether one of the class was late, and nobody can tell of the other."""
    return {each.person: each.status for each in records} == EXPECTED


async def _upload(client: PorteroClient, camera: str, lesson: Lesson, pictures: _Pictures) -> None:
    async with client.stream(camera, mode=DeliveryMode.LOSSLESS) as stream:
        for number, (moment, somebody) in enumerate(lesson.moments(camera)):
            await stream.send(pictures.taken(number, somebody=somebody), moment)


class _Pictures:
    """What a camera of the school sees: a wall with a board and a window, and somebody before it."""

    def __init__(self) -> None:
        import numpy as np
        from PIL import Image

        wall = np.random.default_rng(11).normal(120, 4, (_SIZE[1], _SIZE[0]))
        # A picture without anything in it is that of a covered lens.
        wall[40:180, 30:250] -= 70
        wall[40:220, 450:600] += 90
        self._wall = Image.fromarray(wall.clip(0, 255).astype(np.uint8)).convert("RGB")
        self._empty = _jpeg(self._wall)
        portrait = Image.fromarray(COLLINS.draw())  # type: ignore[arg-type]
        self._person = portrait.resize((360, 360))

    def taken(self, number: int, *, somebody: bool) -> bytes:
        """Returns a picture as a JPEG file; nobody sits quite still."""
        if not somebody:
            return self._empty
        picture = self._wall.copy()
        picture.paste(self._person, (150 + 6 * (number % 5), 110))
        return _jpeg(picture)


def _jpeg(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=90)
    return file.getvalue()
