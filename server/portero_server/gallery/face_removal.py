"""Has the engine remove faces that were deleted while it was away, also by a process that has ended since."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

import structlog

from portero_server.engines.base import EngineTraits, GalleryFace
from portero_server.errors import EngineError, StoreUnavailable
from portero_server.store.leaving_faces import LeavingFaceStore

_log = structlog.get_logger(__name__)

_AT_ONCE = 1000


class RemovingEngine(Protocol):
    """The engine, as far as removals need it; where it has two collections, both."""

    @property
    def traits(self) -> EngineTraits:
        """Name the engine."""
        ...

    async def remove(self, faces: Iterable[GalleryFace]) -> None:
        """Removes faces; unknown ones are ignored."""
        ...


class FaceRemoval:
    """Works off the list of faces that the engine has yet to remove.

    The mirror removes them as well, at once if the engine answers. Several servers may work at once: a removal can be
    repeated, and costs nothing.
    """

    def __init__(
        self,
        store: LeavingFaceStore,
        engine: RemovingEngine,
        observe: Callable[[int], None],
        *,
        interval: float,
    ) -> None:
        """Creates it; `run` works.

        Args:
            store: The list.
            engine: Removes faces, from both collections where there are two.
            observe: Is told how many faces are left, for metrics.
            interval: How often the list is read, seconds.
        """
        self._store = store
        self._engine = engine
        self._observe = observe
        self._interval = interval

    async def run(self) -> None:
        """Works the list off periodically, until canceled."""
        while True:
            try:
                await self.round()
            except StoreUnavailable as error:
                _log.warning("removals_wait_for_database", reason=error.reason)
            await asyncio.sleep(self._interval)

    async def round(self) -> None:
        """Has the engine remove what it can now; what it cannot stays on the list. Raises StoreUnavailable."""
        name = self._engine.traits.name
        try:
            while faces := await self._store.first(name, _AT_ONCE):
                await self._engine.remove(faces)
                await self._store.removed(name, faces)
        except EngineError as error:
            _log.warning("removals_wait_for_engine", reason=error.reason)
        self._observe(await self._store.count())
