"""From sending a frame to its durable acknowledgment, at an offered 1,500 frames/s.

    python -m tests.benchmarks.latency [--full] [--rate 1500]

30 streams of still VGA frames, MariaDB at full durability. The client's figures include both ways through gRPC; the
server's run from receipt to the commit.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from tests.benchmarks.database import durable_mariadb
from tests.benchmarks.load import Plan, pushed
from tests.benchmarks.pictures import scene_files
from tests.benchmarks.results import begun
from tests.benchmarks.serving import served, stage_quantiles

_STREAMS = 30
_SHARES = (0.5, 0.99)


async def main() -> int:
    """Runs the benchmark and saves what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="longer, and more repetitions")
    parser.add_argument("--rate", type=float, default=1500.0, help="frames a second offered by all streams together")
    arguments = parser.parse_args()
    rounds, seconds = (5, 10.0) if arguments.full else (2, 5.0)
    results = begun("latency")
    client: list[list[float]] = []
    reached, behind = [], []
    with tempfile.TemporaryDirectory() as name, durable_mariadb() as database:
        folder = Path(name)
        pictures = scene_files(folder, "still", "vga")
        async with served(folder / "server", database.url("portero"), cameras=_STREAMS) as server:
            for _ in range(rounds):
                load = await pushed(
                    Plan(
                        (server.address,),
                        pictures,
                        streams=_STREAMS,
                        rate=arguments.rate / _STREAMS,
                        warm=2.0,
                        seconds=seconds,
                        servers=(server.process.pid,),
                    )
                )
                ordered = sorted(load.latencies)
                client.append([ordered[int(share * (len(ordered) - 1))] for share in _SHARES])
                reached.append(load.rate)
                behind.append(1000 * load.late)
            inside = await stage_quantiles(server, "ack", _SHARES)
    results.add("acknowledged", "frames/s", reached)
    results.add("largest delay of the load itself", "ms", behind)
    median = results.add("p50, sent to acknowledged", "ms", [1000 * each[0] for each in client])
    tail = results.add("p99, sent to acknowledged", "ms", [1000 * each[1] for each in client])
    results.add("p50, received to durable, by the server's histogram", "ms", [1000 * inside[0]])
    results.add("p99, received to durable, by the server's histogram", "ms", [1000 * inside[1]])
    results.want("p50 at the client, ms", median.median, 25.0, at_most=True)
    results.want("p99 at the client, ms", tail.median, 60.0, at_most=True)
    results.want("share of the offered rate that was acknowledged", min(reached) / arguments.rate, 0.97)
    results.save()
    return 0


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
