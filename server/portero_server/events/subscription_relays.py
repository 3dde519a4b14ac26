"""Runs a relay for each subscription, and follows what is changed of them, here or on another server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from portero_server.clock import Clock
from portero_server.domain.events.subscriptions import SubscriptionState
from portero_server.errors import FailedPrecondition, StoreUnavailable
from portero_server.events.digest_relay import DigestRelay
from portero_server.events.notice_relay import NoticeRelay
from portero_server.store.subscriptions import SealedSubscription
from portero_server.telemetry.subscription_metrics import SubscriptionMetrics

_log = structlog.get_logger(__name__)

_AGAIN = 60.0
"""Seconds after which a relay is started again that ended by a fault of ours."""


class RunningRelay(Protocol):
    """What sends to one subscription."""

    def notify(self, position: int) -> None:
        """Says that events up to a position exist."""
        ...

    async def run(self) -> None:
        """Sends until canceled."""
        ...


class PairedRelay:
    """The relay of a subscription's events, and that of its notices of attendance, as one."""

    def __init__(self, events: RunningRelay, notices: NoticeRelay | DigestRelay) -> None:
        self._events = events
        self._notices = notices

    def notify(self, position: int) -> None:
        """Says that events up to a position exist."""
        self._events.notify(position)

    async def run(self) -> None:
        """Runs both until canceled; a fault of one ends both."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._events.run())
            group.create_task(self._notices.run())


RelayOf = Callable[[SealedSubscription], RunningRelay]
"""Builds the relay of a subscription.

Raises:
    FailedPrecondition: Its secrets cannot be opened.
"""


class SubscriptionSource(Protocol):
    """Where subscriptions are read; see `store.subscriptions`."""

    async def sealed(self, now: datetime) -> Sequence[SealedSubscription]:
        """Returns every subscription with what is needed to send. Raises StoreUnavailable."""
        ...


@dataclass(slots=True)
class _Running:
    """A relay that runs, and the version of the subscription that it was built from."""

    version: tuple[object, ...]
    relay: RunningRelay
    task: asyncio.Task[None]


class SubscriptionRelays:
    """One relay for each subscription, each with a task of its own: none waits for another's receiver."""

    def __init__(
        self, source: SubscriptionSource, relay_of: RelayOf, clock: Clock, metrics: SubscriptionMetrics, poll: float
    ) -> None:
        """Creates the relays, which `run` runs.

        Args:
            source: The subscriptions.
            relay_of: Builds a relay.
            clock: Says which secrets still sign.
            metrics: Receive what happens.
            poll: How often changes of other servers are looked for, seconds.
        """
        self._source = source
        self._relay_of = relay_of
        self._clock = clock
        self._metrics = metrics
        self._poll = poll
        self._running: dict[str, _Running] = {}
        # Versions of those whose secrets do not open, so that each is told once.
        self._unreadable: dict[str, tuple[object, ...]] = {}
        self._changed = asyncio.Event()

    def notify(self, position: int) -> None:
        """Says that events up to a position exist."""
        for running in self._running.values():
            running.relay.notify(position)

    def changed(self) -> None:
        """Says that a subscription was changed on this server."""
        self._changed.set()

    async def run(self) -> None:
        """Runs a relay for each subscription until canceled."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._changed.clear()
                try:
                    await self._follow(await self._source.sealed(self._clock.now()), group)
                except StoreUnavailable as error:
                    # Those that run go on, and wait for the database by themselves.
                    _log.warning("subscriptions_wait_for_database", reason=error.reason)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._poll):
                        await self._changed.wait()

    async def _follow(self, found: Sequence[SealedSubscription], group: asyncio.TaskGroup) -> None:
        """Ends the relays of what is gone or was changed, and starts those that are missing."""
        current = {each.subscription.subscription_id: each for each in found}
        before = [*self._running]
        for subscription_id in before:
            changed = current.get(subscription_id)
            if changed is None or changed.version != self._running[subscription_id].version:
                await self._end(subscription_id)
        self._unreadable = {each: version for each, version in self._unreadable.items() if each in current}
        for subscription_id, each in current.items():
            if subscription_id not in self._running:
                self._start(each, group)
            if subscription_id in self._running:
                gone = each.subscription.state is SubscriptionState.GONE
                self._metrics.of(subscription_id).is_gone(gone=gone)
        for subscription_id in before:
            if subscription_id not in self._running:
                self._metrics.forget(subscription_id)
        self._metrics.unreadable.set(len(self._unreadable))

    def _start(self, subscription: SealedSubscription, group: asyncio.TaskGroup) -> None:
        subscription_id = subscription.subscription.subscription_id
        try:
            relay = self._relay_of(subscription)
        except FailedPrecondition as problem:
            if self._unreadable.get(subscription_id) != subscription.version:
                self._unreadable[subscription_id] = subscription.version
                _log.error("subscription_unreadable", subscription=subscription_id, problem=problem.message)
            return
        self._unreadable.pop(subscription_id, None)
        task = group.create_task(_kept_running(relay, subscription_id))
        self._running[subscription_id] = _Running(subscription.version, relay, task)

    async def _end(self, subscription_id: str) -> None:
        running = self._running.pop(subscription_id)
        running.task.cancel()
        # It lets go of its claim; whatever becomes of it, the next one may begin.
        await asyncio.wait([running.task])


async def _kept_running(relay: RunningRelay, subscription_id: str) -> None:
    """Runs a relay until canceled."""
    while True:
        try:
            await relay.run()
        except Exception as error:  # noqa: BLE001 - a fault in one subscription must not end the others, or the server
            _log.error("subscription_failed", subscription=subscription_id, fault=type(error).__name__)
            await asyncio.sleep(_AGAIN)
