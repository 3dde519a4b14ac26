"""Nothing that a caller sends is found in what a real server writes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.processes.server_process import running_server
from tests.support.server.raw_http2 import raw_connection
from tests.support.time.timeouts import PATIENCE

_CANARY = b"c4n4ry"
_METHOD = "/portero.v1.GalleryService/GetPerson"
_CALLS = 20
_LINES = 10
"""Far fewer lines of one source than the calls would leave."""


@pytest.mark.parametrize("auth", ["none", "required"])
async def test_what_a_caller_sends_is_not_in_the_log_and_does_not_flood_it(tmp_path: Path, auth: str) -> None:
    """Bearers and metadata that are not UTF-8 leave few lines, without a byte of them, and nothing of gRPC's core."""
    odd = [
        (b"authorization", b"Bearer \xff\xfe" + _CANARY),
        (b"authorization", b"Bearer ptk_" + _CANARY),
        (b"x-odd", b"\xc3\x28" + _CANARY),
        (_CANARY + b"-bin", b"!!" + _CANARY),
        (b"grpc-timeout", _CANARY),
    ]
    async with running_server(tmp_path, ENGINE="scripted", AUTH=auth, LOG_LINES=str(_LINES)) as server:
        async with raw_connection(server.address) as connection, asyncio.timeout(PATIENCE):
            for _ in range(_CALLS):
                calls = [connection.begin(_METHOD, header, message=b"") for header in odd]
                calls.append(connection.begin(f"/{_CANARY.decode()}", message=b""))
                await connection.until_ended(calls)
            assert not connection.closing.is_set()
        reader, writer = await asyncio.open_connection(*server.address.split(":"))
        writer.write(b"GET /" + _CANARY + b" HTTP/1.1\r\n\r\n")
        await reader.read()
        writer.close()
        assert await server.stop() == 0
    assert _CANARY.decode() not in str(server.lines)
    assert server.others == []
    events = [line["event"] for line in server.lines]
    assert 0 < events.count("Invalid encoding on") <= 2 * _LINES // 10
    assert events.count("log_lines_suppressed") == 1
