"""Connections whose calls come to nothing are closed, seen from the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from portero_server.clock import Clock, SystemClock
from portero_server.domain.access.wasted_calls import Waste, WastePolicy
from portero_server.rpc.connections import Place, shut_down
from portero_server.rpc.flood_guard import FloodGuard
from portero_server.rpc.server import ServerOptions, build_server
from tests.support.server.open_access import open_access
from tests.support.server.raw_http2 import begun_and_reset, header_block, hello
from tests.support.server.rpc_edge import RecordingObserver
from tests.support.time.timeouts import PATIENCE
from tests.support.time.virtual_time import ManualClock

_CHECK = "/grpc.health.v1.Health/Check"


@dataclass(slots=True)
class Floods:
    """Remembers what the guard told, and closes as it does."""

    wasted: list[Waste] = field(default_factory=list)
    closed: int = 0
    _told: asyncio.Event = field(default_factory=asyncio.Event)

    def call_wasted(self, waste: Waste) -> None:
        """A call came to nothing."""
        self.wasted.append(waste)
        self._told.set()

    def connections_closed(self, count: int) -> None:
        """Connections were closed."""
        self.closed += count

    async def until_wasted(self, calls: int) -> None:
        """Waits until so many calls came to nothing: a client has its answer before the guard is told."""
        async with asyncio.timeout(PATIENCE):
            while len(self.wasted) < calls:
                self._told.clear()
                await self._told.wait()


@asynccontextmanager
async def _guarded(
    policy: WastePolicy, floods: Floods, shut: object = shut_down, clock: Clock | None = None
) -> AsyncIterator[int]:
    """Runs a server with a guard; yields its port."""
    time = SystemClock() if clock is None else clock
    guard = FloodGuard(policy, floods, time, shut)  # type: ignore[arg-type]  # what tests put in its place
    options = ServerOptions("127.0.0.1:0")
    server = build_server(options, [], open_access(), RecordingObserver(), SystemClock(), guard=guard)
    port = await server.start()
    try:
        yield port
    finally:
        await server.stop(0)


async def _until_closed(port: int, path: str) -> None:
    """Begins and resets calls until the server ends the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    block, stream = header_block(path), 1
    try:
        writer.write(hello())
        async with asyncio.timeout(PATIENCE):
            while not reader.at_eof():
                writer.write(begun_and_reset(stream, 50, block))
                stream += 100
                await writer.drain()
                await reader.read(65_536)
    except ConnectionError:
        pass
    finally:
        writer.close()


@pytest.mark.parametrize(
    "path",
    [_CHECK, "/portero.v1.NoSuchService/NoSuchMethod", "/grpc.health.v1.Health/Watch"],
    ids=["open", "no", "watch"],
)
async def test_flooding_connection_is_closed_and_its_neighbor_served(path: str) -> None:
    """Calls reset at full speed end their connection, whatever they call; another client's calls are answered."""
    floods = Floods()
    async with (
        _guarded(WastePolicy(per_second=40, by_address=0), floods) as port,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        health = health_pb2_grpc.HealthStub(channel)
        await health.Check(health_pb2.HealthCheckRequest())
        await _until_closed(port, path)
        await health.Check(health_pb2.HealthCheckRequest())
    assert floods.closed == 1
    assert len(floods.wasted) >= 40


async def test_calls_are_told_by_why_they_came_to_nothing() -> None:
    """A health check, and a call of a method that does not exist, are told as what they are."""
    floods = Floods()
    async with (
        _guarded(WastePolicy(), floods, clock=ManualClock()) as port,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
        unknown: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            "/portero.v1.NoSuchService/NoSuchMethod"
        )
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await unknown(b"")
        await floods.until_wasted(2)
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert floods.wasted == [Waste.OPEN, Waste.UNKNOWN]


async def test_connection_is_looked_for_once() -> None:
    """A connection that could not be found is given up, not looked for with each further call."""
    searches: list[Collection[Place]] = []

    def nothing_found(places: Collection[Place], ports: Collection[int]) -> int:
        searches.append(places)
        return 0

    floods = Floods()
    async with (
        _guarded(WastePolicy(per_second=1, by_address=0), floods, nothing_found, ManualClock()) as port,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        health = health_pb2_grpc.HealthStub(channel)
        answers = [await _code(health) for _ in range(20)]
    assert len(searches) == 1
    assert answers[-1] is grpc.StatusCode.UNAVAILABLE
    assert floods.closed == 0


async def test_client_that_gets_the_port_of_a_closed_connection_is_served() -> None:
    """Calls of a closed connection are ignored for a moment only: its port may then be another client's."""
    clock = ManualClock()
    async with (
        _guarded(WastePolicy(per_second=1, by_address=0), Floods(), lambda *_: 0, clock) as port,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        # This connection stands for both: gRPC tells them apart by address and port only.
        health = health_pb2_grpc.HealthStub(channel)
        while await _code(health) is not grpc.StatusCode.UNAVAILABLE:
            pass
        clock.advance(1.0)
        assert await _code(health) is grpc.StatusCode.OK


async def _code(health: health_pb2_grpc.HealthStub) -> grpc.StatusCode:
    try:
        await health.Check(health_pb2.HealthCheckRequest())
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK
