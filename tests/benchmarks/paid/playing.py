"""Lets planned visits happen before a stand's cameras, all at their real pace, and gathers what became of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from portero_client import CameraPurpose
from tests.benchmarks.paid.pictures import Pictures, PlannedVisit
from tests.benchmarks.paid.stories import Listener, Story
from tests.benchmarks.paid.watch import Watch
from tests.benchmarks.rekognition_fixture import Stand
from tests.support.client.streaming import show

SEARCH = "SearchFacesByImage"
_MOST_CALLS = 10_000
"""As many as the simulator's journal keeps."""


@dataclass(frozen=True, slots=True)
class PlannedCamera:
    """A camera, whom it serves, and who comes."""

    name: str
    purpose: CameraPurpose
    visits: tuple[PlannedVisit, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A search as the simulator saw it: when it came, and its error code, or empty."""

    at: float
    code: str

    @property
    def throttled(self) -> bool:
        """Whether it was above the quota, or a storm said so."""
        return self.code in ("ProvisionedThroughputExceededException", "ThrottlingException")

    @property
    def failed(self) -> bool:
        """Whether the service said that it failed."""
        return self.code == "InternalServerError"


@dataclass(frozen=True, slots=True)
class Played:
    """What happened in a run of `seconds`.

    Attributes:
        stories: Of all visits.
        calls: Searches, in order.
        watch: What was scraped.
        state: The simulator's counters.
        unsettled: Frames sent that the server did not account for.
    """

    seconds: float
    stories: Sequence[Story]
    calls: Sequence[Call]
    watch: Watch
    state: Mapping[str, Any]
    unsettled: int

    @property
    def mistakes(self) -> list[str]:
        """Yields each name that was not the visitor's."""
        return [
            f"{story.camera}: {story.visit.name} from {story.visit.start:.1f} s was called {name} at {time:.1f} s"
            for story in self.stories
            for name, time in story.mistaken
        ]

    def busiest_second(self, begin: float = 0.0, end: float = float("inf")) -> int:
        """Returns the most searches in any second, wherever it begins."""
        times = [call.at for call in self.calls if begin <= call.at < end]
        return max((sum(1 for other in times if 0 <= other - at < 1.0) for at in times), default=0)

    def calls_between(self, begin: float, end: float) -> int:
        """Returns how many searches came."""
        return sum(begin <= call.at < end for call in self.calls)


async def play(
    running: Stand,
    pictures: Pictures,
    cameras: Sequence[PlannedCamera],
    seconds: float,
    rate: float,
    *,
    alongside: Callable[[], Awaitable[None]] | None = None,
) -> Played:
    """Streams all cameras for so many seconds.

    Args:
        running: Where to.
        pictures: What is seen.
        cameras: Who comes where; their visits must leave the camera alone for 2 s between them.
        seconds: How long.
        rate: Frames a second.
        alongside: Runs from the beginning, and is done before the end.
    """
    for camera in cameras:
        assert all(later.start - earlier.end >= 2.0 for earlier, later in pairwise(camera.visits))
    await running.simulator.reset()
    start, began = time.monotonic(), datetime.now(UTC)

    def elapsed() -> float:
        return time.monotonic() - start

    # Cameras do not take their pictures at the same moment.
    offsets = [number / len(cameras) / rate for number in range(len(cameras))]
    listeners = [
        Listener(
            began + timedelta(seconds=offset),
            elapsed,
            rate,
            [Story(camera.name, camera.purpose, visit) for visit in camera.visits],
        )
        for camera, offset in zip(cameras, offsets, strict=True)
    ]
    watch = Watch(running.server.admin, elapsed)
    watching = asyncio.create_task(watch.run())
    async with asyncio.TaskGroup() as group:
        for camera, listener, offset in zip(cameras, listeners, offsets, strict=True):
            shown = pictures.of(camera.visits, seconds, rate)
            stream = show(running.channel, camera.name, shown, rate, listener.began, listener)
            group.create_task(_after(offset, stream))
        if alongside is not None:
            await alongside()
    watching.cancel()
    await asyncio.wait([watching])
    state = await running.simulator.state(log=_MOST_CALLS)
    return Played(
        seconds=elapsed(),
        stories=[story for listener in listeners for story in listener.stories],
        calls=[Call(call["at"], call["code"]) for call in state.pop("log") if call["operation"] == SEARCH],
        watch=watch,
        state=state,
        unsettled=sum(listener.sent - listener.settled for listener in listeners),
    )


async def _after(seconds: float, stream: Coroutine[Any, Any, None]) -> None:
    await asyncio.sleep(seconds)
    await stream
