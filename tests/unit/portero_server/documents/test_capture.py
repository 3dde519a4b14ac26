from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from portero_server.documents.capture import CardCaptures
from portero_server.documents.capture_follower import CaptureFollower
from portero_server.domain.cameras import Lane
from portero_server.domain.detection.detections import MatchPolicy
from portero_server.domain.documents.check_in import CheckInFailure
from portero_server.domain.streams.frames import FrameOutcome
from portero_server.domain.streams.messages import Advice, Directive
from portero_server.recognition.frame_follower import Findings, FrameFollower, Rules
from portero_server.recognition.text_reader import TextFollower
from portero_server.vision.analysis import FrameAnalysis
from tests.support.server.check_in_scenes import GivenReader, KeptOutcomes, ReadingInspector, frame, unavailable
from tests.support.time.virtual_time import in_virtual_time, running_clock

RULES = Rules("scripted", MatchPolicy(0.9, 0.02), Lane.CHECK_IN, timedelta(seconds=5))
DEADLINE = 60.0
UNCHANGED = FrameAnalysis(FrameOutcome.UNCHANGED)


async def _no_text(*_: object) -> Sequence[object]:
    return ()


def inner_follower() -> TextFollower:
    """Returns a follower of the simplest kind."""
    return TextFollower("desk", RULES, _no_text)  # type: ignore[arg-type]


@dataclass
class Desk:
    """One camera's stream on a server with captures."""

    captures: CardCaptures
    outcomes: KeptOutcomes
    reader: GivenReader
    inspector: ReadingInspector
    follower: FrameFollower
    number: int = 0

    async def shows(self, words: str, times: int, *, lag: float = 0.05) -> list[Advice]:
        """Shows the camera frames, ten a second. Returns the advice that was given."""
        advice: list[Advice] = []
        clock = running_clock()
        for _ in range(times):
            self.number += 1
            self.follower.tick(clock.monotonic())
            found = self.follower.observe(frame(words, self.number, received=clock.monotonic(), lag=lag), UNCHANGED)
            answers = [await work() for work in found.work]
            for findings in (found, *answers):
                if isinstance(findings, Findings):
                    advice += [
                        event.advice for event in findings.events if isinstance(event, Directive) and event.advice
                    ]
            await asyncio.sleep(0.1)
        return advice


def a_desk(error: Exception | None = None) -> Desk:
    """Returns a desk; its captures do not run yet."""
    reader, inspector = GivenReader(error), ReadingInspector()
    captures = CardCaptures(reader, running_clock(), lambda: date(2026, 3, 2))
    follower = CaptureFollower(inner_follower(), "desk", captures, inspector)
    return Desk(captures, KeptOutcomes(), reader, inspector, follower)


@asynccontextmanager
async def running(desk: Desk) -> AsyncIterator[Desk]:
    """Runs the captures of a desk, whose camera has sent a first frame."""
    task = asyncio.create_task(desk.captures.run(desk.outcomes))
    await desk.shows("", 1)
    try:
        yield desk
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def begin(desk: Desk, check_in_id: str = "one", seconds: float = DEADLINE) -> bool:
    """Begins a check-in at the desk."""
    return desk.captures.begin("desk", check_in_id, running_clock().monotonic() + seconds)


@in_virtual_time
async def test_both_sides_and_a_face_are_read_and_reported() -> None:
    """When front, back and face were seen, both sides are read once, front first, and the outcome has the face."""
    async with running(a_desk()) as desk:
        assert begin(desk)
        await desk.shows("front face", 8)
        await desk.shows("back face", 8)
    captured = desk.outcomes.captures["one"]
    assert len(desk.reader.shown) == 1
    front, back = desk.reader.shown[0]
    assert front.mean() < back.mean()
    assert captured.paid_calls == 1
    assert captured.live_face is not None
    assert captured.live_face.faces == 1
    assert (desk.reader.contexts[0].camera_id, desk.reader.contexts[0].lane) == ("desk", Lane.CHECK_IN)


@in_virtual_time
async def test_the_card_is_black_in_the_picture_of_the_live_face() -> None:
    """The picture of the live face shows no card, so that no engine takes the portrait for the person."""
    async with running(a_desk()) as desk:
        begin(desk)
        await desk.shows("front face", 8)
        await desk.shows("back face", 8)
    live = desk.outcomes.captures["one"].live_face
    assert live is not None
    assert (live.pixels == 0).any()


@in_virtual_time
async def test_a_camera_without_a_check_in_is_left_alone() -> None:
    """Without a check-in the inner follower's answers are passed on as they are, and no frame is looked at."""
    async with running(a_desk()) as desk:
        inner = inner_follower()
        follower = CaptureFollower(inner, "desk", desk.captures, desk.inspector)
        shown = frame("front face", 5, received=running_clock().monotonic())
        assert follower.observe(shown, UNCHANGED) is inner.observe(shown, UNCHANGED)
        assert follower.when(shown.time) == inner.when(shown.time)
        assert not follower.busy
        assert follower.rules is inner.rules
        assert desk.inspector.looks == 0
        other = Rules("scripted", MatchPolicy(0.8, 0.02), Lane.VISITOR, timedelta(seconds=5))
        follower.rules = other
        assert inner.rules is other


@in_virtual_time
async def test_no_faces_are_searched_for_sightings_meanwhile() -> None:
    """While a check-in runs, no frame is searched for the camera's own purpose, and afterwards they are again."""
    async with running(a_desk()) as desk:
        shown = frame("", 5, received=0.0)
        assert desk.follower.when(shown.time).look
        begin(desk)
        assert not desk.follower.when(shown.time).look
        desk.captures.cancel("one")
        assert desk.follower.when(shown.time).look


@in_virtual_time
async def test_the_bridge_is_asked_for_full_pictures_once() -> None:
    """With the first frame of a check-in, whatever limits rate and size is lifted."""
    async with running(a_desk()) as desk:
        begin(desk)
        now = running_clock().monotonic()
        directives = [
            event
            for number in range(5, 8)
            for event in desk.follower.observe(frame("", number, received=now), UNCHANGED).events
        ]
        assert directives == [Directive(max_rate=1000.0, max_side=4096)]


@in_virtual_time
async def test_hints_lead_the_person() -> None:
    """Advice goes out with the stream: show the card, hold it still, turn it over, look at the camera."""
    async with running(a_desk()) as desk:
        begin(desk)
        advice = await desk.shows("", 12)
        advice += await desk.shows("dull", 12)
        advice += await desk.shows("front", 16)
        advice += await desk.shows("back", 20)
    assert advice == [Advice.SHOW_CARD, Advice.CARD_STILL, Advice.TURN_CARD_OVER, Advice.LOOK_AT_CAMERA]


@in_virtual_time
async def test_a_guest_who_leaves_takes_the_card_along() -> None:
    """What was seen of a guest who left is dropped: the next one's card and face are kept from the beginning."""
    async with running(a_desk()) as desk:
        begin(desk)
        await desk.shows("front face", 8)
        await desk.shows("", 20)
        await desk.shows("back face", 10)
        assert not desk.outcomes.captures
        first_of_next = desk.number
        await desk.shows("front face", 10)
    front, _ = desk.reader.shown[0]
    assert front.max() > first_of_next


@in_virtual_time
async def test_time_runs_out() -> None:
    """Without a card the check-in times out; with one side, that side is read, and the report will say what lacks."""
    async with running(a_desk()) as desk:
        begin(desk, seconds=2.0)
        await desk.shows("face", 25)
        assert desk.outcomes.failures == {"one": CheckInFailure.TIMED_OUT}
        begin(desk, "two", seconds=2.0)
        await desk.shows("front", 25)
    (image,) = desk.reader.shown[0]
    assert image.size
    assert desk.outcomes.captures["two"].live_face is None


@in_virtual_time
async def test_a_stream_that_ends_ends_the_check_in() -> None:
    """When the camera's stream is gone and does not come back, the check-in fails as such; new ones do not begin."""
    async with running(a_desk()) as desk:
        begin(desk)
        await asyncio.sleep(5.0)
        assert not desk.outcomes.failures
        await asyncio.sleep(15.0)
        assert desk.outcomes.failures == {"one": CheckInFailure.STREAM_ENDED}
        assert not begin(desk, "two")


@in_virtual_time
async def test_another_session_goes_on_with_the_check_in() -> None:
    """A check-in survives a reconnect: what was seen before counts."""
    async with running(a_desk()) as desk:
        begin(desk)
        await desk.shows("front face", 8)
        desk.follower = CaptureFollower(inner_follower(), "desk", desk.captures, desk.inspector)
        await desk.shows("back face", 8)
    assert "one" in desk.outcomes.captures


@in_virtual_time
async def test_an_engine_that_fails_fails_the_check_in() -> None:
    """A card that the engine does not read fails its check-in, and the next one begins as ever."""
    for error in (unavailable(), ValueError("a defect")):
        async with running(a_desk(error)) as desk:
            begin(desk)
            await desk.shows("front face", 8)
            await desk.shows("back face", 8)
            assert begin(desk, "two")
        assert desk.outcomes.failures == {"one": CheckInFailure.ENGINE_FAILED}


@in_virtual_time
async def test_a_canceled_or_replaced_check_in_has_no_outcome() -> None:
    """What is canceled, or replaced by a later check-in at the camera, reports nothing."""
    async with running(a_desk()) as desk:
        begin(desk)
        await desk.shows("front face", 8)
        begin(desk, "two")
        await desk.shows("back face", 8)
        desk.captures.cancel("two")
        desk.captures.cancel("unknown")
        await desk.shows("front back face", 20)
    assert not desk.outcomes.captures
    assert not desk.outcomes.failures


@pytest.mark.parametrize("lag", [11.0, 3600.0])
def test_late_frames_are_not_part_of_a_check_in(lag: float) -> None:
    """Frames that a bridge had kept, and sends late, show another time and are not looked at."""

    @in_virtual_time
    async def run() -> None:
        async with running(a_desk()) as desk:
            begin(desk)
            await desk.shows("front face", 5, lag=lag)
            assert desk.inspector.looks == 0

    run()


@in_virtual_time
async def test_torn_frames_do_no_harm() -> None:
    """A frame that cannot be decoded, or whose data is damaged, is passed over."""
    async with running(a_desk()) as desk:
        begin(desk)
        await desk.shows("torn", 2)
        damaged = FrameAnalysis(FrameOutcome.SKIPPED, damaged=True)
        assert not desk.follower.observe(frame("front", 90, received=running_clock().monotonic()), damaged).work
        await desk.shows("front face", 8)
        await desk.shows("back face", 8)
    assert "one" in desk.outcomes.captures


@in_virtual_time
async def test_a_follower_takes_over_from_one_before_it() -> None:
    """The calls that an earlier session left open are taken over through both coverings."""
    async with running(a_desk()) as desk:
        taken: list[FrameFollower] = []

        class Taking(TextFollower):
            def take_over(self, earlier: FrameFollower, durable: int) -> None:
                taken.append(earlier)

        inner = Taking("desk", RULES, _no_text)  # type: ignore[arg-type]
        before = inner_follower()
        follower = CaptureFollower(inner, "desk", desk.captures, desk.inspector)
        follower.take_over(CaptureFollower(before, "desk", desk.captures, desk.inspector), 3)
        follower.take_over(before, 3)
        assert taken == [before, before]
