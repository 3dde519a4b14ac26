"""Server-sent events: sightings and cameras of one key in one stream, which a browser resumes by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from pydantic import TypeAdapter

from portero_client import PorteroError, SightingEvent
from portero_console.live.camera_feed import CameraReport
from portero_console.live.feeds import Feed
from portero_console.problems import Problem, login_needed, problem_from

HEARTBEAT = 15.0
"""Longest silence, seconds."""

_AHEAD = 16
"""Messages of one viewer that wait to be sent; the feeds wait for a viewer that is slower."""

_SIGHTINGS = TypeAdapter(SightingEvent)
_REPORTS = TypeAdapter(CameraReport)
_PROBLEMS: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


def message(event: str, data: bytes, position: int | None = None) -> bytes:
    """Returns one server-sent event; `data` is JSON on one line."""
    head = b"" if position is None else b"id: %d\n" % position
    return head + b"event: %s\ndata: %s\n\n" % (event.encode(), data)


def problem_message(problem: Problem) -> bytes:
    """Returns the last event of a stream that ends for a reason."""
    return message("ended", _PROBLEMS.dump_json(problem.content))


async def live_messages(
    feed: Feed,
    after: int | None,
    ended: asyncio.Event,
    heartbeat: float = HEARTBEAT,
    *,
    login_over: asyncio.Event | None = None,
    still_in: Callable[[], bool] = lambda: True,
) -> AsyncIterator[bytes]:
    """Yields what happens, as server-sent events, until the console stops, the server refuses or the login ends.

    `ready` comes before the first `sighting`: what is stored up to its position can be read now, and all that follows
    will come. `cameras` comes at once and when something changed, `alive` when nothing else did, and at the end `ended`
    with a problem document.

    Args:
        feed: What the key's viewers share.
        after: Position to resume after; None is now.
        ended: Set when the console stops.
        heartbeat: Longest silence, seconds.
        login_over: Set when the viewer's login ends; None: there is none.
        still_in: Returns whether the login still holds, and counts it as used; called with each event.
    """
    waiting: asyncio.Queue[bytes | None] = asyncio.Queue(_AHEAD)
    tasks = [asyncio.create_task(_sightings(feed, after, waiting)), asyncio.create_task(_cameras(feed, waiting))]
    ends = [asyncio.create_task(each.wait()) for each in (ended, login_over) if each is not None]
    # One until it is done: a canceled one might have taken an event with it.
    getting = asyncio.create_task(waiting.get())
    try:
        while True:
            await asyncio.wait({getting, *ends}, timeout=heartbeat, return_when=asyncio.FIRST_COMPLETED)
            if ended.is_set():
                return
            if not still_in():
                yield problem_message(login_needed())
                return
            if not getting.done():
                yield message("alive", b"{}")
                continue
            item = getting.result()
            if item is None:
                return
            getting = asyncio.create_task(waiting.get())
            yield item
    finally:
        for task in (*tasks, *ends, getting):
            task.cancel()
        await asyncio.gather(*tasks, *ends, getting, return_exceptions=True)


async def _sightings(feed: Feed, after: int | None, waiting: asyncio.Queue[bytes | None]) -> None:
    try:
        position = await feed.sightings.position()
        start = position if after is None else after
        await waiting.put(message("ready", b"{}", start))
        async for event in feed.sightings.events(start):
            await waiting.put(message("sighting", _SIGHTINGS.dump_json(event), event.position))
    except PorteroError as error:
        await waiting.put(problem_message(problem_from(error)))
        await waiting.put(None)


async def _cameras(feed: Feed, waiting: asyncio.Queue[bytes | None]) -> None:
    try:
        async for report in feed.cameras.reports():
            await waiting.put(message("cameras", _REPORTS.dump_json(report)))
    except PorteroError as error:
        await waiting.put(problem_message(problem_from(error)))
        await waiting.put(None)
