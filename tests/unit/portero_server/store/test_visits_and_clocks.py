"""Visits as they are stored when a camera's clock is set: everybody under their own name, with sensible times."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

import numpy as np
import pytest

from portero_server.clock import SystemClock
from portero_server.domain.detection.detections import FaceQuality, FoundFace
from portero_server.domain.detection.geometry import Box
from portero_server.domain.recording.sightings import CommitResult, Sighting, StreamCommit, StreamRow
from portero_server.domain.streams.frames import Frame, FrameOutcome
from portero_server.engines.base import FaceCrop, Identification
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.people import PeopleStore
from portero_server.store.sightings import SightingFilter, SightingStore
from portero_server.store.streams import StreamStore
from portero_server.vision.analysis import FrameAnalysis
from tests.support.model.scripted_vision import ScriptedVision
from tests.support.server.stream_harness import EPOCH_START, UNKNOWN, jpeg, named, stream_harness

_STRANGER = 9
_PEOPLE = {"ana": 1, "ben": 2, "stranger": _STRANGER}
_FACE = FoundFace(Box(0.4, 0.3, 0.1, 0.13), 0.9, FaceQuality(1.0, 1.0, 1.0, 1.0))


class _Rows:
    """Streams and commits of a database, as the recorder wants them in one."""

    def __init__(self, database: Database) -> None:
        self._streams = StreamStore(database, SystemClock())
        self._recording = Recording(database, SystemClock())

    async def open(self, camera_id: str, epoch: str, session: str) -> StreamRow:
        """Makes the session the owner."""
        return await self._streams.open(camera_id, epoch, session)

    async def followed(self) -> Sequence[StreamRow]:
        """Returns the streams with somebody before their camera."""
        return await self._streams.followed()

    async def commit(self, commits: Sequence[StreamCommit]) -> CommitResult:
        """Writes."""
        return await self._recording.commit(commits)


async def _who_is(crop: FaceCrop) -> Identification:
    value = int(crop.pixels[0, 0, 0])
    return UNKNOWN if value == _STRANGER else named({1: "ana", 2: "ben"}[value])


async def _stored(
    database: Database, script: Sequence[tuple[str | None, int]], clock: Callable[[int], float]
) -> list[Sighting]:
    """Plays a scene, everybody in the same place, and gives what is stored of it."""
    who = [person for person, frames in script for _ in range(frames)]

    def look(frame: Frame) -> FrameAnalysis:
        person = who[frame.sequence - 1]
        if person is None:
            return FrameAnalysis(FrameOutcome.EMPTY)
        return FrameAnalysis(FrameOutcome.WITH_FACES, (_FACE,), np.full((96, 128, 3), _PEOPLE[person], np.uint8))

    people = PeopleStore(database, SystemClock())
    for name in ("ana", "ben"):
        await people.create(name, name.title(), {})
    async with stream_harness(
        {}, _who_is, clock=SystemClock(), store=_Rows(database), scene=ScriptedVision(look)
    ) as at:
        session = await at.open()
        async with asyncio.TaskGroup() as group:
            group.create_task(at.listen(session))
            running = group.create_task(session.run())
            for number in range(len(who)):
                session.receive(number + 1, EPOCH_START + timedelta(seconds=clock(number)), jpeg())
                await asyncio.sleep(0.005)
            session.finish()
            await running
        at.streams.close(session, "finished")
    stored = await SightingStore(database).list(SightingFilter(), 100)
    assert all(each.first_seen <= each.last_seen for each in stored)
    return list(stored)


_SCENE = [("ana", 10), (None, 10), ("ben", 10), (None, 10), ("stranger", 10)]
_CLOCKS: dict[str, Callable[[int], float]] = {
    "set back 12 s": lambda number: number / 5 - (12 if number >= 8 else 0),
    "set back an hour": lambda number: number / 5 - (3600 if number >= 12 else 0),
    "three frames 60 s ahead": lambda number: number / 5 + (60 if 6 <= number < 9 else 0),
}


@pytest.mark.parametrize("clock", _CLOCKS)
async def test_nobody_is_stored_under_the_name_of_whoever_was_there_before(database: Database, clock: str) -> None:
    """Ana, Ben and a stranger in one place, seconds apart, are three people's visits after the clock was set."""
    stored = await _stored(database, _SCENE, _CLOCKS[clock])
    assert {each.person_id for each in stored} == {"ana", "ben", None}
    assert [each.track_count for each in stored if each.person_id is None] == [1]


async def test_the_same_person_goes_on_with_the_visit_when_the_clock_is_set_back(database: Database) -> None:
    """Whoever is asked about anew, and is the same, goes on with the sighting, which begins at the earlier time."""
    (ana,) = await _stored(database, [("ana", 20)], _CLOCKS["set back 12 s"])
    assert (ana.person_id, ana.track_count) == ("ana", 2)
    assert ana.last_seen - ana.first_seen < timedelta(seconds=16)


async def test_a_stranger_is_not_melted_into_a_visit_across_a_step(database: Database) -> None:
    """Of a stranger before and after nobody knows whether it is one: there are two sightings, with their own times."""
    stored = await _stored(database, [("stranger", 20)], _CLOCKS["set back 12 s"])
    assert [each.track_count for each in stored] == [1, 1]
    assert all(each.last_seen - each.first_seen < timedelta(seconds=4) for each in stored)
