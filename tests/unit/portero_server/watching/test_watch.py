"""Following sighting events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest

from portero_server.domain.access.fair_places import PlaceShares
from portero_server.domain.recording.sightings import SightingEvent
from portero_server.errors import InvalidInput, LimitReached, StoreUnavailable, Unavailable
from portero_server.watching.watch import Watch, Watcher, WatchPolicy, WatchUpdate
from tests.support.store.sighting_events import MemoryEvents
from tests.support.time.virtual_time import in_virtual_time, running_clock

_POLICY = WatchPolicy(heartbeat=10, poll=3, page=4, watchers=PlaceShares(3, 4, 5))


def _watch(events: MemoryEvents) -> Watch[SightingEvent]:
    return Watch(events.events_after, events.last_position, _POLICY)


def _with_events(count: int) -> MemoryEvents:
    events = MemoryEvents()
    for _ in range(count):
        events.happen()
    return events


async def _take(news: AsyncIterator[WatchUpdate[SightingEvent]], count: int) -> list[tuple[int, bool]]:
    """Takes so many news as (position, whether something happened)."""
    return [(item.position, item.item is not None) for item in [await anext(news) for _ in range(count)]]


@asynccontextmanager
async def _running(watch: Watch[SightingEvent]) -> AsyncIterator[None]:
    task = asyncio.create_task(watch.run())
    try:
        yield
    finally:
        task.cancel()


@in_virtual_time
async def test_watcher_reads_what_is_stored_in_pages() -> None:
    """From position 0 every stored event comes, in order, never more than a page in memory."""
    events = _with_events(10)
    async with aclosing(_watch(events).watch(0, None)) as news:
        assert await _take(news, 10) == [(position, True) for position in range(1, 11)]
    assert max(events.pages) == _POLICY.page


@in_virtual_time
async def test_watcher_resumes_after_its_position() -> None:
    """After a position only what followed it comes."""
    async with aclosing(_watch(_with_events(5)).watch(3, None)) as news:
        assert await _take(news, 2) == [(4, True), (5, True)]


@in_virtual_time
async def test_watcher_from_now_on_hears_its_position_first() -> None:
    """Without a position nothing old comes, and the first news tells where one is."""
    events = _with_events(5)
    watch = _watch(events)
    async with aclosing(watch.watch(None, None)) as news:
        assert await _take(news, 1) == [(5, False)]
        watch.notify(events.happen())
        assert await _take(news, 1) == [(6, True)]


@in_virtual_time
async def test_commit_wakes_every_watcher_at_once() -> None:
    """All watchers hear of a commit without a tick of the clock."""
    events = _with_events(1)
    watch = _watch(events)
    async with aclosing(watch.watch(1, None)) as first, aclosing(watch.watch(1, "door")) as second:
        waiting = [asyncio.create_task(_take(news, 1)) for news in (first, second)]
        await asyncio.sleep(0)
        before = running_clock().monotonic()
        watch.notify(events.happen())
        assert await asyncio.gather(*waiting) == [[(2, True)], [(2, True)]]
        assert running_clock().monotonic() == before


@in_virtual_time
async def test_events_of_other_processes_are_found_by_polling() -> None:
    """An event that nobody told us of comes after a poll at the latest."""
    events = _with_events(1)
    watch = _watch(events)
    async with _running(watch), aclosing(watch.watch(1, None)) as news:
        waiting = asyncio.create_task(_take(news, 1))
        await asyncio.sleep(1)
        events.happen()
        assert await waiting == [(2, True)]
        assert running_clock().monotonic() - 1000.0 <= _POLICY.poll


@in_virtual_time
async def test_polling_outlives_a_database_that_is_away() -> None:
    """A poll that fails is tried again at the next interval."""
    events = _with_events(1)
    watch = _watch(events)
    async with _running(watch), aclosing(watch.watch(1, None)) as news:
        waiting = asyncio.create_task(_take(news, 1))
        await asyncio.sleep(0.5)
        events.broken = True
        await asyncio.sleep(_POLICY.poll)
        events.broken = False
        events.happen()
        assert await waiting == [(2, True)]


@in_virtual_time
async def test_nobody_watching_means_no_polling() -> None:
    """Without watchers the database is left alone."""
    events = MemoryEvents()
    events.broken = True
    async with _running(_watch(events)):
        await asyncio.sleep(10 * _POLICY.poll)


@in_virtual_time
async def test_quiet_watcher_hears_its_position_each_heartbeat() -> None:
    """With nothing to tell, the position comes once a heartbeat interval."""
    async with aclosing(_watch(_with_events(2)).watch(2, None)) as news:
        assert await _take(news, 3) == [(2, False)] * 3
    assert running_clock().monotonic() == 1000.0 + 3 * _POLICY.heartbeat


@in_virtual_time
async def test_position_of_a_quiet_camera_moves_on_with_the_others() -> None:
    """A watcher of one camera passes over the others' events, keeps its heartbeat, and never rereads them."""
    events = MemoryEvents()
    watch = _watch(events)

    async def elsewhere() -> None:
        while True:
            await asyncio.sleep(0.5)
            watch.notify(events.happen("hall"))

    busy = asyncio.create_task(elsewhere())
    async with aclosing(watch.watch(0, "door")) as news:
        ((position, happened),) = await _take(news, 1)
    busy.cancel()
    assert not happened
    assert position >= _POLICY.heartbeat / 0.5 - 1
    assert running_clock().monotonic() == 1000.0 + _POLICY.heartbeat
    assert set(events.pages) == {0}


@in_virtual_time
async def test_what_is_not_wanted_is_passed_over() -> None:
    """A watcher of some sightings gets those alone, over full pages of others, and a heartbeat at their position."""
    events = _with_events(11)
    wanted = {"s2", "s9"}
    watch = _watch(events).watch(0, None, wanted=lambda event: event.sighting.sighting_id in wanted)
    async with aclosing(watch) as news:
        assert await _take(news, 3) == [(2, True), (9, True), (11, False)]
    assert running_clock().monotonic() == 1000.0 + _POLICY.heartbeat


@in_virtual_time
async def test_slow_watcher_holds_up_nobody() -> None:
    """One watcher that takes nothing leaves the others' time alone, and loses nothing itself."""
    events = _with_events(1)
    watch = _watch(events)
    async with aclosing(watch.watch(0, None)) as slow, aclosing(watch.watch(0, None)) as quick:
        assert await _take(slow, 1) == [(1, True)]
        for _ in range(20):
            watch.notify(events.happen())
        assert await _take(quick, 21) == [(position, True) for position in range(1, 22)]
        assert await _take(slow, 20) == [(position, True) for position in range(2, 22)]


@in_virtual_time
async def test_drain_ends_every_watcher_with_unavailable() -> None:
    """Draining ends a waiting watcher, one with a page in hand, and one that comes too late."""
    events = _with_events(3)
    watch = _watch(events)
    async with (
        aclosing(watch.watch(3, None)) as waiting,
        aclosing(watch.watch(0, None)) as reading,
        aclosing(watch.watch(0, None)) as late,
    ):
        next_of_waiting = asyncio.create_task(_take(waiting, 1))
        assert await _take(reading, 1) == [(1, True)]
        await asyncio.sleep(0)
        watch.drain()
        for ended in (next_of_waiting, _take(reading, 1), _take(late, 1)):
            with pytest.raises(Unavailable) as caught:
                await ended
            assert caught.value.reason == "DRAINING"


@in_virtual_time
async def test_one_watcher_too_many_is_refused_until_another_leaves() -> None:
    """The watches of one identity are bounded, and a place is free again when one closes."""
    watch = _watch(_with_events(1))
    watchers = [watch.watch(0, None) for _ in range(_POLICY.watchers.holder)]
    for news in watchers:
        await _take(news, 1)
    assert watch.watchers == _POLICY.watchers.holder
    with pytest.raises(LimitReached, match=r"3 watches .* PORTERO_WATCHERS_BY_IDENTITY"):
        await _take(watch.watch(0, None), 1)
    await watchers.pop().aclose()
    async with aclosing(watch.watch(0, None)) as news:
        assert await _take(news, 1) == [(1, True)]
    for other in watchers:
        await other.aclose()
    assert watch.watchers == 0


async def _opened(watch: Watch[SightingEvent], *who: Watcher) -> list[AsyncGenerator[WatchUpdate[SightingEvent], None]]:
    """Opens watches that have read everything."""
    opened = [watch.watch(None, None, watcher=each) for each in who]
    for news in opened:
        await _take(news, 1)
    return opened


@in_virtual_time
async def test_one_who_takes_every_place_gives_one_up_to_a_newcomer() -> None:
    """Keys that fill the server are told which limit was reached, one watch at a time; the newcomer watches."""
    watch = _watch(_with_events(1))
    greedy, greedy_too, newcomer = Watcher("keys/a"), Watcher("keys/b"), Watcher("keys/c")
    held = await _opened(watch, *(greedy,) * 3, *(greedy_too,) * 2)
    oldest = asyncio.create_task(_take(held[0], 1))
    (served,) = await _opened(watch, newcomer)
    with pytest.raises(LimitReached, match=r"5 watches .* PORTERO_MAX_WATCHERS") as lost:
        await oldest
    assert (lost.value.reason, lost.value.retry_after) == ("TOO_MANY_WATCHERS", _POLICY.heartbeat)
    for news in (*held, served):
        await news.aclose()
    assert watch.watchers == 0


@in_virtual_time
async def test_many_keys_of_one_scope_share_a_limit() -> None:
    """Keys made for one site take four places together, however many they are; another site's key gets the fifth."""
    watch = _watch(_with_events(1))
    held = await _opened(watch, *(Watcher(f"keys/{number}", "sites/bank") for number in range(4)))
    with pytest.raises(LimitReached, match=r"4 watches .* PORTERO_WATCHERS_BY_SCOPE") as refused:
        await _opened(watch, Watcher("keys/4", "sites/bank"))
    assert refused.value.reason == "TOO_MANY_WATCHERS_OF_SCOPE"
    held += await _opened(watch, Watcher("keys/5", "sites/hotel"))
    for news in held:
        await news.aclose()


@in_virtual_time
async def test_position_that_was_never_given_is_refused() -> None:
    """A position beyond the last one belongs to another database, where waiting for it would miss events."""
    with pytest.raises(InvalidInput) as caught:
        await _take(_watch(_with_events(3)).watch(4, None), 1)
    assert (caught.value.field, caught.value.reason) == ("after_position", "POSITION_BEYOND_LAST")


@in_virtual_time
async def test_lost_database_ends_the_watcher() -> None:
    """A watcher that cannot read is told so, to come back with its position."""
    events = _with_events(1)
    watch = _watch(events)
    async with aclosing(watch.watch(1, None)) as news:
        waiting = asyncio.create_task(_take(news, 1))
        await asyncio.sleep(0)
        events.broken = True
        watch.notify(2)
        with pytest.raises(StoreUnavailable):
            await waiting


@in_virtual_time
async def test_commit_during_a_read_is_not_missed() -> None:
    """An event committed while a watcher reads is read right after, not at the next commit."""
    events = _with_events(1)
    watch = _watch(events)
    async with aclosing(watch.watch(1, None)) as news:
        waiting = asyncio.create_task(_take(news, 1))
        events.gate.clear()
        await asyncio.sleep(0)
        watch.notify(events.happen())
        events.gate.set()
        assert await waiting == [(2, True)]
