"""A real server decides who attended, first without knowing, and then from what a bridge sends a day late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import cv2
import numpy as np

from portero_client import (
    AttendanceChangeCause,
    AttendanceGroup,
    AttendanceRecord,
    AttendanceRules,
    AttendanceSchedule,
    AttendanceStatus,
    Membership,
    PorteroClient,
    UnprovenCause,
)
from portero_client.settings import ConnectionSettings
from portero_client.streaming.frames import DeliveryMode
from tests.support.images.patch_photos import ANA, EVE, photo
from tests.support.processes.server_process import running_server
from tests.support.time.timeouts import PATIENCE

_DAY = (datetime.now(UTC) - timedelta(days=1)).date()
_BEGINS = datetime.combine(_DAY, time(10), UTC)
_SESSION = f"math/{_DAY}"
_STEP = 1.5
_MINUTES = 6


_COVERED = timedelta(minutes=2), timedelta(minutes=3)
"""When something is before the lens, counted from the beginning of the lesson."""


def _picture(number: int, *, ana: bool, covered: bool = False) -> bytes:
    """Returns a picture of a dim room, no two of them alike, with Ana in it or without, or of a covered lens."""
    pixels = np.full((240, 320, 3), 20 + number % 2, np.uint8)
    if not covered:
        pixels[:, 180:200] = pixels[20:50, 200:] = 70
    if ana and not covered:
        left = 40 + number % 8
        pixels[60:160, left : left + 100] = ANA
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


async def _until(
    client: PorteroClient, holds: Callable[[dict[str, AttendanceRecord]], bool]
) -> dict[str, AttendanceRecord]:
    """Waits until the records of the lesson are as expected, and returns them by person."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = {each.person: each async for each in client.attendance.records(session=_SESSION)}
            if found and holds(found):
                return found
            await asyncio.sleep(0.5)


async def _school(client: PorteroClient) -> None:
    for person_id, color in (("ana", ANA), ("eve", EVE)):
        await client.people.create(person_id.title(), person_id=person_id)
        await client.people.enroll(person_id, photo(color))
    await client.cameras.create("door", display_name="Door")
    rules = AttendanceRules(opens_before=timedelta(minutes=1))
    await client.attendance_groups.put(AttendanceGroup("1b", "1° básico B", "UTC", rules))
    members = [Membership("ana", _DAY), Membership("eve", _DAY)]
    await client.attendance_groups.import_roster("1b", members)
    await client.attendance_groups.place_camera("door", "a")
    ends = (_BEGINS + timedelta(minutes=_MINUTES)).time()
    await client.attendance_groups.put_schedule(AttendanceSchedule("math", "1b", ("a",), _DAY, time(10), ends))


async def _upload(client: PorteroClient, *, covered: bool = False) -> None:
    """Sends what the camera saw yesterday: Ana from the beginning on, and nobody else; or for a minute nothing."""
    async with client.stream("door", mode=DeliveryMode.LOSSLESS) as camera:
        for number in range(round((60 * (_MINUTES + 1) + 4) / _STEP)):
            seconds = number * _STEP - 62
            hidden = covered and _COVERED[0] <= timedelta(seconds=seconds) < _COVERED[1]
            await camera.send(_picture(number, ana=seconds > 0, covered=hidden), _BEGINS + timedelta(seconds=seconds))


async def test_what_a_bridge_sends_a_day_late_decides_the_session_anew(tmp_path: Path) -> None:
    """Without frames everybody is unproven; with them one is present and the other, proven, absent."""
    async with (
        running_server(tmp_path, engine="scripted", attendance="true") as server,
        PorteroClient(ConnectionSettings(server.address)) as client,
    ):
        await _school(client)
        before = await _until(client, lambda found: len(found) == 2)
        assert {each.status for each in before.values()} == {AttendanceStatus.UNPROVEN}
        assert before["people/eve"].unproven[0].causes == (UnprovenCause.NO_STREAM,)

        await _upload(client)
        after = await _until(client, lambda found: found["people/eve"].status is AttendanceStatus.ABSENT)
        assert after["people/ana"].status is AttendanceStatus.PRESENT
        assert after["people/ana"].sightings
        changes = [each async for each in client.attendance.changes(session=_SESSION, person="eve")]
        assert changes[0].cause is AttendanceChangeCause.DECIDED
        assert changes[-1].cause in (AttendanceChangeCause.COVERAGE, AttendanceChangeCause.SIGHTING)


async def test_nobody_is_absent_while_the_lens_was_covered(tmp_path: Path) -> None:
    """Who may have come while the lens was covered is unproven, with the cause and the time; who was seen is not."""
    async with (
        running_server(tmp_path, engine="scripted", attendance="true") as server,
        PorteroClient(ConnectionSettings(server.address)) as client,
    ):
        await _school(client)
        await _upload(client, covered=True)

        def watched(found: dict[str, AttendanceRecord]) -> bool:
            causes = {cause for each in found["people/eve"].unproven for cause in each.causes}
            return causes == {UnprovenCause.COVERED}

        after = await _until(client, watched)
        eve = after["people/eve"]
        assert eve.status is AttendanceStatus.UNPROVEN
        (blind,) = eve.unproven
        assert abs(blind.start_time - (_BEGINS + _COVERED[0])) <= timedelta(seconds=2 * _STEP)
        assert abs(blind.end_time - (_BEGINS + _COVERED[1])) <= timedelta(seconds=2 * _STEP)
        assert after["people/ana"].status is AttendanceStatus.PRESENT
