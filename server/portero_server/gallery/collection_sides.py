"""Which collection this server searches and which one stands by: follows what is stored, without a restart."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from portero_server.domain.people.standby import (
    CollectionPlace,
    CollectionRole,
    GalleryCollection,
    Sides,
    StandbyCounts,
)
from portero_server.engines.base import Engine, EngineTraits, GalleryFace
from portero_server.engines.kept_faces import KeptFace, MovableKeeper
from portero_server.errors import EngineUnavailable, PorteroError, StartupProblem

_log = structlog.get_logger(__name__)

_COUNTED_EVERY = 12
"""Rounds between two countings of what the standby lacks, which read all faces."""


@dataclass(frozen=True, slots=True)
class EngineSide:
    """An engine, and what keeps its faces: the same, or the paid one of a `BackedEngine`."""

    engine: Engine
    keeper: MovableKeeper


class StoredSides(Protocol):
    """What all servers follow (`store/standby.py`)."""

    async def sides(self) -> Sides | None:
        """Returns the collection in use and the one that stands by; None: there has only ever been one."""
        ...


class SidesObserver(Protocol):
    """Is told of the sides, for metrics."""

    def sides_are(self, sides: Sides | None) -> None:
        """Sets which collection is in use, and which stands by."""
        ...

    def standby_lacks(self, counts: StandbyCounts | None) -> None:
        """Sets what the standby lacks; None: there is none."""
        ...


async def _nothing_to_load() -> None:
    pass


class CollectionSides:
    """Holds two engines, one a side, and moves both to the collections that are stored as theirs."""

    def __init__(
        self,
        live: EngineSide,
        create: Callable[[], EngineSide],
        stored: StoredSides,
        observer: SidesObserver,
        *,
        interval: float,
    ) -> None:
        """Creates the sides; `run` follows.

        Args:
            live: What is searched.
            create: Makes the engine of the other side, when one is first needed.
            stored: What all servers follow.
            observer: Is told what is so.
            interval: How often changes by other servers are looked for, seconds.
        """
        self.live = live
        self._create = create
        self._stored = stored
        self._observer = observer
        self._interval = interval
        self._beside: EngineSide | None = None
        self._known: Sides | None = None
        self._lacks: StandbyCounts | None = None
        self._reload: Callable[[], Awaitable[None]] = _nothing_to_load
        self._count: Callable[[GalleryCollection], Awaitable[StandbyCounts]] | None = None
        self._moved = False
        self._moving = asyncio.Lock()

    @property
    def known(self) -> Sides | None:
        """The sides as this server follows them now; None: the collection of the settings is alone."""
        return self._known

    @property
    def standby(self) -> EngineSide | None:
        """The engine of the collection that stands by; None: none does."""
        return None if self._known is None or self._known.standby is None else self._beside

    @property
    def open_standby(self) -> EngineSide | None:
        """The same, unless that collection is being dropped."""
        standby = None if self._known is None else self._known.standby
        return None if standby is None or standby.role is CollectionRole.DROPPING else self._beside

    @property
    def note(self) -> str | None:
        """A line about a collection that stands by; None: none does."""
        standby = None if self._known is None else self._known.standby
        if standby is None:
            return None
        lacks = ""
        if self._lacks is not None and self._lacks.missing_faces:
            lacks = f": {self._lacks.missing_faces} faces in use have no counterpart there"
        return f"collection {standby.place.collection_id} {standby.role.name}{lacks}"

    def reloads(self, reload: Callable[[], Awaitable[None]]) -> None:
        """Calls `reload` from now on after the collection in use was exchanged."""
        self._reload = reload

    def counts(self, count: Callable[[GalleryCollection], Awaitable[StandbyCounts]]) -> None:
        """Calls `count` from now on to know what the standby lacks."""
        self._count = count

    async def refresh(self) -> None:
        """Takes over what is stored, if it has changed.

        Raises:
            StoreUnavailable: The database does not answer.
            EngineUnavailable: The engine of the other side cannot be made.
        """
        async with self._moving:
            await self._follow()

    async def settle(self) -> None:
        """Takes over what is stored, and has the faces of the collection in use loaded if it was exchanged.

        Raises:
            StoreUnavailable, EngineError: One of them does not answer; called again, it goes on.
        """
        await self.refresh()
        if self._moved:
            await self._reload()
            self._moved = False

    async def probe(self, place: CollectionPlace) -> str:
        """Creates a collection if it does not exist, and returns its face model; nothing stands by meanwhile.

        Raises:
            EngineError: It may not be created, or the engine does not answer.
        """
        async with self._moving:
            side = self._other()
            try:
                side.keeper.use(place, "")
                return await side.keeper.create()
            except StartupProblem as problem:
                raise EngineUnavailable(problem.message) from None
            finally:
                if self._known is not None and self._known.standby is not None:
                    self._use(side, self._known.standby)

    async def both(self, ask: Callable[[EngineSide], Awaitable[None]]) -> None:
        """Asks the engine of each collection, the one in use first; neither moves meanwhile.

        Raises:
            StoreUnavailable, EngineError: One of them does not answer, or as `ask` raises.
        """
        async with self._moving:
            await self._follow()
            await ask(self.live)
            if self.standby is not None:
                await ask(self.standby)

    async def run(self) -> None:
        """Follows what is stored until canceled."""
        number = 0
        while True:
            try:
                await self.settle()
                if number % _COUNTED_EVERY == 0:
                    await self.count()
            except PorteroError as error:
                _log.warning("collection_in_use_unknown", reason=error.reason)
            number += 1
            await asyncio.sleep(self._interval)

    async def count(self) -> StandbyCounts | None:
        """Counts what the standby lacks, and returns it; None: there is none.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        standby = None if self._known is None else self._known.standby
        self._lacks = None if standby is None or self._count is None else await self._count(standby)
        self._observer.standby_lacks(self._lacks)
        return self._lacks

    async def aclose(self) -> None:
        """Closes the engine of the other side; the caller closes the one in use."""
        if self._beside is not None:
            await self._beside.keeper.aclose()

    async def _follow(self) -> None:
        stored = await self._stored.sides()
        if stored == self._known:
            return
        if stored is not None:
            if self.live.keeper.place != stored.in_use.place:
                self._use(self.live, stored.in_use)
                self._moved = True
                _log.warning("collection_switched", collection=stored.in_use.place.collection_id)
            if stored.standby is not None:
                self._use(self._other(), stored.standby)
        self._known = stored
        self._observer.sides_are(stored)

    def _other(self) -> EngineSide:
        if self._beside is None:
            try:
                self._beside = self._create()
            except StartupProblem as problem:
                raise EngineUnavailable(problem.message) from None
        return self._beside

    def _use(self, side: EngineSide, collection: GalleryCollection) -> None:
        try:
            side.keeper.use(collection.place, collection.model_version)
        except StartupProblem as problem:
            raise EngineUnavailable(problem.message) from None


class BothCollections:
    """The faces of both collections as one, for erasures: what is asked for is done in both, or fails."""

    def __init__(self, sides: CollectionSides) -> None:
        self._sides = sides

    @property
    def traits(self) -> EngineTraits:
        """The traits of the engine in use."""
        return self._sides.live.engine.traits

    async def remove(self, faces: Iterable[GalleryFace]) -> None:
        """Removes faces from both; unknown ones are ignored."""
        removed = tuple(faces)
        await self._sides.both(lambda side: side.engine.remove(removed))

    async def list_faces(self) -> Sequence[KeptFace]:
        """Returns every face of both collections."""
        found: list[KeptFace] = []

        async def listed(side: EngineSide) -> None:
            found.extend(await side.keeper.list_faces())

        await self._sides.both(listed)
        return found

    async def remove_orphans(self, faces: Iterable[KeptFace]) -> None:
        """Removes faces that are stored nowhere from whichever of the two holds them."""
        removed = tuple(faces)
        await self._sides.both(lambda side: side.keeper.remove_orphans(removed))


class StandbyFollower:
    """The engine that stands by, for the mirror that removes its faces: enrollments add them."""

    def __init__(self, sides: CollectionSides) -> None:
        self._sides = sides

    @property
    def traits(self) -> EngineTraits:
        """The traits of the engine in use."""
        return self._sides.live.engine.traits

    async def add(self, faces: Iterable[GalleryFace]) -> None:
        """Does nothing: an enrollment teaches both collections."""

    async def remove(self, faces: Iterable[GalleryFace]) -> None:
        """Removes faces from the collection that stands by, if any does."""
        side = self._sides.standby
        if side is not None:
            await side.engine.remove(faces)

    async def load(self, faces: Iterable[GalleryFace]) -> None:
        """Does nothing: the collection is the gallery."""
