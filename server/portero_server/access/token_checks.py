"""Bounds the processor time that worthless tokens take, without refusing to look at any."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from portero_server.access.limits import LimitObserver, network_of
from portero_server.clock import Clock
from portero_server.domain.access.rates import Limit
from portero_server.domain.access.turns import FairTurns, TurnPolicy
from portero_server.errors import LimitReached

_RETRY = 1.0


class _Ticket:
    """A caller who asks for its turn; `turn` is set while it waits."""

    __slots__ = ("turn",)

    def __init__(self) -> None:
        self.turn: asyncio.Future[None] | None = None

    def settle(self, refusal: LimitReached | None = None) -> bool:
        """Ends the wait. Returns whether anybody still waited."""
        if self.turn is None or self.turn.done():
            return False
        if refusal is None:
            self.turn.set_result(None)
        else:
            self.turn.set_exception(refusal)
        return True


class TokenChecks:
    """Lets callers take turns at having a token checked that is not known yet.

    As long as fewer tokens fail than the rate allows, nobody waits. In a flood of worthless ones callers wait for their
    turn, one address after the other; a valid token is let in with its turn, and is known from then on.
    """

    def __init__(self, policy: TurnPolicy, observer: LimitObserver, clock: Clock) -> None:
        self._turns: FairTurns[_Ticket] = FairTurns(policy)
        self._observer = observer
        self._clock = clock
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._turns)

    @asynccontextmanager
    async def turn(self, address: str) -> AsyncIterator[None]:
        """Waits for a turn of this address. A block that ends without an error gives the turn back.

        Raises:
            LimitReached: More callers wait than may, and this address has the most of them.
        """
        ticket, group = _Ticket(), network_of(address)
        at_once, dropped = self._turns.ask(ticket, group, self._clock.monotonic())
        if not at_once:
            self._observer.limit_reached(Limit.TOKEN_CHECKS)
            ticket.turn = asyncio.get_running_loop().create_future()
            if dropped is not None:
                dropped.settle(_too_many())
            self._schedule()
            try:
                await ticket.turn
            finally:
                self._turns.leave(ticket, group)
        yield
        self._turns.passed()

    def _schedule(self) -> None:
        if self._timer is None and len(self._turns):
            wait = self._turns.wait(self._clock.monotonic())
            self._timer = asyncio.get_running_loop().call_later(wait, self._hand_out)

    def _hand_out(self) -> None:
        self._timer = None
        while (ticket := self._turns.next(self._clock.monotonic())) is not None:
            if not ticket.settle():
                self._turns.passed()
        self._schedule()


def _too_many() -> LimitReached:
    return LimitReached(
        "too many tokens of this address wait to be verified, as PORTERO_LIMIT_TOKEN_CHECKS allows",
        retry_after=_RETRY,
        reason="LIMIT_TOKEN_CHECKS",
    )
