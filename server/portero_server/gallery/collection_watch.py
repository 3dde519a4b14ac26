"""Watches whether the engine's collection holds the stored faces, and tells metrics, log and /readyz."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from portero_server.clock import Clock
from portero_server.domain.people.collection import (
    CollectionDifference,
    CollectionState,
    CollectionTruth,
    Known,
    judge,
    must_compare,
)
from portero_server.domain.people.people import FaceModel
from portero_server.engines.kept_faces import CollectionKeeper
from portero_server.errors import EngineError, StoreUnavailable
from portero_server.gallery.reconcile import Sleep, StoredFaces, compared

_log = structlog.get_logger(__name__)

_SPACING = timedelta(seconds=10)
"""Least time between two looks, however many signs of loss there are."""
_EARLY = 0.9
"""Share of the interval after which a server may have the next look: timers are not exact."""


class SharedKnowledge(StoredFaces, Protocol):
    """What all servers know of the collection (`store/collections.py`)."""

    async def claim(self, now: datetime, spacing: timedelta) -> bool:
        """Claims the next look. Returns False if another server did within `spacing`."""
        ...

    async def known(self) -> Known | None:
        """Returns what the last comparison found."""
        ...

    async def save(self, known: Known) -> None:
        """Stores what a comparison found."""
        ...

    async def count_stored(self, model: FaceModel) -> int:
        """Returns how many faces of a model are stored."""
        ...


class CollectionWatch:
    """Compares the collection with the database, on one of several servers at a time.

    Looking costs nothing: the counts of both sides are compared each time, and the faces are listed where the counts
    do not explain each other, and from time to time in any case.
    """

    def __init__(
        self,
        keeper: CollectionKeeper | None,
        model: Callable[[], FaceModel],
        shared: SharedKnowledge,
        clock: Clock,
        tell: Callable[[Known], None],
        *,
        interval: float,
        compare_interval: float,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Creates the watch; `run` looks.

        Args:
            keeper: The engine; None: it keeps no faces itself, and its gallery is the database's.
            model: Returns engine and face model in use.
            shared: What all servers know.
            clock: The server's clock.
            tell: Told what is known after each look (metrics).
            interval: How often it is looked, seconds.
            compare_interval: How often the faces are compared whatever the counts say, seconds.
            sleep: Waits between two comparisons.
        """
        self._keeper = keeper
        self._model = model
        self._shared = shared
        self._clock = clock
        self._tell = tell
        self._interval = interval
        self._compare_every = timedelta(seconds=compare_interval)
        self._sleep = sleep
        self._suspected = asyncio.Event()
        self._known: Known | None = None
        if keeper is not None:
            keeper.tell_loss(self.suspect)

    @property
    def note(self) -> str | None:
        """What is wrong and what to do, in one line; None: nothing, or nothing is known yet."""
        truth = None if self._known is None else self._known.truth
        if truth is None or truth.state is CollectionState.SOUND:
            return None
        return f"gallery {truth.state.name}: {truth.words}"

    def suspect(self) -> None:
        """Has the next look come at once: something said that faces are gone."""
        # A collection that is known to be lost is missed by every search.
        if self._known is None or self._known.truth.state is not CollectionState.LOST:
            self._suspected.set()

    async def run(self) -> None:
        """Looks at once and then periodically, until canceled."""
        urgent = True
        while True:
            looked = await self._tried(urgent=urgent)
            if urgent and not looked:
                # Another server looked a moment ago, perhaps before what was suspected.
                await self._sleep(_SPACING.total_seconds())
            else:
                urgent = await self._wait()

    async def known(self) -> Known:
        """Returns what the last comparison found, whichever server made it; compares if there was none.

        Raises:
            EngineError, StoreUnavailable: One of them does not answer.
        """
        known = await self._shared.known()
        if known is None:
            return await self.compare()
        self._learn(known)
        return known

    async def compare(self) -> Known:
        """Compares now, and returns what was found.

        Raises:
            EngineError, StoreUnavailable: One of them does not answer.
        """
        await self._complete()
        known = Known(await self._found(), self._clock.now())
        await self._shared.save(known)
        self._learn(known)
        return known

    async def remove_foreign(self) -> int:
        """Removes the faces that are stored nowhere, other programs' excepted, and returns how many there were.

        Raises:
            EngineError, StoreUnavailable: One of them does not answer.
        """
        if self._keeper is None:
            return 0
        foreign = (await self._compared(self._keeper)).foreign
        await self._keeper.remove_orphans(foreign)
        return len(foreign)

    async def round(self, *, urgent: bool = False) -> bool:
        """Looks, if it is this server's turn, and otherwise learns what another one found. Returns whether it looked.

        Args:
            urgent: Whether not to wait for the next turn.

        Raises:
            EngineError, StoreUnavailable: One of them does not answer.
        """
        spacing = _SPACING if urgent else timedelta(seconds=self._interval) * _EARLY
        looks = await self._shared.claim(self._clock.now(), spacing)
        if looks:
            await self._look(urgent=urgent)
        elif (known := await self._shared.known()) is not None:
            self._learn(known)
        return looks

    async def _look(self, *, urgent: bool) -> None:
        kept = await self._kept()
        model = self._model()
        stored = await self._shared.count_stored(model)
        known = await self._shared.known()
        kept = stored if self._keeper is None else kept
        if must_compare(known, model, stored, kept, self._clock.now(), self._compare_every):
            await self.compare()
        elif known is not None:
            if urgent:
                # Settings may have changed with the start.
                await self._complete()
            self._learn(known)

    async def _found(self) -> CollectionTruth:
        model = self._model()
        if self._keeper is None:
            stored = await self._shared.count_stored(model)
            return judge(model, stored=stored, kept=stored, other_models=await self._shared.count_other_models(model))
        truth = (await self._compared(self._keeper)).truth(model)
        # The next looks count the same way, which may lag behind the list.
        kept = await self._kept()
        return truth if None in (kept, truth.kept) else replace(truth, kept=kept)

    async def _compared(self, keeper: CollectionKeeper) -> CollectionDifference:
        model = self._model()
        return await compared(keeper, self._shared, model.engine, model.version, sleep=self._sleep)

    async def _kept(self) -> int | None:
        count = None if self._keeper is None else await self._keeper.count()
        return None if count is None else count.faces

    async def _complete(self) -> None:
        try:
            completed = 0 if self._keeper is None else await self._keeper.complete()
        except EngineError as error:
            # What is so must be told all the same.
            _log.warning("faces_not_made_searchable", reason=error.reason)
            return
        if completed:
            _log.info("faces_made_searchable", faces=completed)

    async def _tried(self, *, urgent: bool) -> bool:
        try:
            return await self.round(urgent=urgent)
        except (EngineError, StoreUnavailable) as error:
            _log.warning("collection_not_looked_at", reason=error.reason)
            return True

    async def _wait(self) -> bool:
        """Waits for the next turn, or for a sign of loss. Returns whether there was one."""
        try:
            async with asyncio.timeout(self._interval):
                await self._suspected.wait()
        except TimeoutError:
            return False
        self._suspected.clear()
        return True

    def _learn(self, known: Known) -> None:
        before = None if self._known is None else self._known.truth
        self._known = known
        self._tell(known)
        truth = known.truth
        if before is not None and before.state is truth.state:
            return
        if truth.state is not CollectionState.SOUND:
            _log.error("gallery_differs", state=truth.state.value, advice=truth.words)
        elif before is not None:
            _log.info("gallery_sound_again", faces=truth.stored)
