"""Asks the collection that stands by a sample of the live searches, and counts how both agree. Stores no image.

The live answer is never waited for twice: what is asked here is asked behind it, by a gate of its own, and what there
is no room or no money for is left out and counted.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Protocol

import structlog

from portero_server.clock import Clock
from portero_server.domain.cameras import Lane
from portero_server.domain.detection.detections import MatchPolicy, decide
from portero_server.domain.people.shadow import ShadowOutcome, agreement
from portero_server.engines.base import CallContext, FaceCrop, Identification
from portero_server.errors import EngineError, PorteroError, StoreUnavailable
from portero_server.gallery.collection_sides import CollectionSides, EngineSide

_log = structlog.get_logger(__name__)

_MOST_AT_ONCE = 4
"""Searches under way; each holds a crop in memory."""
_PATIENCE = 10.0
"""Seconds after which an answer is of no use: the picture is not kept longer."""
_INTERVAL = 5.0


class ShadowCounts(Protocol):
    """Adds up what all servers count (`store/shadow.py`)."""

    async def add(self, number: int, counts: Mapping[ShadowOutcome, int]) -> None:
        """Adds counts to those of a collection."""
        ...


class ShadowSearch:
    """Compares answers; does nothing while no collection stands by, or with a share of 0."""

    def __init__(
        self,
        sides: CollectionSides,
        stored: ShadowCounts,
        policy: MatchPolicy,
        clock: Clock,
        tell: Callable[[ShadowOutcome], None],
        *,
        share: float,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Creates it; `run` stores what was counted.

        Args:
            sides: Which collection stands by.
            stored: Adds up what all servers count.
            policy: By which both answers are decided.
            clock: The server's clock.
            tell: Told each outcome, for metrics.
            share: Of the live searches, 0..1.
            chance: Returns a random number of 0..1.
        """
        self._sides = sides
        self._stored = stored
        self._policy = policy
        self._clock = clock
        self._tell = tell
        self._share = share
        self._chance = chance
        self._asking = set[asyncio.Task[None]]()
        self._counted: dict[int, Counter[ShadowOutcome]] = {}

    def beside(
        self, identify: Callable[[FaceCrop], Awaitable[Identification]]
    ) -> Callable[[FaceCrop], Awaitable[Identification]]:
        """Returns `identify`, after each answer of which the standby may be asked the same; unchanged with share 0."""
        if self._share <= 0.0:
            return identify

        async def ask(crop: FaceCrop) -> Identification:
            found = await identify(crop)
            self._offer(crop, found)
            return found

        return ask

    async def run(self) -> None:
        """Stores what was counted periodically, until canceled."""
        while True:
            await asyncio.sleep(_INTERVAL)
            try:
                await self.store()
            except StoreUnavailable as error:
                _log.warning("shadow_not_stored", reason=error.reason)

    async def store(self) -> None:
        """Stores what was counted since the last time.

        Raises:
            StoreUnavailable: The database does not answer; what was counted is kept.
        """
        for number in list(self._counted):
            counts = self._counted.pop(number)
            try:
                await self._stored.add(number, counts)
            except StoreUnavailable:
                self._counted.setdefault(number, Counter()).update(counts)
                raise

    async def aclose(self) -> None:
        """Cancels searches under way."""
        for task in self._asking:
            task.cancel()
        if self._asking:
            await asyncio.wait(self._asking)

    def _offer(self, crop: FaceCrop, found: Identification) -> None:
        side = self._sides.open_standby
        if side is None or self._chance() >= self._share:
            return
        if len(self._asking) >= _MOST_AT_ONCE:
            self._count(side.keeper.place.number, ShadowOutcome.UNASKED)
            return
        task = asyncio.create_task(self._compare(side, crop, found))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _compare(self, side: EngineSide, crop: FaceCrop, found: Identification) -> None:
        number = side.keeper.place.number
        # Of no camera, whose own budget is for its visitors; and the last in every queue.
        context = CallContext(None, Lane.ATTENDANCE, self._clock.monotonic() + _PATIENCE)
        try:
            async with asyncio.timeout(_PATIENCE):
                (answer,) = await side.engine.identify([replace(crop, context=context)])
        except (PorteroError, TimeoutError):
            answer = EngineError("no answer")
        # Switched meanwhile: the answers may be of one collection.
        if isinstance(answer, EngineError) or side.keeper.place.number != number:
            self._count(number, ShadowOutcome.UNASKED)
        else:
            self._count(number, agreement(self._named(found), self._named(answer)))

    def _named(self, found: Identification) -> str | None:
        match = decide(found.candidates, self._policy)
        return None if match is None else match.person_id

    def _count(self, number: int, outcome: ShadowOutcome) -> None:
        self._counted.setdefault(number, Counter())[outcome] += 1
        self._tell(outcome)
