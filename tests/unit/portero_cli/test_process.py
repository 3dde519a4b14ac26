from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process

from portero.v1.sighting_service_pb2 import SIGHTING_EVENT_KIND_STARTED

from tests.support.client.server import FakeServer
from tests.support.time.timeouts import PATIENCE


async def start(server: FakeServer, *arguments: str) -> Process:
    """Starts the command as its users do."""
    # A child inherits an ignored signal, as of tests that run in the background, but never a handler. `preexec_fn`
    # would do this as well, but runs in a fork of this process, where gRPC may log that its threads are gone.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "portero_cli",
            *arguments,
            stdout=PIPE,
            stderr=PIPE,
            env={**os.environ, "PORTERO_SERVER": server.address},
        )
    finally:
        signal.signal(signal.SIGINT, before)


async def test_the_command_prints_one_document_and_nothing_else(server: FakeServer) -> None:
    """As a process, stdout is the document and stderr is empty: no library writes between."""
    process = await start(server, "cameras", "--json")
    out, err = await process.communicate()
    assert process.returncode == 0
    assert out == b'{\n  "cameras": [],\n  "next_page_token": ""\n}\n'
    assert err == b""


async def test_an_absent_server_is_one_line(server: FakeServer) -> None:
    """As a process, the error is one line without anything of gRPC's, and comes by itself."""
    await server.stop()
    process = await start(server, "people", "list")
    out, err = await asyncio.wait_for(process.communicate(), timeout=PATIENCE)
    assert (process.returncode, out) == (5, b"")
    assert err.startswith(b"error: no Portero server answers at ")
    assert err.count(b"\n") == 1


async def test_ctrl_c_ends_a_watch_quietly(server: FakeServer) -> None:
    """Ctrl-C ends a watch with code 130 and without a traceback."""
    process = await start(server, "watch")
    await server.sightings.watched(1)
    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()
    assert (process.returncode, out, err) == (130, b"", b"")


async def test_a_reader_that_has_seen_enough_is_no_fault(server: FakeServer) -> None:
    """When `head` closes the pipe, the command ends without a traceback."""
    server.sightings.store("s1", "door", "ana")
    for _ in range(2000):
        await server.sightings.tell(SIGHTING_EVENT_KIND_STARTED, "s1")
    process = await start(server, "watch", "--after", "0", "--json")
    assert process.stdout is not None
    assert process.stderr is not None
    await process.stdout.readline()
    process.stdout._transport.close()  # type: ignore[attr-defined]  # a StreamReader offers no other way
    err = await process.stderr.read()
    assert (await process.wait(), err) == (1, b"")
