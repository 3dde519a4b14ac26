"""Streams over the real databases, with findings that these refuse."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from portero_server.clock import SystemClock
from portero_server.domain.cameras import CameraMode
from portero_server.domain.detection.detections import Text, TextKind
from portero_server.domain.detection.geometry import Box
from portero_server.domain.recording.sightings import CommitResult, StreamCommit, StreamRow
from portero_server.domain.streams.frames import FrameOutcome
from portero_server.domain.streams.messages import Finished, Rejected, TextRead
from portero_server.engines.base import CallContext, FaceCrop, Identification, Pixels
from portero_server.store import schema
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.people import PeopleStore
from portero_server.store.sightings import SightingFilter, SightingStore
from portero_server.store.streams import StreamStore
from portero_server.vision.analysis import FrameAnalysis
from tests.support.server.stream_harness import PIXELS, camera, face, looked, named, stream_harness
from tests.unit.portero_server.store.commit.test_recording import rows_of


class _Store:
    """Streams and commits of one database, as the pipeline wants them."""

    def __init__(self, streams: StreamStore, recording: Recording) -> None:
        self._streams = streams
        self._recording = recording

    async def open(self, camera_id: str, epoch: str, session: str) -> StreamRow:
        return await self._streams.open(camera_id, epoch, session)

    async def followed(self) -> Sequence[StreamRow]:
        return await self._streams.followed()

    async def commit(self, commits: Sequence[StreamCommit]) -> CommitResult:
        return await self._recording.commit(commits)


@pytest.mark.parametrize("content", ["half a letter: \ud800", "x" * 70_000])
async def test_text_that_the_database_does_not_take_ends_no_stream(
    database: Database, streams: StreamStore, recording: Recording, content: str
) -> None:
    """The frame it was read in is refused, in-band and in the account; the texts before and after it are stored."""
    contents = iter(["ROOM 12", content, "ROOM 14"])

    async def read(pixels: Pixels, context: CallContext) -> tuple[Text, ...]:
        return (Text(next(contents), TextKind.LINE, Box(0, 0, 1, 1), 0.99),)

    clear = FrameAnalysis(FrameOutcome.EMPTY, pixels=PIXELS, sharpness=0.9)
    async with stream_harness(
        {1: clear, 2: clear, 3: clear},
        read_text=read,
        cameras=[camera(mode=CameraMode.TEXT)],
        clock=SystemClock(),
        store=_Store(streams, recording),
    ) as at:
        session = await at.open()
        async with asyncio.TaskGroup() as group:
            group.create_task(at.listen(session))
            running = group.create_task(session.run())
            for sequence in (1, 2, 3):
                at.send(session, sequence)
                await asyncio.sleep(0.3)
            session.finish()
            await running
        at.streams.close(session, "finished")
    finished = at.said[-1]
    assert isinstance(finished, Finished)
    assert finished.durable_sequence == 3
    (row,) = await rows_of(database, schema.streams)
    assert row["durable_sequence"] == 3
    takes_it = database.dialect == "sqlite" and len(content) > 100
    assert row["outcome_rejected"] == (0 if takes_it else 1)
    assert row["outcome_rejected"] + row["outcome_empty"] == 3
    told = [each.sequence for each in at.said if isinstance(each, TextRead)]
    assert told == ([1, 2, 3] if takes_it else [1, 3])
    assert [each["sequence"] for each in await rows_of(database, schema.texts)] == told
    exceptions = [
        (each["first_sequence"], each["reason"]) for each in await rows_of(database, schema.stream_exceptions)
    ]
    assert exceptions == ([] if takes_it else [(2, "store_refused")])
    assert [each.sequence for each in at.said if isinstance(each, Rejected)] == ([] if takes_it else [2])


async def test_a_face_that_the_database_does_not_take_ends_no_stream(
    database: Database, streams: StreamStore, recording: Recording, people: PeopleStore, sightings: SightingStore
) -> None:
    """A box that is not a number leaves its visit out; the visit beside it is stored and told to have ended."""
    await people.create("ana", "Ana", {})
    await people.create("ben", "Ben", {})

    answers = iter(["ana", "ben"])

    async def identify(crop: FaceCrop) -> Identification:
        return named(next(answers))

    poisoned = looked(face(0.2), face(0.7))
    async with stream_harness(
        {1: poisoned, 2: poisoned}, identify, clock=SystemClock(), store=_Poisoned(streams, recording)
    ) as at:
        session = await at.open()
        at.send(session, 1, 2)
        session.finish()
        async with asyncio.TaskGroup() as group:
            group.create_task(at.listen(session))
            await session.run()
        at.streams.close(session, "finished")
    (row,) = await rows_of(database, schema.streams)
    assert row["durable_sequence"] == 2
    assert sum(row[column] for column in schema.OUTCOME_COLUMNS.values()) == 2
    assert row["outcome_rejected"] >= 1
    (kept,) = await sightings.list(SightingFilter(), 10)
    assert kept.person_id is not None
    rejected = {each.sequence for each in at.said if isinstance(each, Rejected)}
    assert len(rejected) == row["outcome_rejected"]


class _Poisoned(_Store):
    """Makes the box of everybody on the right something that no database keeps."""

    async def commit(self, commits: Sequence[StreamCommit]) -> CommitResult:
        nowhere = Box(float("nan"), 0.3, 0.1, 0.13)
        spoiled = [
            replace(
                part,
                decided=tuple(replace(each, box=nowhere) if each.box.left > 0.5 else each for each in part.decided),
            )
            for part in commits
        ]
        return await super().commit(spoiled)
