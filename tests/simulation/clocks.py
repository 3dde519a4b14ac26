"""Cameras whose clocks go wrong, seed by seed: `python -m tests.simulation.clocks FIRST COUNT [DEFECT]`.

People come to one place, one after the other, while the camera's clock is set, jumps, stands still, creeps and drifts,
its frames are held up or come late in bursts, and its stream is cut and resumed. The real streams, sessions, recorder
and visit book run over the simulated store. The checker knows who stood there in each frame: nobody may be stored or
told under a name that belongs to whoever stood there before.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import structlog

from portero_server.domain.clocks.camera_clock import FrameTime
from portero_server.domain.detection.detections import FaceQuality, FoundFace
from portero_server.domain.detection.geometry import Box
from portero_server.domain.streams.frames import Frame, FrameOutcome
from portero_server.domain.streams.messages import TrackUpdate
from portero_server.domain.tracking.track import TrackState
from portero_server.engines.base import FaceCrop, Identification
from portero_server.errors import PorteroError
from portero_server.streaming.session import Session
from portero_server.streaming.stream_clock import Opening
from portero_server.vision.analysis import FrameAnalysis
from tests.simulation.store import SimulatedStore
from tests.support.model.scripted_vision import ScriptedVision
from tests.support.server.stream_harness import EPOCH_START, UNKNOWN, StreamHarness, jpeg, named, stream_harness
from tests.support.time.virtual_time import run_in_virtual_time

_RATE = 0.2
_PEOPLE = [f"person-{number}" for number in range(6)]
_STRANGER = 99
_FACE = FoundFace(Box(0.4, 0.3, 0.1, 0.13), 0.9, FaceQuality(1.0, 1.0, 1.0, 1.0))
_ABSENCES = (20, 40, 80)
"""Frames between two visits: from twice the 1.5 s after which a face is lost."""
_STEPS = (-12.0, -1.0, -60.0, -3600.0, -86_400.0, 0.7, 5.0, 60.0, 3600.0, 80_000.0)
_ZONES = (0.0, 0.0, 10_800.0, -10_800.0)
_MOST_AHEAD = 86_000.0
"""Seconds; frames a day ahead are refused, so that nobody is seen in them."""


@dataclass(slots=True)
class _BridgeClock:
    """What the bridge's clock shows, which goes wrong on command."""

    ahead: float
    pace: float = 1.0
    shown: float = 0.0

    def tick(self, seconds: float) -> None:
        """True time passes."""
        self.shown += seconds * self.pace

    @property
    def now(self) -> float:
        """Seconds since the beginning, as it sees them."""
        return self.shown + self.ahead


@dataclass(slots=True)
class ClockRun:
    """What a seed gave.

    Attributes:
        struck: What went wrong with the clock and the line, in order.
        complaints: What is wrong with what was stored and told, in words.
    """

    seed: int
    struck: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


class _Scene:
    def __init__(self, seed: int) -> None:
        self._chance = chance = random.Random(seed)
        self.run = ClockRun(seed)
        self.who: list[str | None] = []
        people = list(_PEOPLE)
        chance.shuffle(people)
        people.insert(chance.randrange(len(people)), "")
        for person in people:
            # An empty name is a stranger's.
            self.who += [person] * chance.randint(6, 20) + [None] * chance.choice(_ABSENCES)
        self._clock = _BridgeClock(chance.choice(_ZONES))
        self._lossless = chance.random() < 0.5
        self._frames: list[tuple[float, float]] = []
        self._store = SimulatedStore(_PEOPLE, random.Random(seed + 1))

    async def play(self) -> ClockRun:
        async with stream_harness(
            identify=self._identify,
            store=self._store,
            scene=ScriptedVision(self._look),
            visit_gap=timedelta(seconds=10),
        ) as at:
            await self._stream(at)
            await asyncio.sleep(15.0)
            self._check(at)
        return self.run

    async def _stream(self, at: StreamHarness) -> None:
        chance, held = self._chance, 0
        session, tasks = await self._open(at)
        for number in range(len(self.who)):
            self._clock.tick(_RATE)
            if chance.random() < 0.02:
                self._strike(number, held_up=held > 0)
            captured = EPOCH_START + timedelta(seconds=self._clock.now)
            session.receive(number + 1, captured, jpeg())
            if self._lossless and held == 0 and chance.random() < 0.01 and self._clock.pace > 0.5:
                held = chance.randint(5, 25)
                self.run.struck.append(f"{number} frames held up, {held}")
                await asyncio.sleep(held * _RATE)
            if held:
                # They come at once, as those after a stall do; true time had passed before.
                held -= 1
                await asyncio.sleep(0.005)
            else:
                await asyncio.sleep(_RATE)
            if chance.random() < 0.004 and await self._quiet(session):
                self.run.struck.append(f"{number} cut")
                await self._cut(at, session, tasks)
                session, tasks = await self._open(at)
        session.finish()
        await asyncio.wait(tasks)
        at.streams.close(session, "finished")

    async def _open(self, at: StreamHarness) -> tuple[Session, list[asyncio.Task[None]]]:
        sent_at = EPOCH_START + timedelta(seconds=self._clock.now)
        session = await at.streams.open("door", "e1", Opening(lossless=self._lossless, sent_at=sent_at))
        session.opened()
        return session, [asyncio.create_task(at.listen(session)), asyncio.create_task(_running(session))]

    async def _quiet(self, session: Session) -> bool:
        """Waits until everything sent is durable, so that nothing has to be sent again."""
        for _ in range(100):
            if not session.state.intake.lag:
                return True
            await asyncio.sleep(0.05)
        return False

    async def _cut(self, at: StreamHarness, session: Session, tasks: list[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        at.streams.close(session, "cut")
        await asyncio.sleep(self._chance.choice((0.1, 2.0)))

    def _strike(self, number: int, *, held_up: bool) -> None:
        clock, chance = self._clock, self._chance
        fault = chance.choice(("step", "step", "blip", "still", "creep", "drift", "sound"))
        if held_up and fault in ("still", "creep"):
            # Frames that come together and say they were taken together: no clock at all knows how far apart they were.
            return
        match fault:
            case "step":
                by = chance.choice([step for step in _STEPS if clock.now + step < _MOST_AHEAD])
                clock.shown += by
                self.run.struck.append(f"{number} set by {by:g} s")
            case "blip":
                by = chance.choice([9.0, *(jump for jump in (60.0, 3600.0) if clock.now + jump < _MOST_AHEAD)])
                clock.shown += by
                self._frames.append((number, by))
                self.run.struck.append(f"{number} frames {by:g} s ahead, and back at the next fault")
            case "still":
                clock.pace = 0.0
                self.run.struck.append(f"{number} stands still")
            case "creep":
                clock.pace = 0.005
                self.run.struck.append(f"{number} creeps")
            case "drift":
                clock.pace = chance.choice((0.99, 1.01))
                self.run.struck.append(f"{number} drifts")
            case _:
                clock.pace = 1.0
                while self._frames:
                    clock.shown -= self._frames.pop()[1]
                self.run.struck.append(f"{number} is set right")

    def _look(self, frame: Frame) -> FrameAnalysis:
        person = self.who[frame.sequence - 1]
        if person is None:
            return FrameAnalysis(FrameOutcome.EMPTY)
        value = _PEOPLE.index(person) if person else _STRANGER
        return FrameAnalysis(FrameOutcome.WITH_FACES, (_FACE,), np.full((96, 128, 3), value, np.uint8))

    async def _identify(self, crop: FaceCrop) -> Identification:
        await asyncio.sleep(0.05)
        value = int(crop.pixels[0, 0, 0])
        return UNKNOWN if value == _STRANGER else named(_PEOPLE[value])

    # --- What must be true ----------------------------------------------------------------------

    def _check(self, at: StreamHarness) -> None:
        stored = self._store.stored()
        person_of = {row["sighting_id"]: row["person_id"] for row in stored.sightings}
        began: dict[int, str] = {}
        for row in stored.tracks:
            first = int(row["track_id"].split(".")[2])
            began[first] = row["track_id"]
            shown = self.who[first - 1]
            if shown is None:
                self._wrong(f"a track began at frame {first}, which shows nobody")
            elif person_of[row["sighting_id"]] != (shown or None):
                self._wrong(f"{shown or 'a stranger'} of frame {first} is stored as {person_of[row['sighting_id']]}")
        for first, last, person in _visits(self.who):
            if not any(first <= sequence <= last for sequence in began):
                self._wrong(f"{person or 'a stranger'} of frames {first}..{last} was never asked about")
        for row in stored.sightings:
            if row["first_seen"] > row["last_seen"]:
                self._wrong(f"sighting {row['sighting_id']} ends before it begins")
        for news in at.heard(TrackUpdate):
            assert isinstance(news, TrackUpdate)
            shown = self.who[news.sequence - 1]
            named_as = None if news.named is None else news.named.match.person_id
            if news.state is not TrackState.CLOSED and named_as is not None and shown and shown != named_as:
                self._wrong(f"frame {news.sequence} was told to show {named_as}, and shows {shown}")

    def _wrong(self, words: str) -> None:
        self.run.complaints.append(words)


async def _running(session: Session) -> None:
    with contextlib.suppress(PorteroError):
        await session.run()


def _visits(who: Sequence[str | None]) -> list[tuple[int, int, str]]:
    visits: list[tuple[int, int, str]] = []
    for sequence, person in enumerate(who, 1):
        if person is None:
            continue
        if visits and visits[-1][1] == sequence - 1:
            visits[-1] = (visits[-1][0], sequence, person)
        else:
            visits.append((sequence, sequence, person))
    return visits


def simulate_clocks(seed: int) -> ClockRun:
    """Runs one seed; the same seed gives the same run."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    return run_in_virtual_time(_Scene(seed).play())


def _ages_may_be_negative(time: FrameTime, earlier: FrameTime) -> float:
    return time.captured - earlier.captured


def _only_steps_count(time: FrameTime, earlier: FrameTime) -> float:
    return float("inf") if time.span != earlier.span else time.captured - earlier.captured


DEFECTS = {"steps_back_are_ignored": _ages_may_be_negative, "arrivals_are_ignored": _only_steps_count}
"""What may be put in on purpose: other ways to tell how long ago a face was seen."""


def main() -> int:
    """Runs the seeds and prints those that fail; exits with 1 when one does."""
    if len(sys.argv) > 3:
        setattr(FrameTime, "since", DEFECTS[sys.argv[3]])  # noqa: B010  # a defect, put in on purpose
    first, count = (int(argument) for argument in sys.argv[1:3]) if len(sys.argv) > 2 else (1, 100)
    began, failed = time.monotonic(), 0
    for seed in range(first, first + count):
        done = simulate_clocks(seed)
        if done.complaints:
            failed += 1
            sys.stdout.write("\n    ".join([f"seed {seed}", *done.struck, *done.complaints[:5]]) + "\n")
    sys.stdout.write(f"{count} seeds from {first}: {failed} failed, {time.monotonic() - began:.0f} s\n")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
