"""Cameras whose clocks are set, jump, stand still or are wrong: nobody gets the name of whoever stood there before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from portero_server.domain.cameras import TimeSource
from portero_server.domain.clocks.clock_watch import ClockState
from portero_server.domain.detection.detections import FaceQuality, FoundFace
from portero_server.domain.detection.geometry import Box
from portero_server.domain.gate.cadence import When
from portero_server.domain.streams.frames import Frame, FrameOutcome
from portero_server.domain.streams.messages import Advice, Directive, TrackUpdate
from portero_server.domain.tracking.track import TrackState
from portero_server.engines.base import FaceCrop, Identification
from portero_server.errors import FailedPrecondition
from portero_server.streaming.session import Session
from portero_server.streaming.stream_clock import Opening
from portero_server.vision.analysis import FrameAnalysis
from tests.support.server.stream_harness import EPOCH_START, StreamHarness, camera, jpeg, named, stream_harness
from tests.support.time.virtual_time import in_virtual_time

_PEOPLE = {"ana": 1, "ben": 2, "eva": 3}
_NAMES = {value: name for name, value in _PEOPLE.items()}
_FACE = FoundFace(Box(0.4, 0.3, 0.1, 0.13), 0.9, FaceQuality(1.0, 1.0, 1.0, 1.0))
_LIVE = Opening(lossless=False)

Script = Sequence[tuple[str | None, int]]
"""Who stands before the camera, always in the same place, for how many frames; five frames a second."""
Wrong = Callable[[float], float]
"""What the camera's clock shows after so many true seconds."""

_THREE_VISITS: Script = [("ana", 10), (None, 15), ("ben", 10), (None, 15), ("eva", 10)]


class _OnePlace:
    """Looks at a scene in which whoever is there stands in the same place; the sequence tells who."""

    def __init__(self, who: Sequence[str | None]) -> None:
        self._who = who

    def scene(self) -> _OnePlace:
        """Begins a scene."""
        return self

    async def look(self, frames: Sequence[Frame], when: When, *, text: bool) -> Sequence[FrameAnalysis]:
        """Looks where the cadence says so."""
        looks: list[FrameAnalysis] = []
        for frame in frames:
            person = self._who[frame.sequence - 1]
            if not when(frame.time).look:
                looks.append(FrameAnalysis(FrameOutcome.SKIPPED))
                continue
            if person is None:
                looks.append(FrameAnalysis(FrameOutcome.EMPTY))
            else:
                pixels = np.full((96, 128, 3), _PEOPLE[person], np.uint8)
                looks.append(FrameAnalysis(FrameOutcome.WITH_FACES, (_FACE,), pixels))
            break
        return looks


async def _who_is(crop: FaceCrop) -> Identification:
    return named(_NAMES[int(crop.pixels[0, 0, 0])])


@asynccontextmanager
async def _scene(script: Script, **options: object) -> AsyncIterator[tuple[StreamHarness, list[str | None]]]:
    who = [person for person, frames in script for _ in range(frames)]
    async with stream_harness({}, _who_is, scene=_OnePlace(who), **options) as at:  # type: ignore[arg-type]
        yield at, who


async def _play(
    at: StreamHarness, who: Sequence[str | None], clock: Wrong, opening: Opening = _LIVE, pace: float = 0.2
) -> Session:
    """Shows the scene, one frame each `pace` seconds, with capture times by the camera's clock."""
    session = await at.streams.open("door", "e1", opening)
    session.opened()
    async with asyncio.TaskGroup() as group:
        group.create_task(at.listen(session))
        running = group.create_task(session.run())
        for number in range(len(who)):
            captured = EPOCH_START + timedelta(seconds=clock(number / 5))
            session.receive(number + 1, captured, jpeg())
            await asyncio.sleep(pace)
        session.finish()
        await running
    at.streams.close(session, "finished")
    return session


def _named(at: StreamHarness) -> list[str]:
    """Returns who was confirmed, in order."""
    news = [message for message in at.said if isinstance(message, TrackUpdate)]
    return [each.named.match.person_id for each in news if each.state is TrackState.CONFIRMED and each.named]


def _sound(at: StreamHarness) -> bool:
    news = [message for message in at.said if isinstance(message, TrackUpdate)]
    return all(each.first_seen <= each.last_seen for each in news)


def _set_back(by: float, when: float) -> Wrong:
    return lambda seconds: seconds - by if seconds >= when else seconds


def _three_frames_ahead(by: float, when: float) -> Wrong:
    return lambda seconds: seconds + by if when <= seconds < when + 0.6 else seconds


def _stands_still(since: float) -> Wrong:
    return lambda seconds: min(seconds, since)


def _creeps(since: float) -> Wrong:
    return lambda seconds: seconds if seconds < since else since + (seconds - since) / 200


_CLOCKS: dict[str, Wrong] = {
    "set back 12 s while somebody is there": _set_back(12, 1.0),
    "set back 12 s when the place is empty": _set_back(12, 3.0),
    "set back 12 s as the next one comes": _set_back(12, 5.0),
    "set back an hour": _set_back(3600, 1.0),
    "set back a day": _set_back(86_400, 4.0),
    "three frames 60 s ahead": _three_frames_ahead(60, 1.0),
    "three frames 60 s ahead, of an empty place": _three_frames_ahead(60, 2.4),
    "three frames 9 s ahead": _three_frames_ahead(9, 1.4),
    "set ahead a day": _set_back(-86_400, 1.0),
    "stands still": _stands_still(1.0),
    "stood still from the beginning": _stands_still(0.0),
    "creeps": _creeps(1.0),
    "drifts": lambda seconds: seconds * 1.01,
    "a zone behind": lambda seconds: seconds - 10_800,
    "a zone ahead": lambda seconds: seconds + 10_800,
    "to and fro": lambda seconds: seconds + (4.0 if int(seconds * 5) % 2 else 0.0),
    "set back a little again and again": lambda seconds: seconds - 0.9 * int(seconds),
}


@pytest.mark.parametrize("scene", _CLOCKS)
@pytest.mark.parametrize("opening", [_LIVE, Opening()], ids=["live", "lossless"])
def test_everybody_is_named_as_who_they_are(scene: str, opening: Opening) -> None:
    """Three people who stand in one place, three seconds apart, are asked about and named each, whatever the clock."""

    @in_virtual_time
    async def play() -> None:
        async with _scene(_THREE_VISITS) as (at, who):
            await _play(at, who, _CLOCKS[scene], opening)
        names = _named(at)
        assert list(dict.fromkeys(names)) == ["ana", "ben", "eva"]
        assert names == sorted(names)
        assert _sound(at)

    play()


@in_virtual_time
async def test_a_sound_clock_costs_one_call_a_visit() -> None:
    """With a clock that is right, or a zone off, each visit is one track."""
    for clock in ("a zone behind", "drifts"):
        async with _scene(_THREE_VISITS) as (at, who):
            await _play(at, who, _CLOCKS[clock])
        assert _named(at) == ["ana", "ben", "eva"]


@in_virtual_time
async def test_frames_that_were_spooled_are_no_fault_of_the_clock() -> None:
    """An hour old and ten times as fast, they make the same tracks as in time, and nobody is told of a clock."""
    opening = Opening(lossless=True, sent_at=EPOCH_START)
    async with _scene(_THREE_VISITS) as (at, who):
        session = await _play(at, who, lambda seconds: seconds - 3600, opening, pace=0.02)
    assert _named(at) == ["ana", "ben", "eva"]
    assert not at.heard(Directive)
    assert session.state.intake.timing.state is ClockState.STEADY


@in_virtual_time
async def test_frames_that_are_held_up_go_on_with_their_track() -> None:
    """A lossless bridge that comes through again after half a minute brings the very next images of the same visit."""
    async with _scene([("ana", 20)]) as (at, who):
        session = await at.streams.open("door", "e1", Opening(lossless=True, sent_at=EPOCH_START))
        session.opened()
        async with asyncio.TaskGroup() as group:
            group.create_task(at.listen(session))
            running = group.create_task(session.run())
            for number in range(len(who)):
                if number == 10:
                    await asyncio.sleep(30.0)
                at.send(session, number + 1)
                await asyncio.sleep(0.2 if number < 10 else 0.01)
            session.finish()
            await running
    news = [message for message in at.said if isinstance(message, TrackUpdate)]
    assert len({each.track_id for each in news}) == 1


@in_virtual_time
async def test_a_bridge_that_comes_back_with_its_clock_set_back_follows_nobody_further() -> None:
    """A computer without a clock goes on as if no time had passed: the face that is there now is asked about anew."""
    who: list[str | None] = [*["ana"] * 10, *["ben"] * 10]
    async with stream_harness({}, _who_is, scene=_OnePlace(who)) as at:
        for first, clock_behind in ((0, 0.0), (10, 60.0)):
            sent_at = at.clock.now() - timedelta(seconds=clock_behind)
            session = await at.streams.open("door", "e1", Opening(lossless=True, sent_at=sent_at))
            session.opened()
            listening = asyncio.create_task(at.listen(session))
            running = asyncio.create_task(session.run())
            for number in range(first, first + 10):
                session.receive(number + 1, EPOCH_START + timedelta(seconds=number / 5), jpeg())
                await asyncio.sleep(0.2)
            running.cancel()
            await asyncio.wait([running])
            await listening
            at.streams.close(session, "cut")
            await asyncio.sleep(58.0)
    assert _named(at) == ["ana", "ben"]


@in_virtual_time
async def test_a_clock_that_was_set_is_told_once_and_forgotten_after_a_minute() -> None:
    """The bridge is asked once to look after its clock, and the metrics say what happened."""
    script: Script = [("ana", 10), (None, 400)]
    async with _scene(script) as (at, who):
        session = await _play(at, who, _set_back(4.0, 1.0))
    assert at.heard(Directive) == [Directive(Advice.CHECK_CLOCK)]
    assert session.state.intake.timing.state is ClockState.STEADY
    assert session.state.intake.timing.skew == pytest.approx(-4.0)
    changes = at.metrics.streams.clock_changes
    assert changes.labels("set_back")._value.get() == 1
    assert changes.labels("steady")._value.get() == 1


@in_virtual_time
async def test_arrival_dates_what_a_broken_clock_dates_wrongly() -> None:
    """A camera dated by arrival has right times stored, whatever its frames say, and when they say nothing."""
    broken = replace(camera(), time_source=TimeSource.ARRIVAL)
    async with _scene([("ana", 10)], cameras=[broken]) as (at, _who):
        session = await at.streams.open("door", "e1", _LIVE)
        session.opened()
        listening = asyncio.create_task(at.listen(session))
        running = asyncio.create_task(session.run())
        began = at.clock.now()
        wrong = [None, EPOCH_START + timedelta(hours=7), EPOCH_START - timedelta(days=900)]
        for number in range(10):
            session.receive(number + 1, wrong[number % 3], jpeg())
            await asyncio.sleep(0.2)
        session.finish()
        await running
        await listening
    closed = [
        each for each in at.heard(TrackUpdate) if isinstance(each, TrackUpdate) and each.state is TrackState.CLOSED
    ]
    # The last frame changed, but was not searched.
    assert [(each.first_seen, each.last_seen) for each in closed] == [(began, began + timedelta(seconds=1.6))]


@in_virtual_time
async def test_arrival_is_refused_for_frames_that_may_be_spooled() -> None:
    """A lossless stream of such a camera is refused, naming the field."""
    async with stream_harness(cameras=[replace(camera(), time_source=TimeSource.ARRIVAL)]) as at:
        with pytest.raises(FailedPrecondition, match=r"open\.mode") as caught:
            await at.streams.open("door", "e1", Opening(lossless=True))
    assert caught.value.reason == "TIME_SOURCE_NEEDS_LIVE"
