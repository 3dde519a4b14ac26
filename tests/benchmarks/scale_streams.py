"""How the cost grows with streams: mostly idle ones, busy ones; what connections and a second process buy.

python -m tests.benchmarks.scale_streams [--full]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from tests.benchmarks.database import durable_mariadb
from tests.benchmarks.load import Load, Plan, pushed
from tests.benchmarks.pictures import scene_files
from tests.benchmarks.results import Results, begun
from tests.benchmarks.serving import served

_IDLE_RATE = 0.5
# A thousand first frames, searched thoroughly at some 35 ms each, and a machine that may do something else.
_FIRST_LOOKS = 180.0


async def main() -> int:
    """Runs the benchmark and saves what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="up to 1,000 streams, and longer")
    parser.add_argument("--seconds", type=float, help="of each load, to try it in little time")
    arguments = parser.parse_args()
    results = begun("scale_streams")
    idle, seconds = ((1, 10, 100, 300, 1000), 8.0) if arguments.full else ((1, 20, 200), 3.0)
    seconds = max(2.5, arguments.seconds or seconds)
    busy, rounds = ((1, 5, 16, 50), 2) if arguments.full else ((1, 16, 50), 1)
    with tempfile.TemporaryDirectory() as name, durable_mariadb() as database:
        folder = Path(name)
        pictures = scene_files(folder, "still", "vga")
        url = database.url("portero")
        async with served(folder / "idle", url, cameras=max(idle)) as server:
            plan = Plan((server.address,), pictures, servers=(server.process.pid,), seconds=seconds)
            await _idle(results, plan, idle)
        # Another server has its memory for itself.
        async with served(folder / "busy", url, cameras=50) as server:
            plan = Plan((server.address,), pictures, servers=(server.process.pid,), seconds=seconds / 2)
            end = await _busy(results, plan, busy)
            spread = await _connections(results, plan, rounds)
        second = await _second_process(results, folder, url, plan, pictures, rounds)
    results.note(f"**Where one process ends and what the second buys.** {end} {second} {spread}")
    results.save()
    return 0


async def _idle(results: Results, plan: Plan, counts: tuple[int, ...]) -> None:
    cores, tails, memory = [], [], []
    for count in counts:
        # What is measured are idle cameras, not a thousand that are switched on at once.
        load = await pushed(replace(plan, streams=count, rate=_IDLE_RATE, first_looks=_FIRST_LOOKS, warm=4.0))
        if not load.latencies:
            raise AssertionError(f"nothing of {count} streams was acknowledged")
        ordered = sorted(load.latencies)
        cores.append((float(count), load.server_seconds / load.seconds))
        tails.append((float(count), 1000 * ordered[int(0.99 * (len(ordered) - 1))]))
        memory.append((float(count), load.server_memory / 2**20))
        results.add(f"{count} streams, a frame every {1 / _IDLE_RATE:g} s each", "cores", [cores[-1][1]])
        results.add(f"{count} such streams, p99 to the durable acknowledgment", "ms", [tails[-1][1]])
        results.add(f"{count} such streams, opened at once: until each had a frame looked at", "s", [load.first_looks])
    results.curve("Mostly idle streams: processor", "streams", "cores", {"server": cores})
    results.curve("Mostly idle streams: p99 to the durable acknowledgment", "streams", "ms", {"client": tails})
    results.curve("Mostly idle streams: memory", "streams", "MiB", {"server": memory})
    each = (memory[-1][1] - memory[0][1]) / (counts[-1] - counts[0])
    results.add("memory of one more stream", "KiB", [1024 * each])


async def _busy(results: Results, plan: Plan, counts: tuple[int, ...]) -> str:
    rates, cores, used = list[tuple[float, float]](), list[tuple[float, float]](), dict[float, float]()
    for count in counts:
        load = await pushed(replace(plan, streams=count))
        rates.append((float(count), load.rate))
        cores.append((float(count), load.rate_a_core))
        used[load.rate] = load.server_seconds / load.seconds
        results.add(f"{count} busy streams", "frames/s", [load.rate])
        results.add(f"{count} busy streams, a core", "frames/s", [load.rate_a_core])
    results.curve("Busy streams", "streams", "frames/s", {"reached": rates, "a core of the server": cores})
    most, best = max(rates, key=lambda point: point[1])
    return (
        f"One process ends at {best:,.0f} still VGA frames/s, reached with {most:.0f} busy streams and "
        f"{used[best]:.2f} of {os.cpu_count()} processors; {rates[-1][0]:.0f} streams together get "
        f"{rates[-1][1]:,.0f}."
    )


async def _connections(results: Results, plan: Plan, rounds: int) -> str:
    rates = {}
    for connections in (1, 4, 16):
        loads = [await pushed(replace(plan, streams=16, connections=connections)) for _ in range(rounds)]
        figure = results.add(f"16 streams over {connections} connections", "frames/s", [load.rate for load in loads])
        rates[connections] = figure.median
    return (
        f"Sixteen streams over one connection get {rates[1] / rates[16]:.2f} times what they get over sixteen, and "
        f"over four {rates[4] / rates[16]:.2f} times"
    )


async def _second_process(
    results: Results, folder: Path, url: str, plan: Plan, pictures: tuple[str, ...], rounds: int
) -> str:
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(served(folder / f"two-{each}", url, cameras=16)) for each in (0, 1)]
        loads: dict[int, list[Load]] = {}
        for number in (1, 2) * rounds:
            some = servers[:number]
            both = replace(
                plan,
                addresses=tuple(server.address for server in some),
                servers=tuple(server.process.pid for server in some),
                pictures=pictures,
                streams=16,
            )
            loads.setdefault(number, []).append(await pushed(both))
    rates, cores = {}, {}
    for number, found in loads.items():
        name = "1 server process" if number == 1 else f"{number} server processes"
        rates[number] = results.add(f"{name} on one database", "frames/s", [load.rate for load in found]).median
        cores[number] = results.add(f"{name}, a core", "frames/s", [load.rate_a_core for load in found]).median
    return (
        f"A second process on the same database and the same machine makes {rates[2] / rates[1]:.2f} times the frames "
        f"({rates[1]:,.0f} become {rates[2]:,.0f}/s), with the load and the database on the same {os.cpu_count()} "
        f"processors; a core of a server then does {cores[2]:,.0f} frames/s instead of {cores[1]:,.0f}, which is what "
        f"another machine would add for each of its cores."
    )


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
