"""The whole job: judge, gate, a durable row in MySQL, acknowledge. Still, moving and identical frames; VGA and 720p.

    python -m tests.benchmarks.whole_job [--full] [--peers]

Every peer is given the same job (job.py), in batches where it makes any. The limit of a still scene is one core that
does nothing but receive a frame (the bare echo) and decode it to gray, reduced eight times.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from portero_server.vision.jpeg import decode_gray
from tests.benchmarks.contenders import BrokenOff, running
from tests.benchmarks.database import durable_mariadb, statements
from tests.benchmarks.load import Load, Plan, pushed
from tests.benchmarks.peers import Peer, measured_peers
from tests.benchmarks.pictures import SIZES, Scene, scene_files
from tests.benchmarks.results import Results, begun
from tests.benchmarks.serving import served
from tests.support.store.mariadb import MariaDB

_STREAMS = 16
_WINDOW = 32
# Frames with somebody in them are acknowledged when it is decided who it is: in bursts, that must be many.
_MOVING_SECONDS = 4.0
_SCENES: tuple[Scene, ...] = ("still", "moving", "identical")


async def main() -> int:
    """Runs the benchmark and saves what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="longer, and more repetitions")
    parser.add_argument("--peers", action="store_true", help="with MLServer, PyTriton and Ray Serve")
    parser.add_argument("--seconds", type=float, help="of each load, instead of the 2, or 3 of a full run")
    arguments = parser.parse_args()
    rounds, seconds = (3, arguments.seconds or 3.0) if arguments.full else (1, arguments.seconds or 2.0)
    results = begun("whole_job")
    with tempfile.TemporaryDirectory() as name, durable_mariadb() as database:
        folder = Path(name)
        scenes = {(scene, size): scene_files(folder, scene, size) for size in SIZES for scene in _SCENES}
        await _ours(results, folder, database, scenes, rounds, seconds)
        if arguments.peers:
            await _peers(results, folder, database, scenes, max(1, rounds - 1), seconds)
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
                        plan,
                        addresses=(server.address,),
                        pictures=scenes[scene, size],
                        servers=(server.process.pid,),
                        seconds=_seconds(scene, seconds),
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


def _seconds(scene: Scene, seconds: float) -> float:
    return max(seconds, _MOVING_SECONDS) if scene == "moving" else seconds


def _decode_seconds(files: Sequence[str]) -> float:
    """Returns the processor time of the reduced gray decode of one frame."""
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
    rounds: int,
    seconds: float,
) -> None:
    ours = {each.name: each.median for each in results.figures}
    loads: dict[str, dict[tuple[Scene, str], list[Load]]] = {}
    committed: Counter[str] = Counter()
    stored: Counter[str] = Counter()

    async def measure(peer: Peer) -> None:
        for (scene, size), pictures in scenes.items():
            plan = peer.plan(pictures, seconds=_seconds(scene, seconds), window=_WINDOW)
            found = loads.setdefault(peer.label, {}).setdefault((scene, size), [])
            while len(found) < rounds:
                commits, rows = statements(database, "commit"), _stored(database)
                load = await pushed(plan)
                commits, rows = statements(database, "commit") - commits, _stored(database) - rows
                if rows < load.acknowledged:
                    raise BrokenOff(f"it acknowledged {load.acknowledged} frames and stored {rows}")
                found.append(load)
                committed[peer.label] += commits
                stored[peer.label] += rows

    pictures = [each for files in scenes.values() for each in files]
    limit = 60.0 + len(scenes) * rounds * (seconds + 20.0)
    await measured_peers(folder, f"{database.port}/portero", pictures, results, measure, limit)
    best: dict[tuple[Scene, str], tuple[float, str]] = {}
    for label, by_scene in loads.items():
        for (scene, size), found in by_scene.items():
            if not found:
                continue
            figure = results.add(f"{label}, {scene} {size}", "frames/s", [each.rate for each in found])
            results.add(f"{label}, {scene} {size}, a core", "frames/s", [each.rate_a_core for each in found])
            best[scene, size] = max(best.get((scene, size), (0.0, "")), (figure.median, label))
        if committed[label]:
            results.note(f"{label} stored {stored[label] / committed[label]:.1f} rows a commit")
    for (scene, size), (rate, label) in best.items():
        times = ours[f"Portero, {scene} {size}"] / max(rate, 1e-9)
        results.add(f"Portero, {scene} {size}, over the best peer's ({label})", "times", [times])


def _stored(database: MariaDB) -> int:
    ((rows,),) = database.execute("SELECT COUNT(*) FROM portero.job_frames")
    return int(rows)


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
