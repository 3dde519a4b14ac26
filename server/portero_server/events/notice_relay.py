"""Sends notices of attendance to a subscription: by one server at a time, at least once, in their order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence, Set
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from datetime import timedelta
from typing import Protocol

import structlog

from portero_server.clock import Clock
from portero_server.domain.attendance.notices import AttendanceNotice
from portero_server.domain.events.deliveries import DeliveryOutcome, SubscriptionDelivery
from portero_server.domain.events.delivery import DeliveryResult
from portero_server.domain.events.notice_message import message_of_notice, notice_message_id, notice_type
from portero_server.errors import StoreUnavailable
from portero_server.events.journal import SubscriptionJournal
from portero_server.events.relay import RelayPolicy
from portero_server.events.relay_ports import BatchStore, Names, PeopleObserver, RelayStore, Sender, Withdrawals
from portero_server.events.webhook import Sent
from portero_server.store.attendance.notices import StoredNotice
from portero_server.store.event_relays import RelayState

_log = structlog.get_logger(__name__)

_FRESH = 5.0
"""Seconds for which notices are sent as they were read; then they are read again, for who was erased since."""


class NoticeSource(Protocol):
    """Where notices are read; see `store.attendance.notices`."""

    async def after(self, position: int, limit: int) -> Sequence[StoredNotice]:
        """Returns notices after a position, in order. Raises StoreUnavailable."""
        ...

    async def last_position(self) -> int:
        """Returns the position of the last notice. Raises StoreUnavailable."""
        ...


class NoticeRelay:
    """Sends notices to one subscription; `run` does the work.

    One that is not taken holds up all after it: people are told in the order in which things happened.
    """

    def __init__(
        self,
        source: NoticeSource,
        withdrawals: Withdrawals,
        names: Names,
        store: BatchStore,
        events: RelayStore,
        sender: AbstractAsyncContextManager[Sender],
        turns: AbstractAsyncContextManager[object] | None,
        wanted: Callable[[AttendanceNotice], bool],
        clock: Clock,
        observer: PeopleObserver,
        policy: RelayPolicy,
        journal: SubscriptionJournal,
        name: str,
        chance: random.Random | None = None,
    ) -> None:
        """Creates a relay.

        Args:
            source: Where notices are read.
            withdrawals: Knows which of them cancel each other out, where there are quiet hours.
            names: Says who may be named when a message is sent; nobody is told of anybody else.
            store: How far notices are sent, and which server sends.
            events: The same of the subscription's events, which end when its receiver wants no more.
            sender: Entered while the relay runs.
            turns: Entered before each page is read; None: nobody has to wait.
            wanted: Which notices are sent.
            clock: Dates failures and leases.
            observer: Receives what happens.
            policy: Pace and limits.
            journal: Keeps what becomes of messages.
            name: Of the subscription, for logs.
            chance: Spreads retries.
        """
        self._source = source
        self._withdrawals = withdrawals
        self._names = names
        self._store = store
        self._events = events
        self._sender = sender
        self._turns = turns
        self._wanted = wanted
        self._clock = clock
        self._observer = observer
        self._policy = policy
        self._journal = journal
        self._log = _log.bind(subscription=name)
        self._chance = chance or random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._failures = 0
        # How often the first notice that waits was refused, and which one it is.
        self._refused: tuple[int, int] = (0, 0)
        # What was stored when the last page was read, and up to where nothing of it is left to send.
        self._read = RelayState(0, stopped=False)
        self._reached = 0

    async def run(self) -> None:
        """Sends notices until canceled, and then lets another server go on at once."""
        async with self._sender as sender:
            try:
                while True:
                    try:
                        pause = await self._turn(sender)
                    except StoreUnavailable as error:
                        self._log.warning("notices_wait_for_database", reason=error.reason)
                        pause = self._policy.poll
                    await asyncio.sleep(pause)
            finally:
                with suppress(StoreUnavailable):
                    # What was delivered just before the end is not sent again.
                    await self._store.advance(self._read, self._reached)
                    await self._store.release()
                    await self._journal.write()

    async def _turn(self, sender: Sender) -> float:
        """Sends one page. Returns the seconds to wait before the next one."""
        if (held := self._policy.held(self._clock.now())) is not None:
            self._observer.behind(0.0)
            return held
        horizon = await self._source.last_position()
        state = await self._store.state(horizon)
        if state.stopped or state.position >= horizon:
            self._observer.behind(0.0)
            return self._policy.poll
        async with self._turns or nullcontext():
            return await self._claimed_turn(sender, horizon)

    async def _claimed_turn(self, sender: Sender, horizon: int) -> float:
        """Sends one page, if this server may. Returns the seconds to wait before the next one."""
        if not await self._claimed():
            self._observer.behind(0.0)
            return self._policy.poll
        # Read after the wait for a turn, in which another server may have sent.
        state = await self._store.state(horizon)
        if state.stopped or state.position >= horizon:
            return self._policy.poll
        if self._policy.schedule is not None and state.batch is None:
            # What waited in quiet hours is seen as a whole: what was withdrawn meanwhile is told to nobody.
            await self._store.begin(state, horizon)
            return 0.0
        if state != self._read:
            # Otherwise the database went away before it stored what was reached, which holds all the same.
            self._read, self._reached = state, state.position
        start = self._reached
        page = await self._source.after(start, self._policy.page)
        canceled: Set[int] = frozenset()
        if state.batch is not None:
            horizon = state.batch.until
            page = [each for each in page if each.position <= horizon]
            canceled = await self._withdrawals.within(state.batch)
        if not page:
            self._reached = horizon
        problem = await self._page(sender, page, canceled)
        return await self._settle(start, page, problem)

    async def _page(self, sender: Sender, page: Sequence[StoredNotice], canceled: Set[int]) -> str | None:
        """Sends notices while they are fresh. Returns a problem that a later try may solve."""
        people = {each.notice.person_id for each in page if each.notice.person_id is not None}
        names = await self._names(people) if people else {}
        until = self._clock.monotonic() + _FRESH
        for each in page:
            if self._clock.monotonic() > until or self._policy.held(self._clock.now()) is not None:
                break
            person_id = each.notice.person_id
            # Who may not be named any more is left out: a notice without its person says nothing.
            if each.position in canceled:
                self._observer.canceled(1)
            elif self._wanted(each.notice) and (person_id is None or person_id in names):
                problem = await self._send(sender, each, None if person_id is None else names[person_id])
                if problem is not None:
                    return problem
            self._reached = each.position
        return None

    async def _claimed(self) -> bool:
        return await self._store.claim(self._clock.now(), self._policy.lease)

    async def _settle(self, start: int, page: Sequence[StoredNotice], problem: str | None) -> float:
        position = self._reached
        if position > self._read.position:
            # Before the journal, which may fail: what it lacks is written later, and what was sent is not sent again.
            await self._store.advance(self._read, position)
        await self._journal.write()
        waiting = [each for each in page if each.position > position]
        self._observer.behind(self._waited(waiting[0]).total_seconds() if waiting else 0.0)
        if problem is None:
            self._failures = 0
            # What came meanwhile, or was not sent in time, is read at once.
            return 0.0
        self._failures = 1 if position > start else self._failures + 1
        pause = self._policy.retries.pause(self._failures, self._chance.random())
        self._log.warning("notice_failed", problem=problem, failures=self._failures, pause=round(pause, 1))
        return pause

    async def _send(self, sender: Sender, stored: StoredNotice, display_name: str | None) -> str | None:
        """Sends one notice. Returns the problem if it is to be sent again."""
        began = self._clock.monotonic()
        message = message_of_notice(stored.position, stored.notice, display_name, stored.group_name)
        sent = await sender.send(message)
        self._observer.sent(sent.result.value, self._clock.monotonic() - began)
        given_up = sent.result is not DeliveryResult.DELIVERED and self._gives_up(stored, sent)
        self._journal.keep(self._delivery(stored, sent, given_up=given_up))
        if sent.result is DeliveryResult.DELIVERED:
            return None
        if sent.result is DeliveryResult.GONE:
            await self._store.stop("GONE")
            await self._events.stop("GONE")
            return sent.problem
        if given_up:
            self._observer.given_up()
            self._log.error("notice_given_up", position=stored.position, problem=sent.problem)
            return None
        return sent.problem

    def _gives_up(self, stored: StoredNotice, sent: Sent) -> bool:
        position, refusals = self._refused
        refusals = (refusals if position == stored.position else 0) + (sent.result is DeliveryResult.REFUSED)
        self._refused = (stored.position, refusals)
        return self._policy.retries.gives_up(sent.result, refusals, self._waited(stored))

    def _waited(self, stored: StoredNotice) -> timedelta:
        return self._policy.waited(stored.notice.decided_at, self._clock.now())

    def _delivery(self, stored: StoredNotice, sent: Sent, *, given_up: bool) -> SubscriptionDelivery:
        outcome = DeliveryOutcome.GIVEN_UP if given_up else DeliveryOutcome.WAITING
        if sent.result is DeliveryResult.DELIVERED:
            outcome = DeliveryOutcome.DELIVERED
        now, notice = self._clock.now(), stored.notice
        return SubscriptionDelivery(
            stored.position,
            notice_message_id(notice.notice_id),
            "",
            None,
            notice.decided_at,
            outcome,
            sent.status,
            sent.problem,
            attempts=1,
            first_at=now,
            last_at=now,
            notice=notice_type(notice),
        )
