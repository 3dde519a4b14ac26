"""Whose turn it is to have something costly checked, where most of what is shown may be worthless."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Generic, TypeVar

Ticket = TypeVar("Ticket")


@dataclass(frozen=True, slots=True)
class TurnPolicy:
    """How much may be checked in vain.

    Attributes:
        per_second: Failed checks a second, of everybody together; as many again at once after a quiet second.
        waiting: Most tickets that wait.
    """

    per_second: float = 200.0
    waiting: int = 1024


class FairTurns(Generic[Ticket]):
    """Hands out turns: at once as long as few checks fail, else at a fixed rate, one group after the other.

    Only failed checks use the rate up, so nobody waits where nothing fails, and however many tickets one group has
    waiting, another group's next turn is one round away. Every ticket gets its turn, unless too many wait: then the
    oldest of the group with the most is dropped, never a group's only one while another has more.
    """

    def __init__(self, policy: TurnPolicy) -> None:
        """Starts with the whole rate unused."""
        self._policy = policy
        self._left = self._burst = max(1.0, policy.per_second)
        self._then: float | None = None
        # In order of turns: a group that had one goes to the end.
        self._groups: OrderedDict[str, deque[Ticket]] = OrderedDict()
        self._waiting = 0

    def __len__(self) -> int:
        return self._waiting

    def ask(self, ticket: Ticket, group: str, now: float) -> tuple[bool, Ticket | None]:
        """Requests a turn.

        Returns:
            Whether it is this ticket's turn now, else it waits; and a ticket that was dropped for it, or None.
        """
        if not self._waiting and self._take(now):
            return True, None
        self._groups.setdefault(group, deque()).append(ticket)
        self._waiting += 1
        if self._waiting <= self._policy.waiting:
            return False, None
        heaviest = max(self._groups, key=lambda name: len(self._groups[name]))
        dropped = self._groups[heaviest][0]
        self.leave(dropped, heaviest)
        return False, dropped

    def leave(self, ticket: Ticket, group: str) -> None:
        """Removes a ticket that no longer waits for its turn; one that does not wait is ignored."""
        tickets = self._groups.get(group)
        if tickets is None or ticket not in tickets:
            return
        tickets.remove(ticket)
        self._waiting -= 1
        if not tickets:
            del self._groups[group]

    def next(self, now: float) -> Ticket | None:
        """Returns the ticket whose turn it is, or None if it is nobody's yet."""
        if not self._waiting or not self._take(now):
            return None
        group, tickets = next(iter(self._groups.items()))
        ticket = tickets[0]
        self._groups.move_to_end(group)
        self.leave(ticket, group)
        return ticket

    def wait(self, now: float) -> float:
        """Returns the seconds until the next turn; 0: now."""
        return max(0.0, (1.0 - self._filled(now)) / self._policy.per_second)

    def passed(self) -> None:
        """Returns a turn to the rate: the check succeeded."""
        self._left = min(self._burst, self._left + 1.0)

    def _take(self, now: float) -> bool:
        self._left, self._then = self._filled(now), now
        # What a float lost on the way must not cost another round of the timer.
        if self._left < 1.0 - 1e-9:
            return False
        self._left = max(0.0, self._left - 1.0)
        return True

    def _filled(self, now: float) -> float:
        since = 0.0 if self._then is None else now - self._then
        return min(self._burst, self._left + since * self._policy.per_second)
