"""What cameras watched is written down from frames that are settled and stored, and from nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portero_server.attendance.coverage_recorder import CoverageRecorder, OpenStream
from portero_server.domain.attendance.groups import Placement
from portero_server.domain.attendance.spans import TimeSpan
from portero_server.domain.attendance.unproven import UnprovenCause
from portero_server.domain.clocks.clock_watch import ClockState
from portero_server.domain.recording.sightings import FrameException, StreamRow
from portero_server.domain.streams.frames import FrameOutcome, GapReason, RejectionReason
from portero_server.recognition.frame_follower import FrameFollower
from portero_server.store.attendance.settled import SettledFrames
from portero_server.store.database import Database
from portero_server.vision.analysis import FrameAnalysis
from tests.support.attendance.classroom import Classroom
from tests.support.server.plain_follower import PlainFollower, frame_taken
from tests.support.store.commits import at, commit_of

SEARCHED, SKIPPED = FrameAnalysis(FrameOutcome.EMPTY), FrameAnalysis(FrameOutcome.SKIPPED)


class Door:
    """The stream of the camera "door", of which frames are taken and settled."""

    def __init__(self, classroom: Classroom, recorder: CoverageRecorder) -> None:
        self._classroom = classroom
        self._recorder = recorder
        self.row: StreamRow | None = None
        self.state = ClockState.STEADY
        self.closed = False
        recorder.follows(self._open)

    def _open(self, camera_id: str) -> OpenStream | None:
        return (
            None if self.row is None or self.closed or camera_id != "door" else OpenStream(self.row.session, self.state)
        )

    async def open(self, session: str = "s1", epoch: str = "e1") -> FrameFollower:
        """Opens the stream, and returns what its frames are shown to."""
        self.row = await self._classroom.streams.open("door", epoch, session)
        return self._recorder.follower("door", PlainFollower())

    async def settle(self, sequence: int, *exceptions: FrameException) -> None:
        """Stores that all frames up to one are settled."""
        assert self.row is not None
        commit = replace(commit_of(self.row, sequence=sequence), exceptions=exceptions)
        await self._classroom.recording.commit([commit])

    async def watched(self) -> tuple[TimeSpan, ...]:
        """Returns when the camera watched, after a round."""
        await self._recorder.round()
        return (await self._classroom.coverage.coverage("door", TimeSpan(at(0), at(1000)))).watched

    async def causes(self, first: float, last: float) -> list[tuple[UnprovenCause, ...]]:
        """Returns why the camera did not watch in a time."""
        span = TimeSpan(at(first), at(last))
        return [each.causes for each in (await self._classroom.coverage.coverage("door", span)).blind_in(span)]


@pytest.fixture
async def door(classroom: Classroom, database: Database) -> Door:
    """The stream's camera watches room a."""
    await classroom.furnish("ana")
    return Door(classroom, CoverageRecorder(SettledFrames(database), classroom.coverage))


def _span(first: float, last: float) -> TimeSpan:
    return TimeSpan(at(first), at(last))


async def test_frames_count_when_they_are_durable(door: Door) -> None:
    """Received frames are nothing yet; settled and stored ones are."""
    follower = await door.open()
    for sequence in range(1, 11):
        follower.observe(frame_taken(sequence, at(sequence)), SEARCHED)
    assert await door.watched() == ()
    await door.settle(10)
    assert await door.watched() == (_span(1, 10),)


async def test_a_late_upload_counts_for_the_time_in_which_it_was_taken(door: Door) -> None:
    """A bridge that was offline sends an hour within a moment, and the session after a cut goes on."""
    follower = await door.open()
    for sequence in range(1, 301):
        follower.observe(frame_taken(sequence, at(sequence)), SEARCHED)
    await door.settle(300)
    assert await door.watched() == (_span(1, 300),)
    follower = await door.open("s2")
    for sequence in range(301, 311):
        follower.observe(frame_taken(sequence, at(sequence)), SEARCHED)
    await door.settle(310)
    assert await door.watched() == (_span(1, 310),)


async def test_an_upload_may_end_before_anybody_looks(door: Door) -> None:
    """A stream that opened, sent and closed within a round counts all the same."""
    follower = await door.open()
    for sequence in range(1, 11):
        follower.observe(frame_taken(sequence, at(sequence)), SEARCHED)
    await door.settle(10)
    door.closed = True
    assert await door.watched() == (_span(1, 10),)


async def test_what_is_missing_says_why(door: Door) -> None:
    """Refused frames, lost ones, and those that were not searched each have their cause."""
    follower = await door.open()
    follower.observe(frame_taken(1, at(0)), SEARCHED)
    follower.observe(frame_taken(5, at(10)), SEARCHED)
    follower.observe(frame_taken(9, at(20)), SEARCHED)
    for sequence in range(10, 20):
        follower.observe(frame_taken(sequence, at(sequence + 11)), SKIPPED)
    follower.observe(frame_taken(20, at(31)), SEARCHED)
    refused = FrameException(2, 4, RejectionReason.TRUNCATED)
    await door.settle(20, refused, FrameException(6, 8, GapReason.SPOOL_FULL))
    assert await door.watched() == ()
    assert await door.causes(0, 31) == [
        (UnprovenCause.REJECTED,),
        (UnprovenCause.GAP,),
        (UnprovenCause.UNSEARCHED,),
    ]


async def test_frames_of_a_wrong_clock_prove_nothing(door: Door) -> None:
    """While the bridge's clock is wrong nobody knows when its frames were taken."""
    follower = await door.open()
    door.state = ClockState.SET_BACK
    follower.observe(frame_taken(1, at(1)), SEARCHED)
    follower.observe(frame_taken(2, at(2)), SEARCHED)
    follower.observe(frame_taken(3, at(4)), SEARCHED)
    await door.settle(3)
    assert await door.watched() == ()
    assert await door.causes(1, 4) == [(UnprovenCause.CLOCK_FAULT,)]


async def test_another_epoch_counts_its_own_frames(door: Door, classroom: Classroom) -> None:
    """Frames of a stream that was replaced are not taken for settled by the numbers of the next one."""
    follower = await door.open()
    follower.observe(frame_taken(1, at(1)), SEARCHED)
    follower.observe(frame_taken(2, at(2)), SEARCHED)
    await door.open("s2", "e2")
    await door.settle(2)
    assert await door.watched() == ()


async def test_cameras_of_no_room_are_not_written_down(door: Door, classroom: Classroom) -> None:
    """What was taken before a camera had a room is forgotten."""
    (placed,) = await classroom.rooms.placements()
    await classroom.rooms.end_placement(placed.placement_id, None)
    follower = await door.open()
    for sequence in range(1, 4):
        follower.observe(frame_taken(sequence, at(sequence)), SEARCHED)
    await door.settle(3)
    assert await door.watched() == ()
    await classroom.rooms.place(Placement("door", "a"))
    follower.observe(frame_taken(4, at(4)), SEARCHED)
    await door.settle(4)
    assert await door.watched() == (_span(3, 4),)
