"""Follows what is stored: one notifier per process wakes every watcher, and each reads the store at its own pace.

Places are few, since each watcher reads the database once a commit. They are shared out fairly: one credential, or many
that are limited to the same cameras, cannot keep out somebody who needs a single place.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import structlog

from portero_server.domain.access.fair_places import FairPlaces, PlaceLimit, PlaceShares
from portero_server.errors import InvalidInput, LimitReached, StoreUnavailable, Unavailable

_log = structlog.get_logger(__name__)

_RETRY = 1.0


class Positioned(Protocol):
    """Something that is stored at a position, which is visible only after all earlier ones are."""

    @property
    def position(self) -> int:
        """Its place in the order in which changes are told; larger is later."""
        ...


Item = TypeVar("Item", bound=Positioned)

ReadAfter = Callable[[int, str | None, int, frozenset[str] | None], Awaitable[Sequence[Item]]]
"""Returns at most so many items after a position, in order: of a camera or of all, at cameras within a set or any."""

LastPosition = Callable[[], Awaitable[int]]
"""Returns the position of the last item, or 0 if there is none."""


class Within(Protocol):
    """The cameras that a watcher may see. Asked before every page, since permissions may change."""

    @property
    def cameras(self) -> frozenset[str] | None:
        """Returns the ids of the cameras, or None for all, and for what happens at no camera."""
        ...


@dataclass(frozen=True, slots=True)
class WatchPolicy:
    """Pace and limits of watching.

    Attributes:
        heartbeat: Longest silence of a watcher, seconds.
        poll: How often items of other processes are looked for, seconds; ours are known at once.
        page: Most items a watcher holds in memory.
        watchers: Most watchers at once: of one identity, of all identities with one scope, and in total.
    """

    heartbeat: float
    poll: float = 1.0
    page: int = 100
    watchers: PlaceShares = field(default_factory=lambda: PlaceShares(20, 50, 100))


@dataclass(frozen=True, slots=True)
class WatchUpdate(Generic[Item]):
    """An item, or only a position that was reached (`item` is None), which shows an idle watcher that it is alive."""

    position: int
    item: Item | None


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who watches.

    Attributes:
        subject: Subject of the identity.
        scope: One word for the cameras it is limited to; empty: it is limited to none.
    """

    subject: str
    scope: str = ""

    @property
    def group(self) -> str:
        """Those who share a limit: everybody of the same scope; who may see everything belongs to nobody."""
        return self.scope or f"of {self.subject}"


_SERVER = Watcher("local")


class _Seat:
    """The place of one watcher; `lost` says who took it."""

    __slots__ = ("lost",)

    def __init__(self) -> None:
        self.lost: LimitReached | None = None


class Watch(Generic[Item]):
    """Lets any number of watchers follow items.

    A watcher reads its next page from the store only after its client has taken the last one, so a slow client holds
    one page in memory and delays nobody else.
    """

    def __init__(
        self, read: ReadAfter[Item], last_position: LastPosition, policy: WatchPolicy, *, kind: str = "sightings"
    ) -> None:
        """Prepares a watch.

        Args:
            read: Reads a page.
            last_position: Reads where the items end.
            policy: Pace and limits.
            kind: What the items are, for messages.
        """
        self._read = read
        self._last_position = last_position
        self._policy = policy
        self._kind = kind
        self._latest = 0
        self._seats: FairPlaces[_Seat] = FairPlaces(policy.watchers, brief=False)
        self._watchers = 0
        self._draining = False
        self._changed = asyncio.Event()

    @property
    def watchers(self) -> int:
        """Number of open watchers."""
        return self._watchers

    def notify(self, position: int) -> None:
        """Wakes the watchers: items up to this position exist."""
        if position > self._latest:
            self._latest = position
            self._wake()

    def drain(self) -> None:
        """Ends all watchers with a status that makes them reconnect to another server."""
        self._draining = True
        self._wake()

    async def run(self) -> None:
        """Polls for items that other processes wrote, until canceled."""
        while True:
            if self._watchers:
                try:
                    self.notify(await self._last_position())
                except StoreUnavailable as error:
                    _log.warning("watch_poll_failed", watch=self._kind, reason=error.reason)
            await asyncio.sleep(self._policy.poll)

    async def watch(
        self,
        after: int | None,
        camera_id: str | None,
        within: Within | None = None,
        watcher: Watcher = _SERVER,
        wanted: Callable[[Item], bool] | None = None,
    ) -> AsyncGenerator[WatchUpdate[Item], None]:
        """Yields every item after a position, stored ones first, then new ones, until closed.

        Args:
            after: Position to resume after; None: start now; the current position is sent first.
            camera_id: Only items of this camera; None: of all.
            within: Only items of cameras within.
            watcher: Who watches, for the limits.
            wanted: Only items for which this is true; None: all.

        Raises:
            InvalidInput: The position does not exist yet.
            LimitReached: There are too many watchers, or somebody who holds fewer took this place; names the limit.
            StoreUnavailable: The database does not answer; watch again from the last position.
            Unavailable: The server drains.
        """
        seat = self._seated(watcher)
        self._watchers += 1
        try:
            present = await self._last_position()
            self.notify(present)
            if after is None:
                yield WatchUpdate(present, None)
            elif after > present:
                raise InvalidInput(
                    "after_position",
                    f"after_position is beyond the last position, {present}: it is of another server's database",
                    reason="POSITION_BEYOND_LAST",
                )
            async for news in self._follow(seat, present if after is None else after, camera_id, within, wanted):
                yield news
        finally:
            self._watchers -= 1
            self._seats.leave(seat)

    def _seated(self, watcher: Watcher) -> _Seat:
        seat, group = _Seat(), watcher.group
        reached = self._seats.reached(watcher.subject, group)
        entry = self._seats.enter(seat, watcher.subject, group)
        if reached is not None:
            refusal = self._refusal(reached)
            if not entry.admitted:
                raise refusal
            if entry.gives_way is not None:
                entry.gives_way.lost = refusal
                self._wake()
        return seat

    def _refusal(self, reached: PlaceLimit) -> LimitReached:
        shares = self._policy.watchers
        message, reason = {
            PlaceLimit.HOLDER: (
                f"this credential has {shares.holder} watches of {self._kind} open, the most "
                "PORTERO_WATCHERS_BY_IDENTITY allows",
                "TOO_MANY_WATCHERS_OF_IDENTITY",
            ),
            PlaceLimit.GROUP: (
                f"credentials limited to the same cameras have {shares.group} watches of {self._kind} open, the most "
                "PORTERO_WATCHERS_BY_SCOPE allows",
                "TOO_MANY_WATCHERS_OF_SCOPE",
            ),
            PlaceLimit.TOTAL: (
                f"the server has {shares.total} watches of {self._kind} open, the most PORTERO_MAX_WATCHERS allows",
                "TOO_MANY_WATCHERS",
            ),
        }[reached]
        return LimitReached(message, retry_after=self._policy.heartbeat, reason=reason)

    async def _follow(
        self,
        seat: _Seat,
        position: int,
        camera_id: str | None,
        within: Within | None,
        wanted: Callable[[Item], bool] | None,
    ) -> AsyncGenerator[WatchUpdate[Item], None]:
        deadline = _now() + self._policy.heartbeat
        while True:
            # Taken before the read: a short page then proves that nothing for us lies up to here.
            horizon = self._latest
            cameras = None if within is None else within.cameras
            items = await self._read(position, camera_id, self._policy.page, cameras)
            for item in items:
                self._check(seat)
                position = item.position
                if wanted is None or wanted(item):
                    yield WatchUpdate(position, item)
                    deadline = _now() + self._policy.heartbeat
            if len(items) < self._policy.page:
                position = max(position, horizon)
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(deadline):
                        await self._beyond(seat, position)
            # Asked of the clock: where items that are not wanted keep us busy, the wait above never times out.
            if _now() >= deadline:
                yield WatchUpdate(position, None)
                deadline = _now() + self._policy.heartbeat

    async def _beyond(self, seat: _Seat, position: int) -> None:
        while self._latest <= position:
            self._check(seat)
            await self._changed.wait()
        self._check(seat)

    def _check(self, seat: _Seat) -> None:
        if seat.lost is not None:
            raise seat.lost
        if self._draining:
            raise Unavailable(
                "the server is going away; watch again from the last position", retry_after=_RETRY, reason="DRAINING"
            )

    def _wake(self) -> None:
        # Each waiter holds the event it waits for; a fresh one makes the next wait a real one.
        self._changed.set()
        self._changed = asyncio.Event()


def _now() -> float:
    return asyncio.get_running_loop().time()
