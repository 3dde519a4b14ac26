"""What cameras watched is written down from frames that are settled and stored, and from nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from portero_server.attendance.coverage_recorder import CoverageRecorder, OpenStream
from portero_server.domain.attendance.groups import Placement
from portero_server.domain.attendance.known_view import KnownView
from portero_server.domain.attendance.spans import TimeSpan
from portero_server.domain.attendance.unproven import UnprovenCause
from portero_server.domain.clocks.clock_watch import ClockState
from portero_server.domain.detection.glimpse import Glimpse, ViewState
from portero_server.domain.recording.sightings import FrameException, StreamRow
from portero_server.domain.streams.frames import FrameOutcome, GapReason, RejectionReason
from portero_server.errors import StoreUnavailable
from portero_server.recognition.frame_follower import FrameFollower
from portero_server.store.attendance.settled import SettledFrames
from portero_server.store.database import Database
from portero_server.vision.analysis import FrameAnalysis
from tests.support.attendance.classroom import SESSION, Classroom
from tests.support.attendance.views import COVERED, DARK, glimpse_of
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

    async def show(self, follower: FrameFollower, *glimpses: Glimpse, begins: int = 1) -> None:
        """Takes a frame a second of views, and settles them; `begins` is the first one's number and second."""
        for sequence, glimpse in enumerate(glimpses, start=begins):
            follower.observe(frame_taken(sequence, at(sequence)), replace(SEARCHED, glimpse=glimpse))
        await self.settle(begins + len(glimpses) - 1)

    async def causes(self, first: float, last: float) -> list[tuple[UnprovenCause, ...]]:
        """Returns why the camera did not watch in a time."""
        span = TimeSpan(at(first), at(last))
        return [each.causes for each in (await self._classroom.coverage.coverage("door", span)).blind_in(span)]


@pytest.fixture
async def door(classroom: Classroom, database: Database) -> Door:
    """The stream's camera watches room a."""
    await classroom.furnish("ana")
    return Door(classroom, CoverageRecorder(SettledFrames(database), classroom.coverage, classroom.views))


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


HERE, ELSEWHERE = glimpse_of(3), glimpse_of(11)


async def test_a_covered_lens_and_the_dark_are_no_watching(door: Door) -> None:
    """Frames go on, but from the first look that shows nothing to the first that does they prove nothing."""
    follower = await door.open()
    await door.show(follower, *[HERE] * 10, *[COVERED] * 20, *[HERE] * 10, *[DARK] * 20, *[HERE] * 10)
    assert await door.watched() == (_span(1, 11), _span(31, 41), _span(61, 70))
    assert await door.causes(1, 70) == [(UnprovenCause.COVERED,), (UnprovenCause.DARK,)]
    assert follower.view is ViewState.CLEAR


async def test_a_flicker_is_nothing(door: Door) -> None:
    """A look or two without light are shorter than anybody takes to come in."""
    follower = await door.open()
    await door.show(follower, *[HERE] * 10, DARK, *[HERE] * 10, DARK, DARK, *[HERE] * 10)
    assert await door.watched() == (_span(1, 33),)


async def test_a_camera_that_was_moved_is_blind_from_then(door: Door, classroom: Classroom) -> None:
    """It is told after a minute, from before the first look at another view; the lesson is decided anew."""
    follower = await door.open()
    await door.show(follower, *[HERE] * 90)
    assert await door.watched() == (_span(1, 90),)
    await door.show(follower, *[ELSEWHERE] * 60, begins=91)
    assert await door.watched() == (_span(1, 150),)
    await classroom.sessions.decide(SESSION)
    await door.show(follower, *[ELSEWHERE] * 10, begins=151)
    assert await door.watched() == (_span(1, 87),)
    assert await classroom.sessions.stale(10) == [SESSION]
    assert follower.view is ViewState.MOVED
    await door.show(follower, *[HERE] * 20, begins=161)
    assert await door.watched() == (_span(1, 87), _span(161, 180))
    assert await door.causes(87, 161) == [(UnprovenCause.MOVED,)]


async def test_an_interrupted_stream_gives_the_same_coverage(door: Door) -> None:
    """Cut anywhere, also amid the minute that tells it, a moved and then covered camera is blind for the same time."""
    shown = [HERE] * 90 + [ELSEWHERE] * 100 + [COVERED] * 30 + [ELSEWHERE] * 20
    first = 1
    for number, last in enumerate((50, 120, 200, 215, len(shown))):
        follower = await door.open(f"s{number}")
        await door.show(follower, *shown[first - 1 : last], begins=first)
        await door.watched()
        first = last + 1
    assert await door.watched() == (_span(1, 87),)
    causes = {cause for each in await door.causes(87, 240) for cause in each}
    assert causes == {UnprovenCause.MOVED, UnprovenCause.COVERED}
    assert await door.causes(192, 219) == [(UnprovenCause.COVERED, UnprovenCause.MOVED)]


async def test_an_accepted_view_is_watched_from_then_on(door: Door, classroom: Classroom) -> None:
    """A camera that was moved on purpose watches again from when an operator says so, and not before."""
    follower = await door.open()
    await door.show(follower, *[HERE] * 90, *[ELSEWHERE] * 100)
    await door.watched()
    classroom.clock.advance(190)
    assert await classroom.views.accept("door") == at(190)
    await door.show(follower, *[ELSEWHERE] * 100, begins=191)
    assert await door.watched() == (_span(1, 87), _span(190, 290))


async def test_a_camera_that_is_placed_anew_has_a_view_of_its_own(door: Door, classroom: Classroom) -> None:
    """In another room it should see something else; the same placement, said again, changes nothing."""
    follower = await door.open()
    await door.show(follower, *[HERE] * 90, *[ELSEWHERE] * 100)
    await door.watched()
    classroom.clock.advance(190)
    await classroom.rooms.place(Placement("door", "a"))
    await door.show(follower, *[ELSEWHERE] * 10, begins=191)
    assert await door.watched() == (_span(1, 87),)
    classroom.clock.advance(10)
    await classroom.rooms.place(Placement("door", "b"))
    await door.show(follower, *[ELSEWHERE] * 100, begins=201)
    assert await door.watched() == (_span(1, 87), _span(200, 300))


async def test_views_of_a_wrong_clock_are_not_compared(door: Door, classroom: Classroom) -> None:
    """Nobody knows when the camera pointed where; that time is a fault anyway."""
    follower = await door.open()
    door.state = ClockState.SET_BACK
    await door.show(follower, *[HERE] * 90)
    assert await door.watched() == ()
    (known,) = (await classroom.views.views({"door"}))["door"].values()
    assert known == KnownView(at(0))


async def test_what_could_not_be_written_is_written_later(
    door: Door, classroom: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the database does not answer looks are judged and kept, and nothing of them is lost or doubled."""
    follower = await door.open()
    await door.show(follower, *[HERE] * 90)
    await door.watched()

    async def unanswered(*_: object) -> Sequence[TimeSpan]:
        raise StoreUnavailable("the database is away")

    monkeypatch.setattr(classroom.coverage, "add", unanswered)
    for part in range(2):
        await door.show(follower, *[ELSEWHERE] * 40, begins=91 + 40 * part)
        with pytest.raises(StoreUnavailable):
            await door.watched()
    monkeypatch.undo()
    assert await door.watched() == (_span(1, 87),)
    assert await door.causes(87, 170) == [(UnprovenCause.MOVED,)]
