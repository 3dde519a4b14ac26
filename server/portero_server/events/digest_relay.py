"""Sends digests to one subscription: by one server at a time, at least once, each after the one before it.

A digest tells everything that is stored when it begins. How far that is is stored first, so that a digest that is sent
again is the same, whichever server sends it and whatever happened meanwhile.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from datetime import datetime, timedelta

import structlog

from portero_server.clock import Clock
from portero_server.domain.events.deliveries import DeliveryOutcome, SubscriptionDelivery
from portero_server.domain.events.delivery import DeliveryResult
from portero_server.domain.events.digests import Digest
from portero_server.domain.events.message import EventMessage
from portero_server.domain.events.schedules import DeliverySchedule, last_digest, next_digest
from portero_server.errors import StoreUnavailable
from portero_server.events.digest_entries import DigestSource
from portero_server.events.journal import SubscriptionJournal
from portero_server.events.relay import RelayPolicy, pause_until
from portero_server.events.relay_ports import BatchStore, Names, PeopleObserver, Sender
from portero_server.events.webhook import Sent
from portero_server.store.event_relays import Batch, RelayState

_log = structlog.get_logger(__name__)


class DigestRelay:
    """Sends digests to one subscription of people; `run` does the work."""

    def __init__(
        self,
        source: DigestSource,
        names: Names,
        store: BatchStore,
        sender: AbstractAsyncContextManager[Sender],
        turns: AbstractAsyncContextManager[object] | None,
        schedule: DeliverySchedule,
        since: datetime,
        language: str,
        clock: Clock,
        observer: PeopleObserver,
        policy: RelayPolicy,
        journal: SubscriptionJournal,
        name: str,
        chance: random.Random | None = None,
    ) -> None:
        """Creates a relay.

        Args:
            source: Where entries are read.
            names: Says who may be named when a digest is sent.
            store: How far entries are told, what of them is told together, and which server sends.
            sender: Entered while the relay runs.
            turns: Entered before a digest is read; None: nobody has to wait.
            schedule: When digests are sent; it has digests.
            since: When the subscription was made or changed: the first digest is the next one.
            language: Of the subscription.
            clock: Says when it is time.
            observer: Receives what happens.
            policy: Pace and limits, with the same schedule.
            journal: Keeps what becomes of digests.
            name: Of the subscription, for logs.
            chance: Spreads retries.
        """
        self._source = source
        self._names = names
        self._store = store
        self._sender = sender
        self._turns = turns
        self._schedule = schedule
        self._since = since
        self._language = language
        self._clock = clock
        self._observer = observer
        self._policy = policy
        self._journal = journal
        self._log = _log.bind(subscription=name)
        self._chance = chance or random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._failures = 0
        # The message that was refused last, and how often.
        self._refused: tuple[str, int] = ("", 0)

    def notify(self, position: int) -> None:
        """Does nothing: news waits for the digest."""

    async def run(self) -> None:
        """Sends digests until canceled, and then lets another server go on at once."""
        async with self._sender as sender:
            try:
                while True:
                    try:
                        pause = await self._turn(sender)
                    except StoreUnavailable as error:
                        self._log.warning("digest_waits_for_database", reason=error.reason)
                        pause = self._policy.poll
                    await asyncio.sleep(pause)
            finally:
                with suppress(StoreUnavailable):
                    await self._store.release()
                    await self._journal.write()

    async def _turn(self, sender: Sender) -> float:
        """Begins a digest, or sends the one that is begun. Returns the seconds to wait before the next turn."""
        now = self._clock.now()
        if (held := self._policy.held(now)) is not None:
            self._observer.behind(0.0)
            return held
        horizon = await self._source.last_position()
        state = await self._store.state(horizon)
        if state.stopped:
            self._observer.behind(0.0)
            return self._policy.poll
        if state.batch is not None:
            async with self._turns or nullcontext():
                return await self._tell(sender)
        before = max(state.digested_at or self._since, self._since)
        if before > now:
            # A clock was ahead: what waits is told at the next time of the right one.
            horizon = state.position
        elif (coming := next_digest(before, self._schedule)) > now:
            self._observer.behind(0.0)
            return pause_until(coming, now)
        moment = last_digest(now, self._schedule)
        if await self._claimed() and await self._store.begin(state, max(horizon, state.position), moment):
            return 0.0
        self._observer.behind(0.0)
        return self._policy.poll

    async def _claimed(self) -> bool:
        return await self._store.claim(self._clock.now(), self._policy.lease)

    async def _tell(self, sender: Sender) -> float:
        """Sends the digest that is begun. Returns the seconds to wait before the next turn."""
        # Read after the wait for a turn, in which another server may have sent it.
        if not await self._claimed():
            self._observer.behind(0.0)
            return self._policy.poll
        state = await self._store.state(0)
        now = self._clock.now()
        if state.stopped or state.batch is None or self._policy.held(now) is not None:
            return 0.0
        canceled = await self._source.canceled(state.batch)
        # What was begun without a digest, when the subscription had none, is told in one all the same.
        moment = state.digested_at or last_digest(now, self._schedule)
        digest = await self._collected(state, state.batch, moment, canceled)
        if digest is None:
            return self._policy.poll
        # Names are read again: who was erased while entries were collected is not told of.
        names, until = await self._named(digest.people), state.batch.until
        topic = self._source.topic
        message = digest.message(f"digest_{topic}_{state.batch.after + 1}_{until}", topic, until, names)
        if message is not None and (problem := await self._send(sender, message, digest.moment, until)) is not None:
            self._failures += 1
            self._observer.behind(self._waited(digest.moment).total_seconds())
            await self._journal.write()
            pause = self._policy.retries.pause(self._failures, self._chance.random())
            self._log.warning("digest_failed", problem=problem, failures=self._failures, pause=round(pause, 1))
            return pause
        self._failures = 0
        # Before the journal, which may fail: what was sent is not sent again.
        await self._store.advance(state, until)
        self._observer.canceled(len(canceled))
        await self._journal.write()
        return 0.0

    async def _collected(
        self, state: RelayState, batch: Batch, moment: datetime, canceled: Collection[int]
    ) -> Digest | None:
        """Returns the digest of a batch; None: another server sends."""
        digest, position = Digest(moment, self._language, self._schedule.zone), state.position
        while position < batch.until:
            if not await self._claimed():
                return None
            entries = await self._source.page(position, self._policy.page)
            names = await self._named({entry.person_id for entry in entries if entry.person_id is not None})
            for entry in entries:
                wanted = entry.position <= batch.until and entry.position not in canceled
                if wanted and (message := entry.told(names)) is not None:
                    digest.add(entry, message)
            if not entries:
                break
            position = entries[-1].position
        return digest

    async def _named(self, people: Collection[str]) -> Mapping[str, str]:
        return await self._names(people) if people else {}

    async def _send(self, sender: Sender, message: EventMessage, moment: datetime, position: int) -> str | None:
        """Sends a message once. Returns the problem if it is to be sent again."""
        began = self._clock.monotonic()
        sent = await sender.send(message)
        self._observer.sent(sent.result.value, self._clock.monotonic() - began)
        delivered = sent.result is DeliveryResult.DELIVERED
        given_up = not delivered and self._gives_up(message.message_id, sent, moment)
        outcome = DeliveryOutcome.GIVEN_UP if given_up else DeliveryOutcome.WAITING
        self._journal.keep(
            self._delivery(message, sent, moment, position, DeliveryOutcome.DELIVERED if delivered else outcome)
        )
        if delivered:
            self._observer.gathered(message.content["data"]["count"])
            return None
        if given_up:
            self._observer.given_up()
            self._log.error("digest_given_up", message=message.message_id, problem=sent.problem)
            return None
        return sent.problem

    def _gives_up(self, message_id: str, sent: Sent, moment: datetime) -> bool:
        before, refusals = self._refused
        refusals = (refusals if before == message_id else 0) + (sent.result is DeliveryResult.REFUSED)
        self._refused = (message_id, refusals)
        return self._policy.retries.gives_up(sent.result, refusals, self._waited(moment))

    def _waited(self, moment: datetime) -> timedelta:
        return max(timedelta(0), self._clock.now() - moment)

    def _delivery(
        self, message: EventMessage, sent: Sent, moment: datetime, position: int, outcome: DeliveryOutcome
    ) -> SubscriptionDelivery:
        now = self._clock.now()
        return SubscriptionDelivery(
            position,
            message.message_id,
            "",
            None,
            moment,
            outcome,
            sent.status,
            sent.problem,
            attempts=1,
            first_at=now,
            last_at=now,
            notice=message.content["type"],
        )
