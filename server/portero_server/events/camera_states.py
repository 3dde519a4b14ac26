"""Reads the state of all cameras, from what every server has committed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from portero_server.clock import Clock
from portero_server.domain.billing.usage import CallTally
from portero_server.domain.cameras import Camera
from portero_server.domain.events.camera_state import CameraState
from portero_server.errors import StoreUnavailable
from portero_server.events.last_people import LastPeople
from portero_server.events.mqtt_ports import CallRows, CameraRows, KeepLease, ViewRows
from portero_server.store.camera_views import CameraView

_PAGE = 1000
_CAMERAS_FRESH = 5.0
_CALLS_FRESH = 15.0
_NO_CALLS = CallTally(0, 0)


@dataclass(frozen=True, slots=True)
class StateRules:
    """What is told of whom.

    Attributes:
        sites: Only of cameras at these sites; empty: of all.
        offline_after: Seconds without a committed frame after which a camera is offline.
    """

    sites: frozenset[str]
    offline_after: float


class CameraStates:
    """Reads the state of cameras: who is in view each time, what changes seldom less often.

    Nothing of it comes from this server's streams: whichever server publishes tells the same.
    """

    def __init__(
        self,
        cameras: CameraRows,
        views: ViewRows,
        calls: CallRows,
        people: LastPeople | None,
        clock: Clock,
        rules: StateRules,
    ) -> None:
        """Creates the reader; `people` None: nobody's name is told."""
        self._cameras = cameras
        self._views = views
        self._calls = calls
        self._people = people
        self._clock = clock
        self._rules = rules
        self._movement = Movement(rules.offline_after)
        self.forget()

    def forget(self) -> None:
        """Reads everything again the next time."""
        self._registered: Sequence[Camera] = ()
        self._cameras_due = self._calls_due = float("-inf")
        self._midnight: datetime | None = None
        self._tallies: Mapping[str, CallTally] = {}
        self._movement.forget()
        if self._people is not None:
            self._people.forget()

    def cameras_changed(self) -> None:
        """Reads the registered cameras again the next time."""
        self._cameras_due = float("-inf")

    async def read(self, keep: KeepLease) -> Sequence[CameraState]:
        """Returns the state of each camera that is told of; `keep` is called as long as it reads.

        Raises:
            LeaseLost: Another server publishes now.
            StoreUnavailable: The database does not answer.
        """
        try:
            return await self._read(keep)
        except StoreUnavailable:
            # While nothing can be committed, a stream that stands still proves nothing.
            self._movement.forget()
            raise

    async def _read(self, keep: KeepLease) -> Sequence[CameraState]:
        now, today = self._clock.monotonic(), _midnight_before(self._clock.now())
        if now >= self._cameras_due:
            self._registered = await self._list()
            self._cameras_due = now + _CAMERAS_FRESH
        if now >= self._calls_due or today != self._midnight:
            self._tallies = await self._sum(today)
            self._midnight, self._calls_due = today, now + _CALLS_FRESH
        views = await self._views.now()
        ids = [camera.camera_id for camera in self._registered]
        last = {} if self._people is None else await self._people.of(ids, keep)
        self._movement.keep(ids)
        return [
            CameraState(
                camera,
                online=self._is_online(camera, views.get(camera.camera_id), now),
                known=_count(views.get(camera.camera_id), named=True),
                unknown=_count(views.get(camera.camera_id), named=False),
                last=last.get(camera.camera_id),
                calls=self._tallies.get(camera.camera_id, _NO_CALLS),
                midnight=today,
            )
            for camera in self._registered
        ]

    def _is_online(self, camera: Camera, view: CameraView | None, now: float) -> bool | None:
        moves = None if view is None else self._movement.of(camera.camera_id, view.progress, now)
        return False if camera.disabled or view is None else moves

    async def _list(self) -> Sequence[Camera]:
        found: list[Camera] = []
        page: Sequence[Camera] = await self._cameras.list(_PAGE)
        while page:
            found += page
            page = await self._cameras.list(_PAGE, page[-1].camera_id) if len(page) == _PAGE else ()
        sites = self._rules.sites
        return [camera for camera in found if not sites or camera.site in sites]

    async def _sum(self, midnight: datetime) -> Mapping[str, CallTally]:
        tallies: defaultdict[str, CallTally] = defaultdict(lambda: _NO_CALLS)
        for key, tally in await self._calls.calls(midnight):
            if key.camera_id is not None:
                tallies[key.camera_id] += tally
        return tallies


class Movement:
    """Decides whether streams go on, by their progress at each look."""

    def __init__(self, patience: float) -> None:
        """Creates it; a stream that stands still for `patience` seconds does not go on."""
        self._patience = patience
        # What was seen last, since when, and whether it was seen to move at all.
        self._seen: dict[str, tuple[tuple[int, int], float, bool]] = {}

    def forget(self) -> None:
        """Knows of no stream any more whether it goes on."""
        self._seen.clear()

    def keep(self, camera_ids: Sequence[str]) -> None:
        """Forgets all other cameras."""
        wanted = frozenset(camera_ids)
        self._seen = {camera_id: seen for camera_id, seen in self._seen.items() if camera_id in wanted}

    def of(self, camera_id: str, progress: tuple[int, int], now: float) -> bool | None:
        """Returns whether a stream goes on; None: it cannot be known yet."""
        before = self._seen.get(camera_id)
        if before is None or before[0] != progress:
            self._seen[camera_id] = progress, now, before is not None
            return True if before is not None else None
        _, since, moved = before
        if now - since >= self._patience:
            return False
        return True if moved else None


def _count(view: CameraView | None, *, named: bool) -> int:
    if view is None:
        return 0
    # A person who is followed by two tracks of two sightings is one; each stranger is a sighting.
    people = view.in_view.values()
    return len({each for each in people if each is not None}) if named else sum(each is None for each in people)


def _midnight_before(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)
