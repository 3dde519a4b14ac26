"""The load of every benchmark: what to push where, and what came of it. A process of its own does it (pusher.py)."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.benchmarks.contenders import BrokenOff
from tests.support.repository import ROOT

STREAM_FRAMES = "/portero.v1.RecognitionService/StreamFrames"
OPENING_LIMIT = 60.0
"""Seconds that all streams together may take to open."""
ENDING_LIMIT = 10.0
"""Seconds to wait, when all is measured, for the answers still under way."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to push where.

    Attributes:
        addresses: Of the servers; streams are dealt to them in turn.
        method: Full name of the RPC.
        kind: "credit" (portero.v1's stream: as far as its credit goes), "counted" (a stream whose every answer
            acknowledges one message) or "unary".
        pictures: Files to send: JPEG for "credit", whole messages otherwise.
        streams: Streams, one connection each unless `connections` says how many they share.
        window: Messages in flight, each stream; "credit" streams are told by the server.
        rate: Frames a second of each stream; 0 sends as fast as it may.
        first_looks: Most seconds to wait, before the warming up, until a frame of every stream was acknowledged: the
            first of each camera is searched thoroughly; 0 does not wait. Of "credit" streams.
        warm, seconds: What is not measured, then what is.
        servers: Process ids whose processor time, with that of their children, is told.
    """

    addresses: tuple[str, ...]
    pictures: tuple[str, ...]
    method: str = STREAM_FRAMES
    kind: str = "credit"
    streams: int = 16
    connections: int = 0
    window: int = 8
    rate: float = 0.0
    first_looks: float = 0.0
    warm: float = 1.0
    seconds: float = 4.0
    cameras: str = "bench"
    servers: tuple[int, ...] = ()


@dataclass(slots=True)
class Load:
    """What was measured between the end of the warming up and the end.

    Attributes:
        acknowledged: Messages acknowledged.
        messages: Answers it took.
        seconds: Wall time.
        server_seconds: Processor time of the servers.
        client_seconds: Processor time of this process.
        latencies: Seconds from sending to acknowledgment, of each frame of "credit" streams with a rate.
        late: Largest delay of a paced frame behind its time: above some milliseconds this process was the limit.
        server_memory: Resident bytes of the servers at the end.
        first_looks: Seconds it took until a frame of every stream was acknowledged, if that was waited for.
    """

    acknowledged: int
    messages: int
    seconds: float
    server_seconds: float
    client_seconds: float
    latencies: list[float] = field(default_factory=list)
    late: float = 0.0
    server_memory: int = 0
    first_looks: float = 0.0

    @property
    def rate(self) -> float:
        """Messages acknowledged a second."""
        return self.acknowledged / self.seconds

    @property
    def rate_a_core(self) -> float:
        """Messages acknowledged a second of the servers' processor time."""
        return self.acknowledged / max(self.server_seconds, 1e-9)


async def pushed(plan: Plan) -> Load:
    """Runs a plan in a process of its own.

    Raises:
        BrokenOff: It failed, or took a minute and a half longer than planned.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.benchmarks.pusher"),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    limit = plan.first_looks + plan.warm + plan.seconds + OPENING_LIMIT + ENDING_LIMIT + 20.0
    try:
        async with asyncio.timeout(limit):
            output, errors = await process.communicate(json.dumps(asdict(plan)).encode())
    except TimeoutError:
        raise BrokenOff(f"the load gave no answer within {limit:.0f} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if not output:
        raise BrokenOff(f"the load ended with {process.returncode}: {errors.decode(errors='replace').strip()[-300:]}")
    told: dict[str, Any] = json.loads(output)
    if "failed" in told:
        raise BrokenOff(told["failed"])
    return Load(**told)
