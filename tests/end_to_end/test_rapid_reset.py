"""A client that resets its calls at full speed, against a real server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import grpc
import httpx2
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.benchmarks.hostile.attacker import Orders, attack
from tests.support.processes.server_process import running_server

_SECONDS = 3.0


@pytest.mark.slow
async def test_rapid_reset_of_one_refuses_nobody_else(tmp_path: Path) -> None:
    """While one anonymous client floods, no call of another is refused; connections are closed, and both are told."""
    codes: list[grpc.StatusCode] = []
    async with running_server(tmp_path, engine="scripted", auth="required") as server:
        orders = Orders("reset-closed", server.address, _SECONDS, rate=50_000)
        flood = asyncio.create_task(asyncio.to_thread(attack, orders))
        async with grpc.aio.insecure_channel(server.address) as channel:
            health = health_pb2_grpc.HealthStub(channel)
            while not flood.done():
                codes.append(await _code(health))
                await asyncio.sleep(0.05)
        done = await flood
        async with httpx2.AsyncClient() as http:
            metrics = (await http.get(f"http://{server.admin}/metrics")).text
        flooded = [line["address"] for line in server.lines if line["event"] == "flood_of_calls"]
    assert set(codes) == {grpc.StatusCode.OK}
    assert done.closed > 0
    assert flooded == [orders.source]
    assert "portero_flooding_connections_closed_total" in metrics
    assert "portero_flooding_connections_closed_total 0.0" not in metrics


async def _code(health: health_pb2_grpc.HealthStub) -> grpc.StatusCode:
    try:
        await health.Check(health_pb2.HealthCheckRequest())
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK
