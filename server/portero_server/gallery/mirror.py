"""Keeps the engine's gallery equal to the stored one.

The store's change log is authoritative: the engine is only ever changed by applying that log in order, for changes of
this process and of others alike. So a crash at any point leaves nothing half known, and a deleted face cannot be made
searchable again by a slower enrollment.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from itertools import groupby
from typing import Protocol

import structlog

from portero_server.engines.base import EngineTraits, GalleryFace
from portero_server.errors import EngineError, StoreUnavailable
from portero_server.store.gallery import GalleryChange

_log = structlog.get_logger(__name__)

_PAGE = 1000


class GalleryLog(Protocol):
    """Reads the stored gallery and its change log."""

    async def gallery_position(self) -> int:
        """Returns the position of the last change, or 0 if there is none."""
        ...

    def gallery(self, engine: str, model_version: str) -> AsyncIterator[GalleryFace]:
        """Returns every face of a model."""
        ...

    async def gallery_changes(self, after: int, limit: int) -> Sequence[GalleryChange]:
        """Returns changes after a position, in order; fewer than `limit` when there are no more."""
        ...


class MirroredEngine(Protocol):
    """The engine, as far as its faces are concerned; see `Engine`."""

    @property
    def traits(self) -> EngineTraits:
        """Name the engine and the face model in use."""
        ...

    async def add(self, faces: Iterable[GalleryFace]) -> None:
        """Makes stored faces searchable."""
        ...

    async def remove(self, faces: Iterable[GalleryFace]) -> None:
        """Removes faces; unknown ones are ignored."""
        ...

    async def load(self, faces: Iterable[GalleryFace]) -> None:
        """Replaces the whole gallery."""
        ...


class GalleryMirror:
    """Applies changes of the stored gallery to the engine."""

    def __init__(self, engine: MirroredEngine, stored: GalleryLog, *, refresh: float, page: int = _PAGE) -> None:
        """Mirrors `stored` into `engine`.

        Args:
            engine: Finds faces.
            stored: What is known.
            refresh: How often `follow` looks for changes by other processes, seconds.
            page: Most changes read at once.
        """
        self._engine = engine
        self._stored = stored
        self._refresh = refresh
        self._page = page
        self._position = 0
        self._applying = asyncio.Lock()

    async def load(self) -> None:
        """Loads the whole stored gallery into the engine; nobody is found before.

        Raises:
            StoreUnavailable: The database does not answer.
            EngineError: The engine does not take it.
        """
        traits = self._engine.traits
        async with self._applying:
            # Read first: what changes while the faces are read is then applied once more, which changes nothing.
            position = await self._stored.gallery_position()
            faces = [face async for face in self._stored.gallery(traits.name, traits.model_version)]
            await self._engine.load(faces)
            self._position = position
        _log.info("gallery_loaded", faces=len(faces), engine=traits.name, model_version=traits.model_version)

    async def follow(self) -> None:
        """Applies changes made by other processes, until canceled."""
        while True:
            await asyncio.sleep(self._refresh)
            await self.catch_up()

    async def catch_up(self) -> None:
        """Applies new changes, as far as possible now.

        Failures are only logged: the changes are durable in the store, and `follow` retries them.
        """
        try:
            await self.apply()
        except (EngineError, StoreUnavailable) as error:
            _log.warning("gallery_behind", position=self._position, reason=error.reason)

    async def apply(self) -> None:
        """Applies the changes since the last time.

        Raises:
            StoreUnavailable: The database does not answer.
            EngineError: The engine does not take a change.
        """
        async with self._applying:
            while await self._apply_page() == self._page:
                pass

    async def behind(self) -> int:
        """Returns how many changes this process has not applied yet, which may include an erased face."""
        return max(0, await self._stored.gallery_position() - self._position)

    async def _apply_page(self) -> int:
        changes = await self._stored.gallery_changes(self._position, self._page)
        for added, run in groupby(changes, key=lambda change: change.added):
            part = list(run)
            faces = [change.face for change in part if self._concerns_us(change)]
            if faces:
                await (self._add(faces) if added else self._engine.remove(faces))
            self._position = part[-1].position
        return len(changes)

    async def _add(self, faces: Sequence[GalleryFace]) -> None:
        try:
            await self._engine.add(faces)
        except EngineError as error:
            if error.retryable:
                raise
            if len(faces) > 1:
                for face in faces:
                    await self._add([face])
                return
            # Were the log to stop here, faces deleted later would stay findable.
            _log.error("face_not_findable", face=faces[0].face_id, reason=error.reason)

    def _concerns_us(self, change: GalleryChange) -> bool:
        traits = self._engine.traits
        # What is deleted goes whatever model made it: an engine that keeps faces itself still has it, under a version
        # that also names the encoder behind it. An engine that never had it ignores it.
        return change.engine == traits.name and (not change.added or change.model_version == traits.model_version)
