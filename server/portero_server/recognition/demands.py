"""What is demanded of a person's similarity at a camera, since somebody was denied to be them there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

import structlog

from portero_server.engines.base import FaceCrop, Identification
from portero_server.errors import StoreUnavailable
from portero_server.recognition.tiered import Identify

_log = structlog.get_logger(__name__)

Demanded = Mapping[tuple[str, str, str], float]
"""Similarities that are not enough, by engine, camera and person."""


class Demands:
    """What is demanded now, as the database had it a moment ago."""

    def __init__(self, read: Callable[[], Awaitable[Demanded]], *, interval: float) -> None:
        """Begins without any; `run` reads them every `interval` seconds."""
        self._read = read
        self._interval = interval
        self._demanded: Demanded = {}

    async def run(self) -> None:
        """Reads periodically until canceled; without the database, what was read last holds."""
        while True:
            try:
                await self.refresh()
            except StoreUnavailable as error:
                _log.warning("demands_late", reason=error.reason)
            await asyncio.sleep(self._interval)

    async def refresh(self) -> None:
        """Reads what is demanded now.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        self._demanded = await self._read()

    def of(self, engine: str, camera_id: str, person_id: str) -> float:
        """Returns the similarity that is not enough for a person at a camera; 0: nothing is demanded."""
        return self._demanded.get((engine, camera_id, person_id), 0.0)


def demanding(identify: Identify, engine: str, demands: Demands) -> Identify:
    """Returns `identify` with `Identification.demanded` set for the best candidate of a camera's face."""

    async def identified(crop: FaceCrop) -> Identification:
        found = await identify(crop)
        camera_id = crop.context.camera_id
        if camera_id is None or not found.candidates:
            return found
        best = min(found.candidates, key=lambda each: (-each.similarity, each.person_id))
        demanded = demands.of(engine, camera_id, best.person_id)
        return replace(found, demanded=demanded) if demanded else found

    return identified
