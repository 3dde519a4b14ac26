"""Follows who was named last at each camera."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from portero_server.clock import Clock
from portero_server.domain.events.camera_state import LastPerson
from portero_server.domain.recording.sightings import Sighting
from portero_server.events.mqtt_ports import KeepLease, SightingRows
from portero_server.events.relay_ports import Names
from portero_server.store.sightings import SightingFilter

_LOOK_BACK = timedelta(days=1)
_LATEST = 100
"""Sightings of a camera among which somebody named is looked for; before so many strangers nobody is found."""
_PAGE = 500


@dataclass(frozen=True, slots=True)
class _Seen:
    """A sighting of somebody; names are never kept, so that nobody must make us forget one."""

    sighting_id: str
    person_id: str
    first_seen: datetime


class LastPeople:
    """Reads who was last at each camera once, and then only what is new."""

    def __init__(self, sightings: SightingRows, names: Names, clock: Clock) -> None:
        self._sightings = sightings
        self._names = names
        self._clock = clock
        self._position = 0
        self._last: dict[str, _Seen | None] = {}

    def forget(self) -> None:
        """Reads everything again the next time."""
        self._last.clear()

    async def of(self, camera_ids: Collection[str], keep: KeepLease) -> Mapping[str, LastPerson]:
        """Returns who was named last at each of these cameras within a day, with the name that may be told now.

        `keep` is called as long as it reads.

        Raises:
            LeaseLost: Another server publishes now.
            StoreUnavailable: The database does not answer.
        """
        self._last = {camera_id: last for camera_id, last in self._last.items() if camera_id in camera_ids}
        if self._last:
            await self._follow()
        else:
            self._position = await self._sightings.last_position()
        for camera_id in camera_ids:
            if camera_id not in self._last:
                await keep()
                self._last[camera_id] = await self._find(camera_id)
        self._forget_old()
        people = {last.person_id for last in self._last.values() if last is not None}
        # Asked each time: whoever may not be named any more, or is erased, is gone with the next reading.
        names = await self._names(people) if people else {}
        return {
            camera_id: LastPerson(last.person_id, names[last.person_id], last.first_seen)
            for camera_id, last in self._last.items()
            if last is not None and last.person_id in names
        }

    def _forget_old(self) -> None:
        """Forgets whom a server that starts now would not look for: no name outlives its sighting at the broker."""
        oldest = self._clock.now() - _LOOK_BACK
        for camera_id, last in self._last.items():
            if last is not None and last.first_seen < oldest:
                self._last[camera_id] = None

    async def _follow(self) -> None:
        while events := await self._sightings.events_after(self._position, limit=_PAGE):
            for event in events:
                self._take(event.sighting)
            self._position = events[-1].position
            if len(events) < _PAGE:
                return

    def _take(self, sighting: Sighting) -> None:
        camera_id = sighting.camera_id
        if camera_id not in self._last:
            return
        known = self._last[camera_id]
        if (seen := _seen(sighting)) is not None:
            if known is None or seen.first_seen >= known.first_seen:
                self._last[camera_id] = seen
        elif known is not None and known.sighting_id == sighting.sighting_id:
            # It was somebody else's, or nobody's: who was there before is looked up.
            del self._last[camera_id]

    async def _find(self, camera_id: str) -> _Seen | None:
        which = SightingFilter(camera_id=camera_id, start=self._clock.now() - _LOOK_BACK)
        latest = await self._sightings.list(which, _LATEST)
        return next((seen for sighting in latest if (seen := _seen(sighting)) is not None), None)


def _seen(sighting: Sighting) -> _Seen | None:
    if sighting.person_id is None or not sighting.track_count:
        return None
    return _Seen(sighting.sighting_id, sighting.person_id, sighting.first_seen)
