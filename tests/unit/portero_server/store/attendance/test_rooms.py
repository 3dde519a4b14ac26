"""Which cameras watch which rooms, on both databases."""

from __future__ import annotations

import pytest

from portero_server.domain.attendance.changes import ChangeCause
from portero_server.domain.attendance.groups import Placement
from portero_server.domain.attendance.record import AttendanceStatus
from portero_server.errors import InvalidInput, NotFound
from tests.support.attendance.classroom import HOUR, SESSION, Classroom
from tests.support.store.commits import at


async def test_a_camera_that_was_elsewhere_proves_nothing(classroom: Classroom) -> None:
    """A placement that ended before the lesson makes it unproven, with the cause."""
    await classroom.furnish()
    classroom.clock.advance(2 * HOUR)
    await classroom.watch()
    await classroom.sessions.decide(SESSION)
    (placed,) = await classroom.rooms.placements()
    ended = await classroom.rooms.end_placement(placed.placement_id, at(-HOUR))
    assert ended is not None
    assert ended.placement == Placement("door", "a", None, at(-HOUR))
    assert await classroom.sessions.stale(10) == [SESSION]
    changes = (await classroom.sessions.decide(SESSION)).changes
    assert {(each.cause, each.reference) for each in changes} == {(ChangeCause.CAMERAS, placed.placement_id)}
    assert set((await classroom.statuses()).values()) == {AttendanceStatus.UNPROVEN}


async def test_a_placement_that_never_was_is_removed(classroom: Classroom) -> None:
    """Removed is as if it had not been written down; another room is not touched."""
    await classroom.furnish()
    await classroom.sessions.decide(SESSION)
    other = await classroom.rooms.place(Placement("door", "b"))
    assert await classroom.rooms.place(Placement("door", "b")) == other
    assert await classroom.sessions.stale(10) == []
    assert await classroom.rooms.end_placement(other.placement_id, None) is None
    assert [each.placement.room_id for each in await classroom.rooms.placements()] == ["a"]


async def test_what_is_wrong_is_named(classroom: Classroom) -> None:
    """A camera that is not registered, a placement that is not there, and an end before the start are refused."""
    await classroom.furnish()
    with pytest.raises(NotFound, match="cameras/attic"):
        await classroom.rooms.place(Placement("attic", "a"))
    with pytest.raises(NotFound, match="placements/none"):
        await classroom.rooms.end_placement("none", None)
    placed = await classroom.rooms.place(Placement("door", "b", at(0)))
    with pytest.raises(InvalidInput, match="end must be after"):
        await classroom.rooms.end_placement(placed.placement_id, at(0))
