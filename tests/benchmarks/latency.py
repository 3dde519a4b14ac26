"""From sending a frame to its durable acknowledgment, at an offered 1,500 frames/s and at half of saturation.

    python -m tests.benchmarks.latency [--full] [--rate 1500]

30 streams of still VGA frames, MariaDB at full durability. The client's figures include both ways through gRPC; the
server's run from receipt to the commit.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.benchmarks.database import durable_mariadb
from tests.benchmarks.load import Load, Plan, pushed
from tests.benchmarks.pictures import scene_files
from tests.benchmarks.results import Figure, Results, begun
from tests.benchmarks.serving import quantiles, served, stage_counts
from tests.support.processes.server_process import ServerProcess

_STREAMS = 30
_SHARES = (0.5, 0.99)


async def main() -> int:
    """Runs the benchmark and saves what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="longer, and more repetitions")
    parser.add_argument("--rate", type=float, default=1500.0, help="frames a second offered by all streams together")
    parser.add_argument("--seconds", type=float, help="of each load, instead of the 3, or 10 of a full run")
    arguments = parser.parse_args()
    rounds, seconds = (5, arguments.seconds or 10.0) if arguments.full else (2, arguments.seconds or 3.0)
    results = begun("latency")
    with tempfile.TemporaryDirectory() as name, durable_mariadb() as database:
        folder = Path(name)
        pictures = scene_files(folder, "still", "vga")
        async with served(folder / "server", database.url("portero"), cameras=_STREAMS) as server:
            plan = Plan(
                (server.address,),
                pictures,
                streams=_STREAMS,
                warm=2.0 if arguments.full else 1.0,
                seconds=seconds,
                servers=(server.process.pid,),
            )
            saturated = results.add(
                "saturated: acknowledged as fast as may be",
                "frames/s",
                [(await pushed(plan)).rate for _ in range(rounds // 2)],
            )
            half = max(10.0, round(saturated.median / 2, -1))
            await _offered(results, server, plan, half, rounds)
            median, tail, reached = await _offered(results, server, plan, arguments.rate, rounds)
    results.note(f"{half:.0f} frames/s are half of what saturates this machine: there, no queue is measured")
    results.want(f"p50 at {arguments.rate:.0f}/s at the client, ms", median.median, 25.0, at_most=True)
    results.want(f"p99 at {arguments.rate:.0f}/s at the client, ms", tail.median, 60.0, at_most=True)
    results.want(
        f"share of the offered {arguments.rate:.0f}/s that was acknowledged",
        min(reached.values) / arguments.rate,
        0.97,
    )
    results.save()
    return 0


async def _offered(
    results: Results, server: ServerProcess, plan: Plan, rate: float, rounds: int
) -> tuple[Figure, Figure, Figure]:
    """Offers a rate; gives the client's p50 and p99, milliseconds, and the rate acknowledged, of each round."""
    loads, inside = [], []
    for _ in range(rounds):
        began = await stage_counts(server, "ack")
        pushing = asyncio.create_task(pushed(replace(plan, rate=rate / plan.streams)))
        warm = await _warmed_up(server, plan, began, pushing)
        loads.append(await pushing)
        inside.append(quantiles(await stage_counts(server, "ack"), warm, _SHARES))
    answered = [sorted(load.latencies) for load in loads if load.latencies]
    if not answered:
        raise AssertionError(f"nothing was acknowledged at {rate:.0f} frames/s")
    offered = f"{rate:.0f}/s offered"
    tails = []
    reached = results.add(f"{offered}: acknowledged", "frames/s", [load.rate for load in loads])
    results.add(f"{offered}: largest delay of the load itself", "ms", [1000 * load.late for load in loads])
    for share in _SHARES:
        found = [ordered[int(share * (len(ordered) - 1))] for ordered in answered]
        title = f"{offered}: p{100 * share:.0f}, sent to acknowledged"
        tails.append(results.add(title, "ms", [1000 * each for each in found]))
    for number, share in enumerate(_SHARES):
        title = f"{offered}: p{100 * share:.0f}, received to durable, by the server's histogram"
        results.add(title, "ms", [1000 * found[number] for found in inside])
    return tails[0], tails[1], reached


async def _warmed_up(
    server: ServerProcess, plan: Plan, began: dict[float, float], pushing: asyncio.Task[Load]
) -> dict[float, float]:
    """Waits until the load has warmed up; gives what the server had counted by then, and the client leaves out too.

    Every camera's first frame is searched thoroughly, and all that come meanwhile wait for it: in the histogram they
    would be one in a hundred.
    """
    counted = began
    while counted == began and not pushing.done():
        await asyncio.sleep(0.2)
        counted = await stage_counts(server, "ack")
    await asyncio.sleep(plan.warm)
    return await stage_counts(server, "ack")


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
