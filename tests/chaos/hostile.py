"""Callers that mean harm and have no credential, each kind within bounds: `python -m tests.chaos.hostile KIND PORT`.

Talks to 127.0.0.1 only and stops by itself. Prints a line when it has begun, and one JSON document in the end: what it
sent and what the server ended.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass

from tests.support.images.pngs import inflating_png
from tests.support.server.raw_http2 import raw_connection

SECRET = "secret-of-the-rig"
"""Stands in what is sent in place of a credential; nobody may log it."""
BEGUN = "begun"
"""The line that is printed once the first calls are made, or all those that are held."""
_LONGEST = 60.0
_CONNECTIONS = 60
"""Enough for `_MOST_CALLS`: a connection has at most 100 calls at once."""
_MOST_CALLS = 5000
"""Calls held at once, over all connections: more than the server serves."""
_MOST_CONNECTIONS = 500
_MOST_RESETS = 20_000
_MOST_METADATA = 2000
_BURST = 100
_PAUSE = 0.005
_SIDE = 1000
"""Pixels that the image claims, each way."""

_CHECK = "/grpc.health.v1.Health/Check"
_WATCH = "/grpc.health.v1.Health/Watch"
_SEARCH = "/portero.v1.GalleryService/SearchByImage"
_SILENT = (*[_WATCH] * 17, _CHECK, "/portero.v1.CameraService/GetCamera", _SEARCH)


@dataclass(slots=True)
class Deeds:
    """What a hostile caller did.

    Attributes:
        calls: Calls begun.
        resets: Calls given up at once.
        ended: Calls that the server ended.
        connections: How many it took.
        begun: Whether it has done what it is there for, once.
    """

    kind: str
    calls: int = 0
    resets: int = 0
    ended: int = 0
    connections: int = 0
    begun: bool = False

    def begin(self) -> None:
        """Prints a line, the first time: from now on whoever calls beside it has something to suffer from."""
        if not self.begun:
            self.begun = True
            sys.stdout.write(f"{BEGUN}\n")
            sys.stdout.flush()


async def silent_calls(port: int, until: float, deeds: Deeds) -> None:
    """Begins calls whose message never comes, and watches that nobody ends, over many connections; holds them all."""
    async with AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(raw_connection(_at(port))) for _ in range(_CONNECTIONS)]
        deeds.connections += len(connections)
        while time.monotonic() < until:
            for connection in connections:
                for number in range(min(_BURST, _MOST_CALLS // _CONNECTIONS - len(connection.open_calls))):
                    call = connection.begin(_SILENT[number % len(_SILENT)])
                    if number % 4 == 0 and _SILENT[number % len(_SILENT)] == _WATCH:
                        connection.message(call, b"")
                    deeds.calls += 1
                await connection.drain()
                await asyncio.sleep(_PAUSE)
            deeds.begin()
            if all(connection.closing.is_set() for connection in connections):
                break
        deeds.ended += sum(len(connection.ended) for connection in connections)


async def rapid_resets(port: int, until: float, deeds: Deeds) -> None:
    """Begins calls and gives each up in the same breath."""
    async with raw_connection(_at(port)) as connection:
        deeds.connections += 1
        while time.monotonic() < until and deeds.resets < _MOST_RESETS and not connection.closing.is_set():
            for _ in range(_BURST):
                connection.reset(connection.begin(_CHECK))
            deeds.calls += _BURST
            deeds.resets += _BURST
            await connection.drain()
            deeds.begin()
            await asyncio.sleep(_PAUSE)


async def garbled_metadata(port: int, until: float, deeds: Deeds) -> None:
    """Sends metadata that is not UTF-8, a bearer token among it."""
    extra = [(b"authorization", b"Bearer \xff\xfe " + SECRET.encode()), (b"x-note", b"\xc3\x28\xa0\xa1")]
    async with raw_connection(_at(port)) as connection:
        deeds.connections += 1
        while time.monotonic() < until and deeds.calls < _MOST_METADATA and not connection.closing.is_set():
            for _ in range(10):
                connection.begin(_CHECK, *extra, message=b"")
                deeds.calls += 1
            await connection.drain()
            deeds.begin()
            await asyncio.sleep(_PAUSE * 4)
        deeds.ended += len(connection.ended)


async def inflating_image(port: int, until: float, deeds: Deeds) -> None:
    """Has a small PNG decoded that inflates to gigabytes."""
    picture = inflating_png(_SIDE)
    # SearchByImageRequest's image is field 1: tag, length, bytes.
    message = b"\x0a" + _varint(len(picture)) + picture
    async with raw_connection(_at(port)) as connection:
        deeds.connections += 1
        while time.monotonic() < until and deeds.calls < 3 and not connection.closing.is_set():
            stream = connection.begin(_SEARCH)
            connection.message(stream, message)
            deeds.calls += 1
            await connection.drain()
            deeds.begin()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(until - time.monotonic()):
                    await connection.until_ended([stream])
        deeds.ended += len(connection.ended)


def _at(port: int) -> str:
    return f"127.0.0.1:{port}"


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    out.append(value)
    return bytes(out)


KINDS: Mapping[str, Callable[[int, float, Deeds], Awaitable[None]]] = {
    "calls": silent_calls,
    "resets": rapid_resets,
    "metadata": garbled_metadata,
    "image": inflating_image,
}


async def _do(kind: str, port: int, seconds: float) -> Deeds:
    deeds = Deeds(kind)
    until = time.monotonic() + min(seconds, _LONGEST)
    while time.monotonic() < until:
        try:
            await KINDS[kind](port, until, deeds)
        except OSError:
            # The server is away, which is others' doing.
            await asyncio.sleep(0.2)
        else:
            await asyncio.sleep(_PAUSE)
        if deeds.connections > _MOST_CONNECTIONS:
            break
    return deeds


def main() -> None:
    """Does what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("port", type=int)
    parser.add_argument("--seconds", type=float, default=5.0, help=f"at most {_LONGEST:g}")
    arguments = parser.parse_args()
    deeds = asyncio.run(_do(arguments.kind, arguments.port, arguments.seconds))
    json.dump(asdict(deeds), sys.stdout)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
