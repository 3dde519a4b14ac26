"""Who was last at each camera, as it changes and as it is told."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from portero_server.events.last_people import LastPeople
from tests.support.server.mqtt_scene import KeptCameras, unleased
from tests.support.time.virtual_time import in_virtual_time, running_clock


def _people() -> tuple[KeptCameras, LastPeople]:
    kept = KeptCameras(running_clock())
    return kept, LastPeople(kept, kept.display_names, running_clock())


async def _names(people: LastPeople, *camera_ids: str) -> dict[str, str]:
    return {each: last.display_name for each, last in (await people.of(camera_ids or ("door",), unleased)).items()}


@in_virtual_time
async def test_who_was_there_before_the_server_is_found() -> None:
    """The latest of each camera that has a name; strangers after them do not matter."""
    kept, people = _people()
    kept.arrive("inigo")
    await asyncio.sleep(1)
    kept.arrive("ana")
    await asyncio.sleep(1)
    kept.arrive(None)
    kept.arrive("inigo", "gate")
    assert await _names(people, "door", "gate", "desk") == {"door": "Ana", "gate": "Íñigo Muñoz"}


@in_virtual_time
async def test_who_comes_is_told_and_who_came_earlier_is_not() -> None:
    """Events of late frames may be of the past."""
    kept, people = _people()
    assert await _names(people) == {}
    early = running_clock().now()
    await asyncio.sleep(10)
    sighting_id = kept.arrive("ana")
    assert await _names(people) == {"door": "Ana"}
    seen = next(each.sighting for each in kept.events if each.sighting.sighting_id == sighting_id)
    kept.tell(replace(seen, sighting_id="late", person_id="inigo", first_seen=early))
    assert await _names(people) == {"door": "Ana"}


@in_virtual_time
async def test_a_name_that_was_wrong_is_taken_back() -> None:
    """The sighting turned out to be somebody else's, then nobody's; who was there before is the last again."""
    kept, people = _people()
    kept.arrive("inigo")
    await asyncio.sleep(1)
    kept.arrive("ana")
    await _names(people)
    seen = kept.events[-1].sighting
    kept.tell(replace(seen, person_id=None))
    assert await _names(people) == {"door": "Íñigo Muñoz"}
    kept.tell(replace(seen, person_id="ana"))
    assert await _names(people) == {"door": "Ana"}
    # Its tracks turned out to be of another sighting.
    kept.tell(replace(seen, track_count=0))
    assert await _names(people) == {"door": "Íñigo Muñoz"}


@in_virtual_time
async def test_who_may_not_be_named_any_more_is_gone_at_once() -> None:
    """No event says so: names are asked for each time."""
    kept, people = _people()
    kept.arrive("ana")
    assert await _names(people) == {"door": "Ana"}
    del kept.names["ana"]
    assert await _names(people) == {}


@in_virtual_time
async def test_a_camera_that_comes_later_has_its_own_past() -> None:
    """And one that is gone is forgotten."""
    kept, people = _people()
    kept.arrive("ana")
    kept.arrive("inigo", "gate")
    assert await _names(people, "door") == {"door": "Ana"}
    assert await _names(people, "gate") == {"gate": "Íñigo Muñoz"}


@in_virtual_time
async def test_many_events_are_read_in_pages() -> None:
    """The last one counts."""
    kept, people = _people()
    await _names(people)
    for _ in range(1200):
        kept.arrive(None)
    kept.arrive("ana")
    assert await _names(people) == {"door": "Ana"}


@in_virtual_time
async def test_whoever_was_there_more_than_a_day_ago_is_not_told_any_more() -> None:
    """No server would find them after a restart, and no name outlives the retention of its sighting."""
    kept, people = _people()
    kept.arrive("ana")
    await asyncio.sleep(24 * 3600)
    assert await _names(people) == {"door": "Ana"}
    await asyncio.sleep(1)
    assert await _names(people) == {}
