"""The hostile callers' own means: frames by hand, and bounds."""

from __future__ import annotations

import asyncio
import struct
import zlib

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from tests.chaos.hostile import Deeds, rapid_resets
from tests.support.images.pngs import inflating_png
from tests.support.server.raw_http2 import raw_connection
from tests.support.time.timeouts import PATIENCE


@pytest.fixture
async def health_port() -> object:
    """A server of grpc's own that tells of its health."""
    server = grpc.aio.server()
    servicer = health.aio.HealthServicer()
    await servicer.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield port
    await server.stop(None)


async def test_frames_by_hand_make_a_call_that_grpc_answers(health_port: int) -> None:
    """A call with its message ends, and one without stays open."""
    async with raw_connection(f"127.0.0.1:{health_port}") as connection:
        silent = connection.begin("/grpc.health.v1.Health/Check")
        spoken = connection.begin("/grpc.health.v1.Health/Check")
        connection.message(spoken, b"")
        async with asyncio.timeout(PATIENCE):
            await connection.until_ended([spoken])
        assert connection.open_calls == {silent}


async def test_resets_end_by_themselves(health_port: int) -> None:
    """A caller that resets stops when its time is over, having counted what it did."""
    import time

    deeds = Deeds("resets")
    await rapid_resets(health_port, time.monotonic() + 0.3, deeds)
    assert deeds.calls == deeds.resets > 0


def test_the_picture_inflates_to_gigabytes() -> None:
    """It is a sound PNG of less than 5 MiB whose data would take a thousand times that."""
    data = inflating_png(1000)
    assert len(data) < 5 * 1024 * 1024
    length, kind = struct.unpack_from(">I4s", data, 33)
    assert kind == b"IDAT"
    inflating = zlib.decompressobj()
    block = inflating.decompress(data[41 : 41 + 64 * 1024], 16 * 1024 * 1024)
    assert len(block) == 16 * 1024 * 1024
    assert length > 60 * 64 * 1024
