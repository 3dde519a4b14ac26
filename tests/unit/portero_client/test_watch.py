from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from portero.v1 import sighting_service_pb2 as pb2

from portero_client import (
    Backoff,
    InvalidArgument,
    NotFound,
    PorteroClient,
    PorteroError,
    ResourceExhausted,
    ServerFault,
    SightingEventKind,
    SightingKind,
    SightingWatch,
    Unreachable,
)
from portero_client.watch import WatchCall
from tests.support.client.server import FakeServer
from tests.support.client.wire import Refusal, not_found

STARTED = pb2.SIGHTING_EVENT_KIND_STARTED
LEFT = pb2.SIGHTING_EVENT_KIND_LEFT
_BROKEN = grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata())


async def positions(watch: SightingWatch, count: int) -> list[int]:
    """Returns the positions of the next events."""
    return [(await anext(watch)).position for _ in range(count)]


async def test_stored_events_come_first_then_new_ones(client: PorteroClient, server: FakeServer) -> None:
    """From position 0 everything stored is given, then what happens."""
    server.sightings.store("s1", "door", "ana")
    await server.sightings.tell(STARTED, "s1")
    async with client.watch_sightings(after=0) as watch:
        first = await anext(watch)
        assert (first.kind, first.sighting.display_name) == (SightingEventKind.STARTED, "Ana")
        await server.sightings.tell(LEFT, "s1")
        assert (await anext(watch)).kind is SightingEventKind.LEFT


async def test_without_a_position_only_what_comes_is_given(client: PorteroClient, server: FakeServer) -> None:
    """A watch without a position begins now, and other cameras stay out of a camera's watch."""
    server.sightings.store("s1", "door", "ana")
    server.sightings.store("s2", "desk", "bea")
    await server.sightings.tell(STARTED, "s1")
    async with client.watch_sightings(camera="desk") as watch:
        coming = asyncio.ensure_future(anext(watch))
        await server.sightings.watched(1)
        await server.sightings.tell(LEFT, "s1")
        await server.sightings.tell(STARTED, "s2")
        assert (await coming).sighting.name == "sightings/s2"


async def test_a_watch_is_of_one_person_or_kind(client: PorteroClient, server: FakeServer) -> None:
    """Other people, and strangers, stay out of a person's watch, and a malformed person is refused at once."""
    for sighting, person in (("s1", "ana"), ("s2", ""), ("s3", "bea")):
        server.sightings.store(sighting, "door", person)
        await server.sightings.tell(STARTED, sighting)
    async with client.watch_sightings(after=0, person="bea") as watch:
        assert (await anext(watch)).sighting.name == "sightings/s3"
    async with client.watch_sightings(after=0, kind=SightingKind.UNKNOWN) as watch:
        assert (await anext(watch)).sighting.name == "sightings/s2"
    with pytest.raises(InvalidArgument):
        client.watch_sightings(person="No Body")


async def test_a_watch_is_never_repeated_by_grpc(
    client: PorteroClient, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A watch has a connection on which gRPC repeats nothing, beside the one of calls, where it may."""
    made: list[dict[str, object]] = []
    insecure_channel = grpc.aio.insecure_channel

    def making(target: str, options: Sequence[tuple[str, object]]) -> grpc.aio.Channel:
        made.append(dict(options))
        return insecure_channel(target, options=options)

    monkeypatch.setattr(grpc.aio, "insecure_channel", making)
    server.sightings.store("s1", "door", "ana")
    await server.sightings.tell(STARTED, "s1")
    async with client.watch_sightings(after=0) as watch:
        assert await positions(watch, 1) == [1]
    assert [options["grpc.enable_retries"] for options in made] == [0]
    assert "grpc.service_config" not in made[0]
    await client.check_health()
    assert [options["grpc.enable_retries"] for options in made] == [0, 1]


@pytest.mark.parametrize(
    "end",
    [
        Refusal(grpc.StatusCode.UNAVAILABLE, "Socket closed", bare=True),
        Refusal(grpc.StatusCode.INTERNAL, "Received RST_STREAM with error code 2", bare=True),
        Refusal(grpc.StatusCode.ABORTED, "moved", reason="MOVED"),
        None,
    ],
)
async def test_a_cut_is_mended_without_a_hole_or_a_repetition(
    client: PorteroClient, server: FakeServer, end: Refusal | None
) -> None:
    """However a watch ends, the next one goes on after the last event given."""
    server.sightings.store("s1", "door", "ana")
    await server.sightings.tell(STARTED, "s1")
    await server.sightings.tell(LEFT, "s1")
    async with client.watch_sightings(after=0) as watch:
        assert await positions(watch, 2) == [1, 2]
        coming = asyncio.ensure_future(positions(watch, 2))
        await server.sightings.cut(end)
        await server.sightings.watched(2)
        await server.sightings.tell(STARTED, "s1")
        await server.sightings.tell(LEFT, "s1")
        assert await coming == [3, 4]
    assert server.sightings.watches == [0, 2]


async def test_a_restarted_server_is_found_again(client: PorteroClient, server: FakeServer) -> None:
    """A watch outlives its server."""
    server.sightings.store("s1", "door", "ana")
    await server.sightings.tell(STARTED, "s1")
    async with client.watch_sightings(after=0) as watch:
        assert await positions(watch, 1) == [1]
        coming = asyncio.ensure_future(positions(watch, 1))
        await server.stop()
        await server.start()
        await server.sightings.tell(LEFT, "s1")
        assert await coming == [2]


async def test_what_will_not_heal_is_raised(client: PorteroClient, server: FakeServer) -> None:
    """A watch of what does not exist ends with its error instead of trying for ever."""
    server.refuse("WatchSightings", not_found("cameras/door"))
    with pytest.raises(NotFound):
        await anext(client.watch_sightings(camera="door"))
    server.refuse("WatchSightings", Refusal(grpc.StatusCode.INTERNAL, "fault 17", reason="INTERNAL"))
    with pytest.raises(ServerFault, match="fault 17"):
        await anext(client.watch_sightings())
    with pytest.raises(InvalidArgument):
        client.watch_sightings(camera="No Camera")


async def test_a_caller_that_gives_up_waiting_misses_nothing(client: PorteroClient, server: FakeServer) -> None:
    """A canceled wait ends the call; iterating again goes on where the watch was."""
    server.sightings.store("s1", "door", "ana")
    watch = client.watch_sightings(after=0)
    waiting = asyncio.ensure_future(anext(watch))
    await server.sightings.watched(1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await server.sightings.tell(STARTED, "s1")
    assert await positions(watch, 1) == [1]
    await watch.aclose()


class ScriptedCall:
    """A watch whose messages are written down: positions of events, negative ones for bare positions."""

    def __init__(self, script: Sequence[int]) -> None:
        self._script = list(script)

    async def read(self) -> object:
        """Returns the next message, then breaks."""
        if not self._script:
            raise _BROKEN
        position = self._script.pop(0)
        message = pb2.WatchSightingsResponse(position=abs(position))
        if position > 0:
            message.sighting.name = f"sightings/{position}"
        return message.SerializeToString()

    def cancel(self) -> bool:
        """Ends nothing."""
        return True


def scripted(calls: list[Sequence[int]], error: PorteroError, backoff: Backoff, waits: list[float]) -> SightingWatch:
    """Returns a watch over scripted calls that notes its waits instead of waiting."""

    def open_call(position: int | None) -> WatchCall:
        return ScriptedCall(calls.pop(0))

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    return SightingWatch(open_call, lambda _: error, after=0, backoff=backoff, sleep=sleep, draw=lambda: 1.0)


@given(st.lists(st.lists(st.integers(-12, 12).filter(bool), max_size=6), min_size=1, max_size=6))
async def test_positions_only_grow_whatever_servers_send(calls: list[list[int]]) -> None:
    """Even from a server that repeats itself, no position is given twice or out of order."""
    watch = scripted([*calls, [1000]], Unreachable("gone"), Backoff(), [])
    given_positions: list[int] = []
    async for event in watch:
        given_positions.append(event.position)
        if event.position == 1000:
            break
    assert given_positions == sorted(set(given_positions))


async def test_waits_grow_while_nothing_comes_and_start_again_after_a_message() -> None:
    """The backoff counts failures in a row; a message ends the row."""
    waits: list[float] = []
    watch = scripted([[], [], [1], [], [2]], Unreachable("gone"), Backoff(first=1, cap=8), waits)
    assert await positions(watch, 2) == [1, 2]
    assert waits == [1, 2, 1, 2]


async def test_a_server_that_says_when_to_come_back_is_obeyed() -> None:
    """A longer wait asked for by the server wins over the backoff."""
    waits: list[float] = []
    error = ResourceExhausted("too many watches", retry_after=30)
    watch = scripted([[], [1]], error, Backoff(first=1, cap=8), waits)
    assert await positions(watch, 1) == [1]
    assert waits == [30]


class SwallowingCall:
    """A call whose read takes a cancellation for the end of the call, as grpc.aio does while it begins."""

    def __init__(self, outcome: bytes | grpc.aio.AioRpcError) -> None:
        self.reading = asyncio.Event()
        self.cancelled = False
        self._outcome = outcome

    async def read(self) -> object:
        """Waits to be canceled, and gives the outcome instead."""
        self.reading.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        if isinstance(self._outcome, bytes):
            return self._outcome
        raise self._outcome

    def cancel(self) -> bool:
        """Notes it."""
        self.cancelled = True
        return True


@pytest.mark.parametrize("outcome", [_BROKEN, pb2.WatchSightingsResponse(position=1).SerializeToString(), b""])
async def test_a_cancellation_that_grpc_swallows_ends_the_watch(outcome: bytes | grpc.aio.AioRpcError) -> None:
    """Whoever cancels a task that waits for an event ends it, whatever the read made of the cancellation."""
    call = SwallowingCall(outcome)
    watch = SightingWatch(lambda _: call, lambda _: Unreachable("gone"), after=0, backoff=Backoff())
    coming = asyncio.ensure_future(anext(watch))
    await call.reading.wait()
    coming.cancel()
    with pytest.raises(asyncio.CancelledError):
        await coming
    assert call.cancelled
    assert watch.position == 0
