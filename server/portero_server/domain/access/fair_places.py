"""Which of many calls keeps its place when there are too few: the holder of the most places gives one up."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

Ticket = TypeVar("Ticket")


@dataclass(frozen=True, slots=True)
class PlaceShares:
    """The most places held at once; each at least 1.

    Attributes:
        holder: Most places of one holder, such as a connection.
        group: Most places of all holders of one group, such as an address; None: no such limit.
        total: Most places of all holders together.
    """

    holder: int
    group: int | None
    total: int


class PlaceLimit(Enum):
    """Which of the limits in `PlaceShares`."""

    HOLDER = "holder"
    GROUP = "group"
    TOTAL = "total"


@dataclass(frozen=True, slots=True)
class PlaceEntry(Generic[Ticket]):
    """What becomes of a newcomer.

    Attributes:
        admitted: Whether the newcomer holds a place now.
        gives_way: The ticket that lost its place to the newcomer, or None.
    """

    admitted: bool
    gives_way: Ticket | None = None


# Made once: nearly everybody hears this.
_WELCOME: PlaceEntry[Any] = PlaceEntry(admitted=True)


class FairPlaces(Generic[Ticket]):
    """Hands out places so that one who takes many cannot keep out one who needs a single place.

    Where places are held only briefly by honest callers (`brief`), a newcomer always gets one: the ticket that has
    held its place the longest, among those of the heaviest holder, gives way. Where honest callers stay, a newcomer
    replaces only a ticket of somebody who holds more than the newcomer does, and is refused otherwise; else honest
    callers would replace each other in turn.
    """

    def __init__(self, shares: PlaceShares, *, brief: bool) -> None:
        """Creates an empty set of places."""
        self._shares = shares
        self._brief = brief
        self._tickets: dict[Ticket, tuple[str, str]] = {}
        # By group, then by holder: tickets in order of arrival.
        self._groups: dict[str, dict[str, dict[Ticket, None]]] = {}
        self._counts: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._tickets)

    def __contains__(self, ticket: Ticket) -> bool:
        return ticket in self._tickets

    def enter(self, ticket: Ticket, holder: str, group: str) -> PlaceEntry[Ticket]:
        """Requests a place for a ticket.

        Args:
            ticket: New to this set.
            holder: Who asks.
            group: To which the holder belongs.

        Returns:
            Whether the newcomer got a place, and whose it was.
        """
        self._add(ticket, holder, group)
        victim = self._victim(holder, group)
        if victim is None:
            return _WELCOME
        self.leave(victim)
        return PlaceEntry(admitted=False) if victim == ticket else PlaceEntry(admitted=True, gives_way=victim)

    def reached(self, holder: str, group: str) -> PlaceLimit | None:
        """Returns the limit that one more ticket of a holder would exceed, or None."""
        tickets = self._groups.get(group, {}).get(holder, {})
        if len(tickets) >= self._shares.holder:
            return PlaceLimit.HOLDER
        if self._shares.group is not None and self._counts.get(group, 0) >= self._shares.group:
            return PlaceLimit.GROUP
        return PlaceLimit.TOTAL if len(self._tickets) >= self._shares.total else None

    def leave(self, ticket: Ticket) -> None:
        """Returns a place to the pool; a ticket without a place is ignored."""
        place = self._tickets.pop(ticket, None)
        if place is None:
            return
        holder, group = place
        holders = self._groups[group]
        tickets = holders[holder]
        del tickets[ticket]
        self._counts[group] -= 1
        if not tickets:
            del holders[holder]
            if not holders:
                del self._groups[group]
                del self._counts[group]

    def _add(self, ticket: Ticket, holder: str, group: str) -> None:
        self._tickets[ticket] = (holder, group)
        holders = self._groups.get(group)
        if holders is None:
            holders = self._groups[group] = {}
        tickets = holders.get(holder)
        if tickets is None:
            holders[holder] = {ticket: None}
        else:
            tickets[ticket] = None
        self._counts[group] = self._counts.get(group, 0) + 1

    def _victim(self, holder: str, group: str) -> Ticket | None:
        """Returns the ticket to remove (possibly the newcomer's, the last of its holder), or None."""
        shares, tickets = self._shares, self._groups[group][holder]
        if len(tickets) > shares.holder:
            return next(iter(tickets)) if self._brief else next(reversed(tickets))
        if shares.group is not None and self._counts[group] > shares.group:
            return self._heaviest_in(group, holder, group)
        if len(self._tickets) > shares.total:
            return self._heaviest_in(max(self._groups, key=self._counts.__getitem__), holder, group)
        return None

    def _heaviest_in(self, searched: str, holder: str, group: str) -> Ticket:
        holders = self._groups[searched]
        # Of equal ones the first, which came before the newcomer.
        heaviest = max(holders, key=lambda name: len(holders[name]))
        newcomer = self._groups[group][holder]
        fairer = searched != group and self._counts[searched] > self._counts[group]
        if self._brief or fairer or len(holders[heaviest]) > len(newcomer):
            return next(iter(holders[heaviest]))
        return next(reversed(newcomer))
