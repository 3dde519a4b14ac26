"""Sighting events kept in memory, in the place of the database."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from portero_server.domain.detection.geometry import Box
from portero_server.domain.recording.sightings import Sighting, SightingEvent, SightingEventKind
from portero_server.errors import StoreUnavailable

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def sighting(sighting_id: str = "s1", camera_id: str = "door", person_id: str | None = "ana") -> Sighting:
    """Makes a sighting at noon."""
    return Sighting(
        sighting_id=sighting_id,
        camera_id=camera_id,
        person_id=person_id,
        display_name="Ana" if person_id else "",
        first_seen=NOON,
        last_seen=NOON,
        similarity=0.9 if person_id else 0.0,
        margin=0.4 if person_id else 0.0,
        track_count=1,
        box=Box(0.25, 0.25, 0.5, 0.5),
    )


class MemoryEvents:
    """What a watch of sightings reads.

    Attributes:
        pages: Sizes of the pages read so far.
        broken: While set, nothing can be read.
        gate: While it is cleared, pages that have been read are held back.
    """

    def __init__(self) -> None:
        self._events: list[SightingEvent] = []
        self.pages: list[int] = []
        self.broken = False
        self.gate = asyncio.Event()
        self.gate.set()

    def happen(self, camera_id: str = "door") -> int:
        """Stores one more event and gives its position."""
        position = len(self._events) + 1
        event = SightingEvent(position, SightingEventKind.STARTED, sighting(f"s{position}", camera_id), NOON)
        self._events.append(event)
        return position

    async def events_after(
        self, position: int, camera_id: str | None, limit: int, within: frozenset[str] | None = None
    ) -> Sequence[SightingEvent]:
        """Returns a page."""
        self._check()
        found = [event for event in self._events if event.position > position]
        page = [event for event in found if camera_id in (None, event.sighting.camera_id)][:limit]
        self.pages.append(len(page))
        await self.gate.wait()
        return page

    async def last_position(self) -> int:
        """Returns the last position."""
        self._check()
        return len(self._events)

    def _check(self) -> None:
        if self.broken:
            raise StoreUnavailable("the database does not answer")
