"""A queue of guests before one camera, checked in one after the other in virtual time.

The clock stands still while processors work, and is charged for what they took: the processor time of this process for
each look and each reading, and the latency of each paid call. So the seconds are those of a machine with one idle
processor for the camera, whatever else runs here. Text and faces of the paid engine are the local engine's, whose own
time is not charged: the simulated latency stands for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar

from portero_server.documents.capture import CardCaptures, ReadCard
from portero_server.documents.capture_follower import CaptureFollower
from portero_server.documents.desk import CapturedCheckIn, ComparedPortrait
from portero_server.documents.portrait_comparison import EnginePortraits, PortraitPolicy
from portero_server.documents.reading import CardReader
from portero_server.documents.sight import CardInspector, CardSight
from portero_server.domain.cameras import Lane
from portero_server.domain.clocks.camera_clock import FrameTime
from portero_server.domain.detection.detections import MatchPolicy, Text
from portero_server.domain.documents.check_in import CheckInFailure
from portero_server.domain.documents.document import Field
from portero_server.domain.documents.judgment import CheckInReport, judge
from portero_server.domain.streams.frames import Frame, FrameOutcome
from portero_server.engines.base import CallContext, Comparison, Engine, EngineTraits, OpenGate, Pixels
from portero_server.engines.registry import create_engine
from portero_server.recognition.frame_follower import Rules
from portero_server.recognition.text_reader import TextFollower
from portero_server.settings import Settings
from portero_server.vision.analysis import FrameAnalysis
from portero_server.vision.cards.locator import CardLocator
from portero_server.vision.detect.choice import choose_finder
from portero_server.vision.detect.face_detector import FaceDetector
from tests.support.cards.kiosk import HEIGHT, PAUSE, RATE, VISIT, WIDTH, KioskFrame, kiosk, second_side_seen
from tests.support.cards.specimen import TODAY, Specimen
from tests.support.time.virtual_time import ManualClock, running_clock

_RULES = Rules("rekognition", MatchPolicy(0.99, 0.02), Lane.CHECK_IN, timedelta(seconds=5))
_PATIENCE = 60.0
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Served:
    """How one guest fared.

    Attributes:
        guest: Number in the queue.
        seconds: From the first frame that shows the second side to the result.
        whole: From the first frame that shows the card to the result.
        paid_calls: For this guest.
        report: The answer, or None if there is none.
        right: Whether what was read is this guest's card, and face and card are one person's.
        similarity: Of portrait and live face.
    """

    guest: int
    seconds: float
    whole: float
    paid_calls: int
    report: CheckInReport | None
    right: bool
    similarity: float | None


class PaidStandIn:
    """A local engine that takes the latency of a paid one, and is counted like it."""

    def __init__(self, inner: Engine, latency: float) -> None:
        self._inner, self._latency = inner, latency
        self.calls: list[str] = []

    @property
    def traits(self) -> EngineTraits:
        """Those of the local engine, but paid."""
        return replace(self._inner.traits, paid=True)

    async def read_text(self, image: Pixels, context: CallContext) -> Sequence[Text]:
        """Reads, and takes its time."""
        self.calls.append("DetectText")
        texts = await _while_time_stands(self._inner.read_text(image, context))
        await asyncio.sleep(self._latency)
        return texts

    async def compare(self, source: Pixels, target: Pixels, context: CallContext) -> Comparison:
        """Compares, and takes its time."""
        self.calls.append("CompareFaces")
        comparison = await _while_time_stands(self._inner.compare(source, target, context))
        await asyncio.sleep(self._latency)
        return comparison


async def _while_time_stands(call: Coroutine[Any, Any, _T]) -> _T:
    """Awaits a call that works in processes of its own; the loop's clock stands still only for its own threads."""
    answer = asyncio.run_coroutine_threadsafe(call, asyncio.get_running_loop())
    while True:
        # Woken now and then, or the loop takes a slow machine for a deadlock.
        with suppress(TimeoutError):
            return await asyncio.to_thread(answer.result, _PATIENCE / 3)


class _ChargedFollower(CaptureFollower):
    """Charges the clock for the processor time of each look."""

    async def _look(self, frame: Frame, capture: object) -> object:  # type: ignore[override]
        began = time.process_time()
        sight = await asyncio.to_thread(self._inspector.look, frame)
        await asyncio.sleep(time.process_time() - began)
        self._settle(sight, frame, capture)
        return None

    def _settle(self, sight: CardSight, frame: Frame, capture: object) -> None:
        capture.looking = False  # type: ignore[attr-defined]
        self._captures.saw(capture, sight, frame.received)  # type: ignore[arg-type]


class _ChargedReader:
    """Charges the clock for the processor time of each reading, without the engine's own processes."""

    def __init__(self, inner: CardReader) -> None:
        self._inner = inner

    async def read(self, images: Sequence[Pixels], context: CallContext, today: object) -> ReadCard:
        """Reads a card."""
        began = time.process_time()
        read = await self._inner.read(images, context, TODAY)
        await asyncio.sleep(time.process_time() - began)
        return read


class _Desk:
    """Judges what is captured, and says when."""

    def __init__(self, portraits: EnginePortraits, clock: ManualClock) -> None:
        self._portraits, self._clock = portraits, clock
        self.results: dict[str, tuple[float, CapturedCheckIn, ComparedPortrait, CheckInReport]] = {}
        self.failures: dict[str, CheckInFailure] = {}

    async def captured(self, check_in_id: str, capture: CapturedCheckIn) -> None:
        began = time.process_time()
        context = CallContext("desk", Lane.CHECK_IN)
        compared = await self._portraits.compare(capture.portraits, capture.live_face, context)
        report = judge(capture.reading, compared.evidence, capture.liveness, TODAY)
        await asyncio.sleep(time.process_time() - began)
        self.results[check_in_id] = self._clock.monotonic(), capture, compared, report

    async def failed(self, check_in_id: str, reason: CheckInFailure) -> None:
        self.failures[check_in_id] = reason


@asynccontextmanager
async def _running(captures: CardCaptures, desk: _Desk) -> AsyncIterator[None]:
    task = asyncio.create_task(captures.run(desk))
    await asyncio.sleep(0.2)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def serve(
    guests: list[Specimen], *, latency: float, faces: list[int] | None = None, told: Callable[[Served], None]
) -> list[Served]:
    """Serves a queue; must run in a VirtualTimeLoop.

    Args:
        guests: Their cards, in order.
        latency: Of each paid call, seconds.
        faces: Whose portrait each guest looks like; None: that on the card.
        told: Is told each guest that was served.
    """
    clock, settings = running_clock(), Settings()
    local = create_engine("local", settings.engine_options, OpenGate())
    engine = PaidStandIn(local, latency)
    detector = FaceDetector(choose_finder(settings.detector_options).finder, settings.detect_policy)
    policy = PortraitPolicy(local.traits.policy.threshold, review_margin=0.1)
    desk = _Desk(EnginePortraits(engine, policy), clock)  # type: ignore[arg-type]
    captures = CardCaptures(_ChargedReader(CardReader(engine, detector)), clock, lambda: TODAY)  # type: ignore[arg-type]
    inspector = CardInspector(CardLocator(detector), detector)
    follower = _ChargedFollower(TextFollower("desk", _RULES, engine.read_text), "desk", captures, inspector)
    served: list[Served] = []
    async with _running(captures, desk), asyncio.TaskGroup() as looks:
        began = clock.monotonic()
        for number, frame in enumerate(kiosk(guests, faces=faces), 1):
            await asyncio.sleep(max(0.0, began + frame.time - clock.monotonic()))
            guest = int(frame.time // (VISIT + PAUSE))
            follower.tick(clock.monotonic())
            if number == 1 or guest != int((frame.time - 1 / RATE) // (VISIT + PAUSE)):
                captures.begin("desk", str(guest), clock.monotonic() + _PATIENCE)
            for work in follower.observe(_frame(frame, number, clock), FrameAnalysis(FrameOutcome.UNCHANGED)).work:
                looks.create_task(work())
            served += _newly_served(desk, guests, served, engine, began, told)
        await asyncio.sleep(_PATIENCE)
        served += _newly_served(desk, guests, served, engine, began, told)
    await local.aclose()
    return served


def _frame(shown: KioskFrame, number: int, clock: ManualClock) -> Frame:
    moment = FrameTime(0, shown.time, shown.time, shown.time)
    return Frame(number, clock.now(), shown.jpeg, WIDTH, HEIGHT, clock.monotonic(), 0.0, moment)


def _newly_served(
    desk: _Desk,
    guests: list[Specimen],
    before: list[Served],
    engine: PaidStandIn,
    began: float,
    told: Callable[[Served], None],
) -> list[Served]:
    fresh: list[Served] = []
    known = {each.guest for each in before}
    for check_in_id, (at, capture, compared, report) in desk.results.items():
        guest = int(check_in_id)
        if guest in known:
            continue
        second = second_side_seen(guest)
        right = all(
            capture.reading.value(field) == guests[guest].truth[field.value]
            for field in (Field.RUN, Field.DOCUMENT_NUMBER)
        )
        paid = capture.paid_calls + compared.paid_calls
        seconds = at - began - second
        whole = at - began - guest * (VISIT + PAUSE)
        fresh.append(Served(guest, seconds, whole, paid, report, right, compared.evidence.similarity))
        told(fresh[-1])
    return fresh
