"""The whole job: judge, gate, a durable row in MySQL, acknowledge. Still, moving and identical frames; VGA and 720p.

    python -m tests.benchmarks.whole_job [--full] [--peers]

Every peer is given the same job (job.py), in batches. The limit of a still scene is one core that does nothing but
receive a frame (the bare echo) and decode it to gray, reduced eight times.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from portero_server.vision.jpeg import decode_gray
from tests.benchmarks.contenders import running
from tests.benchmarks.database import durable_mariadb, statements
from tests.benchmarks.load import Load, Plan, pushed
from tests.benchmarks.peers import started_peers
from tests.benchmarks.pictures import SIZES, Scene, scene_files
from tests.benchmarks.results import Results, begun
from tests.benchmarks.serving import served
from tests.mariadb import MariaDB

_STREAMS = 16
_WINDOW = 32
_SCENES: tuple[Scene, ...] = ("still", "moving", "identical")


async def main() -> int:
    """Runs the benchmark and saves what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="longer, and more repetitions")
    parser.add_argument("--peers", action="store_true", help="with MLServer, PyTriton and Ray Serve")
    arguments = parser.parse_args()
    rounds, seconds = (3, 3.0) if arguments.full else (1, 2.0)
    results = begun("whole_job")
    with tempfile.TemporaryDirectory() as name, durable_mariadb() as database:
        folder = Path(name)
        scenes = {(scene, size): scene_files(folder, scene, size) for size in SIZES for scene in _SCENES}
        await _ours(results, folder, database, scenes, rounds, seconds)
        if arguments.peers:
            await _peers(results, folder, database, scenes, seconds)
    results.save()
    return 0


async def _ours(
    results: Results,
    folder: Path,
    database: MariaDB,
    scenes: dict[tuple[Scene, str], tuple[str, ...]],
    rounds: int,
    seconds: float,
) -> None:
    loads: dict[tuple[Scene, str], list[Load]] = {}
    bare: dict[str, list[Load]] = {}
    decode: dict[str, list[float]] = {}
    commits = rows = 0
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(
            served(folder / "server", database.url("portero"), cameras=_STREAMS, stream_window_frames=str(_WINDOW))
        )
        echo = await stack.enter_async_context(
            running("tests.benchmarks.bare_server", "coalesced", str(_WINDOW), log=folder / "echo.log")
        )
        for _ in range(rounds):
            for size in SIZES:
                still = scenes["still", size]
                decode.setdefault(size, []).append(_decode_seconds(still))
                plan = Plan((echo.address,), still, servers=(echo.pid,), seconds=seconds, streams=_STREAMS)
                bare.setdefault(size, []).append(await pushed(plan))
                for scene in _SCENES:
                    before = statements(database, "commit")
                    plan = replace(
                        plan, addresses=(server.address,), pictures=scenes[scene, size], servers=(server.process.pid,)
                    )
                    loads.setdefault((scene, size), []).append(load := await pushed(plan))
                    rows += load.acknowledged
                    commits += statements(database, "commit") - before
    for (scene, size), found in loads.items():
        results.add(f"Portero, {scene} {size}", "frames/s", [each.rate for each in found])
        results.add(f"Portero, {scene} {size}, a core", "frames/s", [each.rate_a_core for each in found])
    for size in SIZES:
        transport = [1 / each.rate_a_core for each in bare[size]]
        results.add(f"transport of {size}", "µs of the bare echo's processor time", [1e6 * each for each in transport])
        results.add(f"decode of {size}, gray, an eighth", "µs", [1e6 * each for each in decode[size]])
        shares = [
            load.rate_a_core * (moved + decoded)
            for load, moved, decoded in zip(loads["still", size], transport, decode[size], strict=True)
        ]
        results.want(f"still {size}: share of 1/(transport + decode) a core", statistics.median(shares), 0.8)
    if not commits:
        raise AssertionError("frames were acknowledged without a commit")
    results.note(f"{rows:,} frames became durable with {commits:,} commits, each forced to the disk")


def _decode_seconds(files: Sequence[str]) -> float:
    """Gives the processor time of the reduced gray decode of one frame."""
    pictures = [Path(each).read_bytes() for each in files]
    for jpeg in pictures:
        decode_gray(jpeg, 8)
    began, times = time.process_time(), 5
    for _ in range(times):
        for jpeg in pictures:
            decode_gray(jpeg, 8)
    return (time.process_time() - began) / times / len(pictures)


async def _peers(
    results: Results,
    folder: Path,
    database: MariaDB,
    scenes: dict[tuple[Scene, str], tuple[str, ...]],
    seconds: float,
) -> None:
    ours = {each.name: each for each in results.figures}
    job = f"{database.port}/portero"
    for scene, size in (("still", "vga"), ("moving", "vga"), ("still", "720p")):
        best = 0.0
        pictures = scenes[scene, size]  # type: ignore[index]  # mypy takes the literals of the loop for plain strings
        peers = started_peers(folder, job, pictures, results, seconds=seconds, window=_WINDOW, streams=False)
        async for label, plan in peers:
            found = [await pushed(plan) for _ in range(2)]
            figure = results.add(f"{label}, {scene} {size}", "frames/s", [each.rate for each in found])
            results.add(f"{label}, {scene} {size}, a core", "frames/s", [each.rate_a_core for each in found])
            best = max(best, figure.median)
        if best:
            results.note(
                f"{scene} {size}: {ours[f'Portero, {scene} {size}'].median / best:.1f} times the best peer's frames/s"
            )


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
