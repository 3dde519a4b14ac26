"""A hostile caller beside the run, as a process of its own, and good calls that must be served all the while."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process

from portero_client import ConnectionSettings, PorteroClient
from portero_client.errors import PorteroError
from tests.chaos.actors import Actors
from tests.chaos.faults import Fault
from tests.support.model.script import camera_name

_KINDS = {
    Fault.HOSTILE_CALLS: "calls",
    Fault.HOSTILE_RESETS: "resets",
    Fault.HOSTILE_METADATA: "metadata",
    Fault.HOSTILE_IMAGE: "image",
}
_PATIENCE = 15.0
"""Seconds in which a good call is answered, however busy the machine is."""
_PAUSE = 0.2
_MOST_LINES = 300
"""Lines that the server may log meanwhile, the streams' own among them."""
_NEWS = 1.0
_LONGEST_START = 10.0
"""Seconds within which the hostile process begins, however busy the machine is."""


class HostileCaller:
    """Calls one server with ill will."""

    def __init__(self, cast: Actors) -> None:
        self._cast = cast

    async def call(self, fault: Fault, seconds: float) -> None:
        """Lets a hostile process loose and makes good calls beside it; one that is shut out is a trouble."""
        cast = self._cast
        lines = cast.server_lines
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.chaos.hostile",
            _KINDS[fault],
            str(cast.port),
            "--seconds",
            # It goes on while a good call waits, and is killed in the end.
            f"{seconds + _LONGEST_START + _PATIENCE:.1f}",
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=DEVNULL,
        )
        try:
            await self._begun(process)
            until = time.monotonic() + seconds
            while time.monotonic() < until and process.returncode is None:
                # A call that begins while the server is still starting is refused by nobody's fault.
                served, life, began = cast.serving.is_set(), cast.server.lives, time.monotonic()
                # And one that waits for a database that is away, or a process that is stopped, by nobody's but theirs.
                outages = cast.outages
                struck, away = outages.struck, outages.going_on
                trouble = await self._good_call()
                if trouble is not None:
                    # Whether the server died meanwhile is known a moment later.
                    await asyncio.sleep(_NEWS)
                lived = served and cast.serving.is_set() and cast.server.lives == life
                lived = lived and not away and outages.struck == struck
                # Resets take a share of everybody's calls, which gRPC leaves no way to prevent.
                if trouble is not None and lived and fault is not Fault.HOSTILE_RESETS:
                    cast.outcome.troubles.append(f"beside {_KINDS[fault]} a good call failed: {trouble}")
                elif trouble is None:
                    cast.outcome.beside_hostile.append(time.monotonic() - began)
                await asyncio.sleep(_PAUSE)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if (logged := cast.server_lines - lines) > _MOST_LINES:
            cast.outcome.troubles.append(f"beside {_KINDS[fault]} the server logged {logged} lines")

    async def _begun(self, process: Process) -> None:
        """Waits until the hostile process has done something, since nothing before that is beside it.

        One that has not by then, because the server is away, is no trouble.
        """
        assert process.stdout is not None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST_START):
                await process.stdout.readline()

    async def _good_call(self) -> str | None:
        """Makes a call over a connection of its own; returns what went wrong."""
        address = f"127.0.0.1:{self._cast.port}"
        try:
            async with asyncio.timeout(_PATIENCE), PorteroClient(ConnectionSettings(address)) as client:
                await client.cameras.get(camera_name(0))
        except TimeoutError:
            return f"no answer within {_PATIENCE:g} s"
        except PorteroError as error:
            return f"{type(error).__name__}: {error}"
        return None
