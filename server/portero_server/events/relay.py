"""Sends stored events to a webhook: by one server at a time, at least once, those of a camera in their order.

How far events are delivered is stored, so that a restart repeats little and forgets nothing. An event that is not
taken holds up those of its camera at once, and those of other cameras when a page of events is full of them.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from portero_server.clock import Clock
from portero_server.domain.events.breaker import DeliveryBreaker
from portero_server.domain.events.delivery import DeliveryResult, RetryPolicy, lanes, settled_up_to
from portero_server.domain.events.message import PictureLink, message_of
from portero_server.domain.events.schedules import DeliverySchedule, quiet_until, waited_since_due
from portero_server.domain.recording.sightings import SightingEvent
from portero_server.errors import StoreUnavailable
from portero_server.events.relay_ports import (
    DeliveryJournal,
    EventSelection,
    EventSource,
    Names,
    NoJournal,
    PictureLinks,
    RelayObserver,
    RelayStore,
    Sender,
)
from portero_server.store.event_relays import RelayState

_log = structlog.get_logger(__name__)

_FRESH = 5.0
"""Seconds for which events are sent as they were read; then they are read again, for what was erased since."""

_LINK_TIME = 2.0
"""Seconds: what is sent is as fresh as _FRESH says, and these, and the lease has room for both."""

_LONGEST_PAUSE = 900.0
"""Seconds after which whoever waits for a time looks at the clock again, which may have been set."""


def pause_until(moment: datetime, now: datetime) -> float:
    """Returns the seconds to wait until a moment, at most a quarter of an hour."""
    return min(_LONGEST_PAUSE, max(0.0, (moment - now).total_seconds()))


@dataclass(frozen=True, slots=True)
class RelayPolicy:
    """Pace and limits.

    Attributes:
        poll: How often events of other servers are looked for, seconds.
        lease: Seconds for which one server alone sends; when it dies, another one goes on after them. More than the
            longest time between two claims while it sends: _FRESH and the most that PORTERO_WEBHOOK_TIMEOUT allows.
        page: Most events held in memory.
        parallel: Most messages in flight.
        retries: When a message is tried again, and given up.
        gather: Seconds to wait after news, so that events which follow are read together.
        tolerated: Rounds in a row in which nothing is taken, before one message at a time is tried; 0: all are, always.
        schedule: When messages are sent; None: at any time.
    """

    poll: float = 1.0
    lease: float = 25.0
    page: int = 100
    parallel: int = 8
    retries: RetryPolicy = field(default_factory=RetryPolicy)
    gather: float = 0.0
    tolerated: int = 0
    schedule: DeliverySchedule | None = None

    def held(self, now: datetime) -> float | None:
        """Returns the seconds for which nothing is to be sent; None: it may be sent now."""
        end = quiet_until(now, self.schedule)
        return None if end is None else pause_until(end, now)

    def waited(self, happened_at: datetime, now: datetime) -> timedelta:
        """Returns how long ago a message became due."""
        return waited_since_due(happened_at, self.schedule, now)


class Relay:
    """Sends events to one webhook; `run` does the work."""

    def __init__(
        self,
        source: EventSource,
        names: Names,
        store: RelayStore,
        sender: AbstractAsyncContextManager[Sender],
        wanted: EventSelection,
        clock: Clock,
        observer: RelayObserver,
        policy: RelayPolicy | None = None,
        chance: random.Random | None = None,
        journal: DeliveryJournal | None = None,
        name: str = "",
        links: PictureLinks | None = None,
        turns: AbstractAsyncContextManager[object] | None = None,
    ) -> None:
        """Creates a relay.

        Args:
            source: Where events are read.
            names: Says who may be named when a message is sent.
            store: How far events are delivered, and which server sends.
            sender: Entered while the relay runs.
            wanted: Which events are sent.
            clock: Dates failures and leases.
            observer: Receives what happens.
            policy: Pace and limits.
            chance: Spreads retries.
            journal: Keeps what becomes of messages; None: nobody does.
            name: Of the subscription, for logs; empty: it is the webhook of the settings.
            links: Makes links to snapshots; None: messages have none.
            turns: Entered before each page is read; None: nobody else has to wait for its end.
        """
        self._source = source
        self._names = names
        self._store = store
        self._sender = sender
        self._wanted = wanted
        self._clock = clock
        self._observer = observer
        self._policy = policy or RelayPolicy()
        self._chance = chance or random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._log = _log.bind(subscription=name) if name else _log
        self._resume = f"portero subscriptions resume {name}" if name else "portero-server webhook resume"
        self._journal: DeliveryJournal = journal or NoJournal()
        self._links = links
        self._turns = turns
        self._breaker = DeliveryBreaker(self._policy.tolerated)
        self._changed = asyncio.Event()
        # Positions beyond the stored one of which nothing is left to send, and how often others were refused.
        self._settled: set[int] = set()
        self._refusals: dict[int, int] = {}
        self._failures = 0
        self._gone = False
        self._taken = 0
        # What was stored when the last page was read, and up to where nothing of it is left to send.
        self._read = RelayState(0, stopped=False)
        self._reached = 0

    def notify(self, position: int) -> None:
        """Says that events up to a position exist."""
        self._changed.set()

    async def run(self) -> None:
        """Sends events until canceled, and then lets another server go on at once."""
        async with self._sender as sender:
            try:
                while True:
                    self._changed.clear()
                    try:
                        pause = await self._turn(sender)
                    except StoreUnavailable as error:
                        self._log.warning("webhook_waits_for_database", reason=error.reason)
                        pause = self._policy.poll
                    if self._failures:
                        # News is no reason to try sooner.
                        await asyncio.sleep(pause)
                        continue
                    with suppress(TimeoutError):
                        async with asyncio.timeout(pause):
                            await self._changed.wait()
                    if self._policy.gather:
                        await asyncio.sleep(self._policy.gather)
            finally:
                with suppress(StoreUnavailable):
                    # What was delivered just before the end is not sent again.
                    await self._store.advance(self._read, self._reached)
                    await self._store.release()
                    await self._journal.write()

    async def _turn(self, sender: Sender) -> float:
        """Sends what waits. Returns the seconds to wait unless something new happens."""
        while True:
            if (held := self._policy.held(self._clock.now())) is not None:
                self._observer.behind(0.0)
                return held
            horizon = await self._source.last_position()
            state = await self._store.state(horizon)
            self._observer.stopped(stopped=state.stopped)
            if state.rewinds != self._read.rewinds or state.position < self._read.position:
                # Somebody asked for a replay: what is sent beyond the position is sent again too.
                self._forget()
            if state.stopped or state.position >= horizon:
                self._observer.behind(0.0)
                return self._policy.poll
            async with self._turns or nullcontext():
                if not await self._store.claim(self._clock.now(), self._policy.lease):
                    self._observer.behind(0.0)
                    self._forget()
                    return self._policy.poll
                # Another server may have sent while this one waited for its turn.
                if self._turns is not None and await self._store.state(horizon) != state:
                    continue
                if (pause := await self._page(sender, state, horizon)) is not None:
                    return pause

    async def _page(self, sender: Sender, state: RelayState, horizon: int) -> float | None:
        """Sends one page of events. Returns the pause before the next try, or None if all of it was settled."""
        events = await self._source.events_after(state.position, limit=self._policy.page)
        people = {event.sighting.person_id for event in events if event.sighting.person_id is not None}
        names = await self._names(people) if people else {}
        await self._wanted.refresh()
        # Alerts first: somebody who may not be named any more is no stranger, and makes none.
        told = [as_may_be_told(event, names) for event in await self._wanted.told(events)]
        try:
            problem = await self._deliver(sender, told)
        finally:
            position = settled_up_to(events, self._settled, state.position)
            self._read, self._reached = state, position
        await self._journal.write()
        waiting = [event for event in events if event.position > position]
        if not waiting and len(events) < self._policy.page:
            # Nothing lies between the last event and what was there before the page was read.
            position = max(position, horizon)
        if position > state.position:
            await self._store.advance(state, position)
            self._settled = {each for each in self._settled if each > position}
            self._refusals = {each: count for each, count in self._refusals.items() if each > position}
        if self._gone:
            self._gone = False
            await self._store.stop("GONE")
            self._log.error("webhook_stopped", advice=f"it answered 410 Gone; {self._resume} starts it again")
            return None
        self._observer.behind(self._waited(waiting[0]).total_seconds() if waiting else 0.0)
        if problem is None:
            self._failures = 0
            return None
        # Where something was taken the webhook lives, and is tried again soon.
        self._failures = 1 if position > state.position else self._failures + 1
        pause = self._policy.retries.pause(self._failures, self._chance.random())
        self._log.warning("webhook_failed", problem=problem, failures=self._failures, pause=round(pause, 1))
        return pause

    async def _deliver(self, sender: Sender, events: Sequence[SightingEvent]) -> str | None:
        """Sends events, those of each camera one after the other. Returns a problem that a later try may solve."""
        unsettled = [lane for lane in lanes(events) if any(event.position not in self._settled for event in lane)]
        waiting = self._breaker.chosen(unsettled)
        self._taken = 0
        until = self._clock.monotonic() + _FRESH
        problems: list[str] = []

        async def work() -> None:
            while waiting and not self._gone:
                if (problem := await self._lane(sender, waiting.pop(0), until)) is not None:
                    problems.append(problem)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._policy.parallel, len(waiting))):
                group.create_task(work())
        self._breaker.round_ended(taken=self._taken, problems=len(problems))
        return problems[0] if problems else None

    async def _lane(self, sender: Sender, events: Sequence[SightingEvent], until: float) -> str | None:
        for event in events:
            if event.position in self._settled:
                continue
            if self._wanted.wants(event):
                if self._gone or self._clock.monotonic() > until or self._policy.held(self._clock.now()) is not None:
                    return None
                if (problem := await self._send(sender, event)) is not None:
                    return problem
            self._settled.add(event.position)
        return None

    async def _send(self, sender: Sender, event: SightingEvent) -> str | None:
        """Sends one event. Returns the problem if it is to be sent again."""
        links = None if self._links is None else await self._linked(self._links, event.sighting.sighting_id)
        began = self._clock.monotonic()
        sent = await sender.send(message_of(event, links))
        self._observer.sent(sent.result.value, self._clock.monotonic() - began)
        if sent.result is DeliveryResult.DELIVERED:
            self._taken += 1
            self._journal.note(event, sent, self._clock.now(), given_up=False)
            return None
        if sent.result is DeliveryResult.GONE:
            self._gone = True
            self._journal.note(event, sent, self._clock.now(), given_up=False)
            return sent.problem
        refusals = self._refusals.get(event.position, 0) + (sent.result is DeliveryResult.REFUSED)
        self._refusals[event.position] = refusals
        age = self._waited(event)
        given_up = self._policy.retries.gives_up(sent.result, refusals, age)
        self._journal.note(event, sent, self._clock.now(), given_up=given_up)
        if given_up:
            self._observer.given_up()
            seconds = round(age.total_seconds())
            self._log.error("webhook_message_given_up", position=event.position, problem=sent.problem, age=seconds)
            return None
        return sent.problem

    async def _linked(self, links: PictureLinks, sighting_id: str) -> Sequence[PictureLink]:
        """Returns links to snapshots; none if they cannot be made soon: the event must not grow old meanwhile."""
        try:
            async with asyncio.timeout(_LINK_TIME):
                return await links.of(sighting_id)
        except TimeoutError:
            return ()

    def _waited(self, event: SightingEvent) -> timedelta:
        return self._policy.waited(event.happened_at, self._clock.now())

    def _forget(self) -> None:
        """Forgets what was sent beyond the stored position, as when another server sends."""
        self._settled.clear()
        self._refusals.clear()
        self._failures = 0


def as_may_be_told(event: SightingEvent, names: Mapping[str, str]) -> SightingEvent:
    """Returns an event without its person if nobody may be told the name any more."""
    sighting = event.sighting
    if sighting.person_id is None:
        return event
    if (name := names.get(sighting.person_id)) is not None:
        return replace(event, sighting=replace(sighting, display_name=name))
    return replace(event, sighting=replace(sighting, person_id=None, display_name="", similarity=0.0, margin=0.0))
