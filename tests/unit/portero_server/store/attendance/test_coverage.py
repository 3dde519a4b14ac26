"""Coverage on both databases: added in any order, compact, and known again."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.attendance.spans import TimeSpan
from portero_server.domain.attendance.unproven import UnprovenCause, UnprovenSpan
from portero_server.store.database import Database
from portero_server.store.schema import attendance_coverage
from tests.support.attendance.classroom import HOUR, Classroom
from tests.support.store.commits import at


def _span(first: float, last: float) -> TimeSpan:
    return TimeSpan(at(first), at(last))


async def _rows(database: Database) -> int:
    async def unit(connection: AsyncConnection) -> int:
        found: int = (await connection.execute(select(func.count()).select_from(attendance_coverage))).scalar_one()
        return found

    return await database.read(unit)


async def test_spans_that_touch_are_one_row(classroom: Classroom, database: Database) -> None:
    """A camera that works has one row, however often it is added to and in which order."""
    for first in (0, 20, 10, 0):
        await classroom.coverage.add("door", [_span(first, first + 10)])
    assert await _rows(database) == 1
    assert (await classroom.coverage.coverage("door", _span(5, 6))).watched == (_span(0, 30),)


async def test_only_what_is_new_is_told(classroom: Classroom) -> None:
    """Adding the same again changes nothing; adding more tells what is more."""
    assert await classroom.coverage.add("door", [_span(0, 10)]) == (_span(0, 10),)
    assert await classroom.coverage.add("door", [_span(0, 10), _span(4, 8)]) == ()
    assert await classroom.coverage.add("door", [_span(5, 30)]) == (_span(10, 30),)
    assert await classroom.coverage.add("door") == ()


async def test_a_fault_outranks_frames(classroom: Classroom) -> None:
    """A time with a known fault was not watched, and says why."""
    gap = UnprovenSpan(at(10), at(20), (UnprovenCause.CLOCK_FAULT,))
    await classroom.coverage.add("door", [_span(0, 30)], [gap, UnprovenSpan(at(5), at(5), (UnprovenCause.GAP,))])
    coverage = await classroom.coverage.coverage("door", _span(0, 30))
    assert coverage.watched == (_span(0, 10), _span(20, 30))
    assert coverage.blind_in(_span(0, 30)) == (gap,)


async def test_cameras_do_not_share_what_is_known(classroom: Classroom) -> None:
    """Nothing is known of another camera, nor of another day."""
    await classroom.coverage.add("door", [_span(0, 30)])
    assert (await classroom.coverage.coverage("desk", _span(0, 30))).watched == ()
    far = _span(30 * 24 * HOUR, 31 * 24 * HOUR)
    assert (await classroom.coverage.coverage("door", far)).watched == ()


async def test_no_row_is_longer_than_a_day(classroom: Classroom, database: Database) -> None:
    """A week without interruption is some rows, and is found from its middle."""
    week = TimeSpan(at(0), at(0) + timedelta(days=7))
    await classroom.coverage.add("door", [week])
    assert await _rows(database) == 7
    assert await classroom.coverage.add("door", [week]) == ()
    later = TimeSpan(week.end, week.end + timedelta(hours=1))
    assert await classroom.coverage.add("door", [later]) == (later,)
    middle = TimeSpan(at(0) + timedelta(days=3, hours=5), at(0) + timedelta(days=3, hours=6))
    assert (await classroom.coverage.coverage("door", middle)).blind_in(middle) == ()
