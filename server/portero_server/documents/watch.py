"""Follows changes of check-ins: each watcher reads the store at its own pace and gets check-ins as they are now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import structlog

from portero_server.domain.access.fair_places import FairPlaces, PlaceShares
from portero_server.domain.documents.check_in import CheckIn
from portero_server.errors import InvalidInput, LimitReached, StoreUnavailable, Unavailable

_log = structlog.get_logger(__name__)

_RETRY = 1.0
_PAGE = 100
_POLL = 1.0
"""Seconds between two looks for what other servers wrote; ours is known at once."""


class ChangedCheckIns(Protocol):
    """Reads check-ins by the position of their latest change."""

    async def changes_after(
        self, position: int, camera_id: str | None, limit: int, within: frozenset[str] | None = None
    ) -> Sequence[CheckIn]:
        """Returns at most `limit` check-ins that changed after a position, in order."""
        ...

    async def last_position(self) -> int:
        """Returns the position of the last change, or 0 if there is none."""
        ...


class WatchedCameras(Protocol):
    """The cameras that a watcher may see. Asked before every page, since permissions may change."""

    @property
    def cameras(self) -> frozenset[str] | None:
        """Returns the ids of the cameras, or None for all, and for check-ins at no camera."""
        ...


@dataclass(frozen=True, slots=True)
class CheckInChange:
    """A check-in that changed, or only a position that was reached, which shows an idle watcher that it is alive."""

    position: int
    check_in: CheckIn | None


class _Place:
    """The place of one watcher; `lost` when somebody who holds fewer took it."""

    __slots__ = ("lost",)

    def __init__(self) -> None:
        self.lost = False


class CheckInWatch:
    """Lets any number of watchers follow check-ins; each holds one page in memory, and delays nobody else."""

    def __init__(self, store: ChangedCheckIns, *, heartbeat: float, places: PlaceShares) -> None:
        """Prepares a watch.

        Args:
            store: The check-ins.
            heartbeat: Longest silence of a watcher, seconds.
            places: Most watchers at once: of one identity, of all with one scope, in total.
        """
        self._store = store
        self._heartbeat = heartbeat
        self._places: FairPlaces[_Place] = FairPlaces(places, brief=False)
        self._latest = 0
        self._draining = False
        self._changed = asyncio.Event()

    def notify(self, position: int) -> None:
        """Wakes the watchers: there are changes up to this position."""
        if position > self._latest:
            self._latest = position
            self._wake()

    def drain(self) -> None:
        """Ends all watchers with a status that makes them reconnect to another server."""
        self._draining = True
        self._wake()

    async def run(self) -> None:
        """Looks for changes that other servers wrote, until canceled."""
        while True:
            if len(self._places):
                try:
                    self.notify(await self._store.last_position())
                except StoreUnavailable as error:
                    _log.warning("check_in_watch_poll_failed", reason=error.reason)
            await asyncio.sleep(_POLL)

    async def watch(
        self,
        after: int | None,
        camera_id: str | None,
        within: WatchedCameras,
        *,
        subject: str = "local",
        scope: str = "",
    ) -> AsyncGenerator[CheckInChange, None]:
        """Yields every check-in that changed after a position, then what changes, until closed.

        Args:
            after: Position to resume after; None: start now; the current position is sent first.
            camera_id: Only at this camera; None: at all.
            within: Only at cameras within.
            subject: Who watches, for the limits.
            scope: One word for the cameras they are limited to; empty: to none.

        Raises:
            InvalidInput: The position does not exist yet.
            LimitReached: There are too many watchers, or somebody who holds fewer took this place.
            StoreUnavailable: The database does not answer; watch again from the last position.
            Unavailable: The server drains.
        """
        place = self._placed(subject, scope or f"of {subject}")
        try:
            present = await self._store.last_position()
            self.notify(present)
            if after is None:
                yield CheckInChange(present, None)
            elif after > present:
                raise InvalidInput(
                    "after_position",
                    f"after_position is beyond the last position, {present}: it is of another server's database",
                    reason="POSITION_BEYOND_LAST",
                )
            async for change in self._follow(place, present if after is None else after, camera_id, within):
                yield change
        finally:
            self._places.leave(place)

    def _placed(self, subject: str, group: str) -> _Place:
        place = _Place()
        entry = self._places.enter(place, subject, group)
        if not entry.admitted:
            raise self._full()
        if entry.gives_way is not None:
            entry.gives_way.lost = True
            self._wake()
        return place

    async def _follow(
        self, place: _Place, position: int, camera_id: str | None, within: WatchedCameras
    ) -> AsyncGenerator[CheckInChange, None]:
        deadline = _now() + self._heartbeat
        while True:
            # Taken before the read: a short page then proves that nothing for us lies up to here.
            horizon = self._latest
            changes = await self._store.changes_after(position, camera_id, _PAGE, within.cameras)
            for check_in in changes:
                self._check(place)
                position = check_in.position
                yield CheckInChange(position, check_in)
                deadline = _now() + self._heartbeat
            if len(changes) < _PAGE:
                position = max(position, horizon)
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(deadline):
                        await self._beyond(place, position)
            if _now() >= deadline:
                yield CheckInChange(position, None)
                deadline = _now() + self._heartbeat

    async def _beyond(self, place: _Place, position: int) -> None:
        while self._latest <= position:
            self._check(place)
            await self._changed.wait()
        self._check(place)

    def _check(self, place: _Place) -> None:
        if place.lost:
            raise self._full()
        if self._draining:
            raise Unavailable(
                "the server is going away; watch again from the last position", retry_after=_RETRY, reason="DRAINING"
            )

    def _full(self) -> LimitReached:
        return LimitReached(
            "too many watches of check-ins are open: PORTERO_WATCHERS_BY_IDENTITY, PORTERO_WATCHERS_BY_SCOPE and "
            "PORTERO_MAX_WATCHERS limit them",
            retry_after=self._heartbeat,
            reason="TOO_MANY_WATCHERS",
        )

    def _wake(self) -> None:
        # Each waiter holds the event it waits for; a fresh one makes the next wait a real one.
        self._changed.set()
        self._changed = asyncio.Event()


def _now() -> float:
    return asyncio.get_running_loop().time()
