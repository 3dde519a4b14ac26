"""Faces that wait to be compared, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portero_server.domain.people.look_alikes import FacePair
from portero_server.store.database import Database
from portero_server.store.look_alikes import LookAlikeStore
from portero_server.store.people import PeopleStore
from portero_server.store.uncompared_faces import UncomparedFaceStore
from tests.support.store.enrolled_twice import face_of
from tests.support.time.virtual_time import ManualClock

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def waiting(database: Database, people: PeopleStore, clock: ManualClock) -> UncomparedFaceStore:
    """Ana's face waits, and Ben's, enrolled a second later; Eva's does not."""
    for person_id, compared in (("ana", False), ("ben", False), ("eva", True)):
        await people.create(person_id, person_id.title(), {})
        await people.add_face(face_of(person_id), compared=compared)
        clock.advance(1)
    return UncomparedFaceStore(database, clock)


async def test_a_face_is_due_a_time_after_it_was_tried(waiting: UncomparedFaceStore, clock: ManualClock) -> None:
    """The longest first, and no two servers have one at once."""
    assert await waiting.claim(10, MINUTE) == []
    clock.advance(57)
    assert [each.face_id for each in await waiting.claim(10, MINUTE)] == ["f-ana"]
    clock.advance(2)
    assert [each.face_id for each in await waiting.claim(1, MINUTE)] == ["f-ben"]
    assert await waiting.claim(10, MINUTE) == []
    assert await waiting.count() == 2


async def test_what_is_stored_of_a_face_ends_its_wait(
    waiting: UncomparedFaceStore, database: Database, clock: ManualClock
) -> None:
    """With whom it is like, also if that is nobody; a pair that a face of somebody else made does not."""
    pairs = LookAlikeStore(database, clock)
    await pairs.add([FacePair("ana", "eva", "f-ana", "f-eva", 0.5)])
    assert await waiting.count() == 2
    await pairs.add([FacePair("ana", "ben", "f-ana", "f-ben", 0.5)], "f-ana")
    assert await waiting.count() == 1
    await pairs.add([], "f-ben")
    assert await waiting.count() == 0


async def test_a_face_that_is_gone_waits_no_more(waiting: UncomparedFaceStore, people: PeopleStore) -> None:
    """The database sees to that; and nobody waits for a face that is not there."""
    await people.delete("ana")
    await waiting.add(["f-ana", "f-eva", "f-ben"])
    assert await waiting.count() == 2
    await waiting.settle("f-eva")
    assert await waiting.count() == 1
