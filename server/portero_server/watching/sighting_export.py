"""Hands out the sightings of a period page by page, as fast as the caller takes them, to few callers at once."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from portero_server.domain.access.fair_places import FairPlaces, PlaceLimit, PlaceShares
from portero_server.domain.recording.export_range import ExportCursor, ExportedSighting, ExportRange, steps
from portero_server.errors import LimitReached, Unavailable
from portero_server.watching.watch import Watcher, Within

_RETRY, _DRAINED = 5.0, 1.0

ReadPage = Callable[
    [ExportRange, int, ExportCursor | None, frozenset[str] | None], Awaitable[Sequence[ExportedSighting]]
]
"""Returns at most so many sightings after a place, oldest first, at cameras within a set or any."""


class ExportObserver(Protocol):
    """Is told what is exported, for metrics."""

    def sightings_exported(self, count: int) -> None:
        """Counts sightings of a page that was handed out."""
        ...

    def exports_open(self, count: int) -> None:
        """Sets how many exports are open."""
        ...


@dataclass(frozen=True, slots=True)
class ExportPage:
    """Some sightings in order, and the place after them; None: there are no more."""

    sightings: Sequence[ExportedSighting]
    cursor: ExportCursor | None


class _Seat:
    """The place of one export; `lost` says who took it."""

    __slots__ = ("lost",)

    def __init__(self) -> None:
        self.lost: LimitReached | None = None


class SightingExport:
    """Lets few callers at once read whole periods.

    The next page is read only after the client has taken the last one, so a slow client holds one page in memory and no
    transaction.
    """

    def __init__(self, read: ReadPage, shares: PlaceShares, observer: ExportObserver) -> None:
        """Prepares exports.

        Args:
            read: Reads a page.
            shares: Most exports at once.
            observer: Is told what is exported.
        """
        self._read = read
        self._shares = shares
        self._observer = observer
        self._seats: FairPlaces[_Seat] = FairPlaces(shares, brief=False)
        self._draining = False

    def drain(self) -> None:
        """Ends all exports before their next page with a status that makes them go on at another server."""
        self._draining = True

    async def pages(
        self, which: ExportRange, size: int, after: ExportCursor | None, within: Within, caller: Watcher
    ) -> AsyncGenerator[ExportPage, None]:
        """Yields the sightings of a period in pages of at most `size`; the last page has no cursor.

        Args:
            which: The conditions.
            size: Most sightings of a page.
            after: Where an earlier export ended; None: from the beginning.
            within: The cameras that the caller may see, asked before every page.
            caller: Who exports, for the limits.

        Raises:
            LimitReached: There are too many exports, or somebody who holds fewer took this place; names the limit.
            StoreUnavailable: The database does not answer; go on after the last page.
            Unavailable: The server drains.
        """
        seat = self._seated(caller)
        try:
            start = which.start if after is None else max(which.start, min(after.first_seen, which.end))
            for begin, end in steps(start, which.end):
                step = replace(which, start=begin, end=end)
                while True:
                    self._check(seat)
                    # One more than is sent, so that a full page is known to be the last of its step.
                    found = await self._read(step, size + 1, after, within.cameras)
                    page = found[:size]
                    if page:
                        after = page[-1].cursor
                        self._observer.sightings_exported(len(page))
                        is_last = len(found) <= size and end == which.end
                        yield ExportPage(page, None if is_last else after)
                        if is_last:
                            return
                    if len(found) <= size:
                        break
            yield ExportPage((), None)
        finally:
            self._seats.leave(seat)
            self._observer.exports_open(len(self._seats))

    def _check(self, seat: _Seat) -> None:
        if seat.lost is not None:
            raise seat.lost
        if self._draining:
            raise Unavailable(
                "the server is going away; go on after the last cursor", retry_after=_DRAINED, reason="DRAINING"
            )

    def _seated(self, caller: Watcher) -> _Seat:
        seat = _Seat()
        reached = self._seats.reached(caller.subject, caller.group)
        entry = self._seats.enter(seat, caller.subject, caller.group)
        if reached is not None:
            refusal = self._refusal(reached)
            if not entry.admitted:
                raise refusal
            if entry.gives_way is not None:
                entry.gives_way.lost = refusal
        self._observer.exports_open(len(self._seats))
        return seat

    def _refusal(self, reached: PlaceLimit) -> LimitReached:
        if reached is PlaceLimit.HOLDER:
            message = (
                f"this credential has {self._shares.holder} exports of sightings open, the most "
                "PORTERO_EXPORTS_BY_IDENTITY allows"
            )
            return LimitReached(message, retry_after=_RETRY, reason="TOO_MANY_EXPORTS_OF_IDENTITY")
        message = f"the server has {self._shares.total} exports of sightings open, the most PORTERO_MAX_EXPORTS allows"
        return LimitReached(message, retry_after=_RETRY, reason="TOO_MANY_EXPORTS")
