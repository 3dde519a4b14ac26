"""Where a frame's time goes: a real server under a load of still frames, sampled by py-spy.

    python -m tests.benchmarks.profiles [--full] [--label before]

Only samples that hold the interpreter's lock are counted, by the file they are in, and the processor time a frame by
whether the interpreter was held: what is not is decoding, sockets and TLS. With a label the result is kept beside
others, so that "before" and "after" stand side by side in the report.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.benchmarks.contenders import running
from tests.benchmarks.database import durable_mariadb
from tests.benchmarks.load import Load, Plan, pushed
from tests.benchmarks.pictures import scene_files, sized_file
from tests.benchmarks.results import begun
from tests.benchmarks.serving import served

_RATE = 200


async def main() -> int:
    """Runs the benchmark and saves what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="longer")
    parser.add_argument("--label", default="", help="name of this state, as before or after")
    parser.add_argument("--seconds", type=float, help="of each load, to try it in little time")
    arguments = parser.parse_args()
    # What is sampled is a second shorter.
    seconds = max(3.0, arguments.seconds or (12.0 if arguments.full else 4.0))
    results = begun("profiles")
    results.name += f"-{arguments.label}" if arguments.label else ""
    with tempfile.TemporaryDirectory() as name, durable_mariadb() as database:
        folder = Path(name)
        still, sized = scene_files(folder, "still", "vga"), (sized_file(folder),)
        async with served(folder / "server", database.url("portero"), cameras=16) as server:
            plan = Plan((server.address,), still, servers=(server.process.pid,), seconds=seconds)
            load, samples = await _sampled(plan, server.process.pid, folder)
            results.texts["whole job, still VGA"] = _table(load, samples)
        async with running("tests.benchmarks.null_server", "coalesced", "8", log=folder / "null.log") as null:
            plan = Plan((null.address,), sized, servers=(null.pid,), seconds=seconds)
            load, samples = await _sampled(plan, null.pid, folder)
            results.texts["transport alone, 60 KB"] = _table(load, samples)
    for title, text in results.texts.items():
        print(title, text, sep="\n")
    results.save()
    return 0


async def _sampled(plan: Plan, pid: int, folder: Path) -> tuple[Load, Counter[str]]:
    """Samples one process under a load; what py-spy costs is in the figures, so only shares are worth telling."""
    output = folder / "samples"
    pushing = asyncio.create_task(pushed(plan))
    await asyncio.sleep(plan.warm + 1.0)
    spy = str(Path(sys.executable).with_name("py-spy"))
    process = await asyncio.create_subprocess_exec(
        *(spy, "record", "--gil", "--pid", str(pid), "--duration", str(int(plan.seconds - 1)), "--rate", str(_RATE)),
        *("--format", "raw", "--output", str(output)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate()
    load = await pushing
    if process.returncode or not output.exists():
        raise RuntimeError(f"py-spy cannot sample here: {errors.decode().strip()[-300:]}")
    samples: Counter[str] = Counter()
    for line in output.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        samples[_part(stack)] += int(count)
    return load, samples


def _part(stack: str) -> str:
    """Returns the part of the house that the innermost of our frames of a stack is in."""
    for frame in reversed(stack.split(";")):
        file = frame.rpartition("(")[2].partition(":")[0]
        if "portero_server/" in file:
            return file.partition("portero_server/")[2]
        if "sqlalchemy" in file or "aiomysql" in file or "pymysql" in file:
            return "database driver"
        if "prometheus_client" in file:
            return "metrics"
    return "event loop and gRPC"


def _table(load: Load, samples: Counter[str]) -> str:
    total = sum(samples.values())
    rows = [f"{1e6 / load.rate_a_core:.0f} µs of processor time a frame (py-spy's stops included)"]
    rows += [f"{count / total:6.1%}  {part}" for part, count in samples.most_common(14)]
    return "\n".join(rows)


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
