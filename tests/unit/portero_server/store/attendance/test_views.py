"""The views that cameras should have, on both databases."""

from __future__ import annotations

import pytest

from portero_server.domain.attendance.groups import Placement
from portero_server.domain.attendance.known_view import KnownView
from portero_server.errors import NotFound
from portero_server.store.cameras import CameraStore
from portero_server.store.database import Database
from tests.support.attendance.classroom import HOUR, Classroom
from tests.support.store.commits import at

_EDGES = bytes(range(256)) + bytes(128)


async def _views(classroom: Classroom) -> list[KnownView]:
    found = (await classroom.views.views({"door"})).get("door", {})
    return [found[each] for each in sorted(found)]


async def test_a_view_is_stored_as_it_is(classroom: Classroom) -> None:
    """Signature, state and times to the microsecond come back, of this camera alone."""
    await classroom.furnish()
    known = KnownView(at(0), _EDGES, learned=True, moved=True, turning_at=at(1.000001))
    await classroom.coverage.add("door", views=[known])
    assert await _views(classroom) == [known]
    assert await classroom.views.views({"desk"}) == {}
    assert await classroom.views.views(set()) == {}


async def test_a_camera_of_before_has_its_view_from_the_first_look(classroom: Classroom) -> None:
    """Where no view was stored when the camera was placed, the first that is seen is."""
    known = KnownView(at(-5), _EDGES, turning_at=at(-5))
    await classroom.coverage.add("door", views=[known])
    assert await _views(classroom) == [known]


async def test_accepting_begins_anew_and_keeps_the_one_before(classroom: Classroom) -> None:
    """Late frames are compared with the view of their time, and older ones are let go."""
    await classroom.furnish()
    for minute in (1, 2, 3):
        classroom.clock.advance(60)
        assert await classroom.views.accept("door") == at(60 * minute)
    assert await _views(classroom) == [KnownView(at(120)), KnownView(at(180))]


async def test_a_view_that_was_replaced_stays_so(classroom: Classroom) -> None:
    """What an earlier look found of a view that is gone is not stored again."""
    await classroom.furnish()
    for _ in range(2):
        classroom.clock.advance(60)
        await classroom.views.accept("door")
    await classroom.coverage.add("door", views=[KnownView(at(0), _EDGES, learned=True)])
    assert await _views(classroom) == [KnownView(at(60)), KnownView(at(120))]


async def test_a_placement_begins_a_view_when_it_begins(classroom: Classroom) -> None:
    """One for tomorrow leaves today's view, one of yesterday begins now, and one that is there changes nothing."""
    await classroom.furnish()
    await classroom.rooms.place(Placement("door", "b", at(24 * HOUR)))
    assert [each.starts_at for each in await _views(classroom)] == [at(0), at(24 * HOUR)]
    classroom.clock.advance(HOUR)
    await classroom.rooms.place(Placement("door", "c", at(-24 * HOUR)))
    assert [each.starts_at for each in await _views(classroom)] == [at(0), at(HOUR)]
    classroom.clock.advance(HOUR)
    await classroom.rooms.place(Placement("door", "c", at(-24 * HOUR)))
    assert [each.starts_at for each in await _views(classroom)] == [at(0), at(HOUR)]


async def test_a_view_goes_with_its_camera(classroom: Classroom, database: Database) -> None:
    """Another camera of the name points elsewhere; one that is not registered has no view to accept."""
    await classroom.furnish()
    await CameraStore(database, classroom.clock).delete("door")
    assert await _views(classroom) == []
    with pytest.raises(NotFound, match="cameras/door"):
        await classroom.views.accept("door")
