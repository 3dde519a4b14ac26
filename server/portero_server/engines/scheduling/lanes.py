"""Order of calls: lanes by priority without starvation, cameras in turn in a lane, each camera's calls in order."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from portero_server.domain.cameras import Lane

Camera = str | None
_CAMERAS_REMEMBERED = 4096

DEFAULT_PATIENCE: Mapping[Lane, int] = MappingProxyType({Lane.CHECK_IN: 0, Lane.VISITOR: 4, Lane.ATTENDANCE: 8})
"""How many calls of other lanes a waiting lane lets pass before it goes first; the highest lane's is not looked at.

So while all lanes wait, check-in has at least 1 - 1/5 - 1/9 = 69 % of the calls, visitors 20 % and attendance 11 %.
"""


class LaneDropPolicy(Enum):
    """What a full queue does with one more call."""

    OLDEST_OF_LOWEST_LANE = "oldest_of_lowest_lane"


class LaneQueue:
    """The calls of one operation that may start as soon as its quota allows.

    A call is known by its number. Within a lane the camera served longest ago is next, so that bursts which
    begin with the same cameras each time do not starve the others.
    """

    def __init__(self, patience: Mapping[Lane, int]) -> None:
        self._patience = patience
        self._lanes: dict[Lane, dict[Camera, OrderedDict[int, None]]] = {lane: {} for lane in Lane}
        self._passed: Counter[Lane] = Counter()
        self._served: dict[tuple[Lane, Camera], int] = {}
        self._turn = 0

    def __bool__(self) -> bool:
        return any(self._lanes.values())

    def append(self, number: int, lane: Lane, camera: Camera) -> None:
        """Adds a call behind the camera's others in this lane."""
        self._lanes[lane].setdefault(camera, OrderedDict())[number] = None

    def put_first(self, number: int, lane: Lane, camera: Camera) -> None:
        """Adds a call before the camera's others in this lane: one that had its turn and is retried."""
        self.append(number, lane, camera)
        self._lanes[lane][camera].move_to_end(number, last=False)

    def discard(self, number: int, lane: Lane, camera: Camera) -> None:
        """Removes a call, if it is there."""
        calls = self._lanes[lane].get(camera)
        if calls is None:
            return
        calls.pop(number, None)
        if not calls:
            del self._lanes[lane][camera]
        if not self._lanes[lane]:
            self._passed[lane] = 0

    def take(self) -> int:
        """Removes and returns the next call; the queue must not be empty."""
        lane = self._next_lane()
        cameras = self._lanes[lane]
        camera = min(cameras, key=lambda camera: self._served.get((lane, camera), 0))
        number = next(iter(cameras[camera]))
        self._note_served(lane, camera)
        for other, waiting in self._lanes.items():
            self._passed[other] = 0 if other is lane or not waiting else self._passed[other] + 1
        self.discard(number, lane, camera)
        return number

    def _note_served(self, lane: Lane, camera: Camera) -> None:
        self._turn += 1
        # Taken out and put in again, so that the dictionary's order is that of service.
        self._served.pop((lane, camera), None)
        self._served[lane, camera] = self._turn
        if len(self._served) > _CAMERAS_REMEMBERED:
            del self._served[next(iter(self._served))]

    def _next_lane(self) -> Lane:
        waiting = [lane for lane in Lane if self._lanes[lane]]
        # The lowest of the impatient has waited for the most others; each gets its turn at the latest after the rest.
        for lane in reversed(waiting[1:]):
            if self._passed[lane] >= self._patience[lane]:
                return lane
        return waiting[0]
