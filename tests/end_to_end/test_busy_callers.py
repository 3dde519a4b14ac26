"""Callers in good faith that ask a lot, and what the guard against floods makes of them and of their neighbors."""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from pathlib import Path
from typing import Any

import grpc
import httpx2
import psutil
from grpc_health.v1 import health_pb2, health_pb2_grpc
from portero.v1 import recognition_service_pb2_grpc, stream_pb2

from portero_client import ConnectionSettings, PorteroClient
from portero_client.errors import PorteroError, ResourceExhausted, Unreachable
from tests.support.processes.server_process import created_key, running_server
from tests.support.time.timeouts import PATIENCE

_CALLS = 1000
_FAST = 500
_OPENING = stream_pb2.StreamFramesRequest(
    open=stream_pb2.OpenStream(camera="cameras/door", epoch="life", mode=stream_pb2.DELIVERY_MODE_LIVE)
)


_REFUSED = "RST_STREAM with error code 7"


async def _asked(client: PorteroClient, calls: int, *, again: int = 0) -> Counter[str]:
    """Asks for a camera so many times at once; returns how these calls ended.

    A call that gRPC refuses (REFUSED_STREAM), since the connection carries too many, was not processed at all
    (RFC 9113, 8.7): it is made again, at most `again` times. No other failure is excused.
    """

    async def ask() -> str:
        for left in range(again, -1, -1):
            try:
                await client.cameras.get("cameras/door")
            except ResourceExhausted:
                return "ResourceExhausted"
            except Unreachable as error:
                if not left or _REFUSED not in str(error.__cause__ or error.__context__):
                    return str(error)
            except PorteroError as error:
                return str(error)
            else:
                return "OK"
        raise AssertionError

    return Counter(await asyncio.gather(*(ask() for _ in range(calls))))


async def test_a_thousand_calls_at_once_on_one_connection_are_served(tmp_path: Path) -> None:
    """A client that asks ten times as much at once as one connection carries hears all its answers."""
    async with (
        running_server(tmp_path, engine="scripted") as server,
        PorteroClient(ConnectionSettings(server.address)) as client,
    ):
        await client.cameras.create("door")
        assert await _asked(client, _CALLS, again=9) == {"OK": _CALLS}


async def test_a_key_that_asks_too_fast_is_told_so_and_keeps_its_connection(tmp_path: Path) -> None:
    """Beyond the requests of one identity its calls are refused, and no others are lost with their connection."""
    key = await created_key(tmp_path, "desk", "admin")
    async with (
        # Fewer than any machine asks, however busy it is.
        running_server(tmp_path, engine="scripted", auth="required", limit_requests="10") as server,
        PorteroClient(ConnectionSettings(server.address, token=key)) as client,
    ):
        await client.cameras.create("door")
        ended = await _asked(client, _FAST, again=9) + await _asked(client, _FAST, again=9)
    assert set(ended) == {"OK", "ResourceExhausted"}
    assert [line for line in server.lines if line["event"] == "flood_of_calls"] == []


async def test_streams_stay_when_void_keys_of_the_same_address_flood(tmp_path: Path) -> None:
    """While callers with a void key lose their connections, streams and health checks with a sound one go on."""
    key = await created_key(tmp_path, "hall", "admin")
    sound = (("authorization", f"Bearer {key}"),)
    async with (
        running_server(tmp_path, engine="scripted", auth="required", limit_wasted_calls="5") as server,
        PorteroClient(ConnectionSettings(server.address, token=key)) as client,
        grpc.aio.insecure_channel(server.address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel,
    ):
        await client.cameras.create("door")
        stream: Any = recognition_service_pb2_grpc.RecognitionServiceStub(channel).StreamFrames(metadata=sound)
        await stream.write(_OPENING)
        assert (await stream.read()).HasField("opened")
        void = PorteroClient(ConnectionSettings(server.address, token="ptk_not_a_key_of_anybody"))
        async with void, asyncio.timeout(PATIENCE):
            while not any(line["event"] == "flood_of_calls" for line in server.lines):
                await _asked(void, 50)
        # The address is on probation, where a stranger's second check within two seconds ends its connection.
        health = health_pb2_grpc.HealthStub(channel)
        for _ in range(4):
            await health.Check(health_pb2.HealthCheckRequest())
        await stream.write(stream_pb2.StreamFramesRequest(finish=stream_pb2.Finish()))
        async with asyncio.timeout(PATIENCE):
            while not (answer := await stream.read()).HasField("finished"):
                assert answer != grpc.aio.EOF


async def test_a_server_without_places_is_not_ready(tmp_path: Path) -> None:
    """With all places taken, /readyz answers 503 and says why, and 200 again when one is free."""
    async with (
        running_server(tmp_path, engine="scripted", max_calls="1") as server,
        httpx2.AsyncClient(base_url=f"http://{server.admin}", timeout=PATIENCE) as http,
        PorteroClient(ConnectionSettings(server.address)) as client,
        grpc.aio.insecure_channel(server.address) as channel,
    ):
        await client.cameras.create("door")
        assert (await http.get("/readyz")).status_code == 200
        stream: Any = recognition_service_pb2_grpc.RecognitionServiceStub(channel).StreamFrames()
        await stream.write(_OPENING)
        assert (await stream.read()).HasField("opened")
        full = await http.get("/readyz")
        assert (full.status_code, "1 calls, its most" in full.text) == (503, True)
        stream.cancel()
        async with asyncio.timeout(PATIENCE):
            while (await http.get("/readyz")).status_code != 200:
                pass


async def test_a_started_server_may_open_as_many_files_as_the_system_allows(tmp_path: Path) -> None:
    """The soft limit of descriptors of the process that serves is the hard one, wherever it began."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    mine = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, hard), hard))
    try:
        async with running_server(tmp_path, engine="scripted") as server:
            soft = psutil.Process(server.process.pid).rlimit(resource.RLIMIT_NOFILE)[0]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, mine)
    assert soft == hard > 512
