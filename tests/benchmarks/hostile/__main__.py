"""One hostile client beside twenty cameras and ten callers: what the good ones still get.

    python -m tests.benchmarks.hostile [--kinds reset-open watch …] [--turns 3] [--seconds 6]

For every kind of attack turns without and with it alternate. The server has one processor, the good clients and the
attacker share another, where the attacker has the lowest priority: what is measured is what it costs the server, not
what it takes from the others by running on their machine. Ends with 1 when a kind leaves less than 95 % of the good.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.benchmarks.hostile.attacker import BOMB, KINDS, SOURCE, Orders
from tests.benchmarks.hostile.good import CALLS_A_SECOND, FRAMES_A_SECOND
from tests.benchmarks.hostile.house import House, running_house
from tests.support.processes.haproxy_process import Proxy, running_haproxy

GOAL = 0.95
_CAMERAS, _CALLERS = 20, 10
BEHIND_PROXY = {"PORTERO_LIMIT_BY_ADDRESS": "0"}
"""What a server needs to be told when all calls come from a proxy's address."""
_WARMING, _REST, _STARTING, _ENDING = 3.0, 2.0, 60.0, 30.0
_OFFERED = {"frame": _CAMERAS * FRAMES_A_SECOND, "call": _CALLERS * CALLS_A_SECOND}
_NEEDS_KEY = ("silent-call", "silent-stream", "reset-key", BOMB)
_HEADINGS = (
    "attack",
    "frames",
    "calls",
    "calls/s",
    "calls/s without",
    "p50 ms",
    "p99 ms",
    "MB max",
    "kB a call",
    "log kB/s",
    "server s/s",
    "calls made",
    "ended",
    "cut",
)

Window = tuple[float, float]


@dataclass(slots=True)
class Turns:
    """The turns of one kind: windows without and with it, and what the server used in those with it."""

    kind: str
    without: list[Window] = field(default_factory=list)
    attacked: list[Window] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    log_bytes: int = 0
    processor_seconds: float = 0.0
    memory: int = 0
    seconds: float = 0.0
    memory_a_call: float = 0.0


async def main() -> int:
    """Measures and prints a table; or JSON, with what it was made of."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", nargs="*", choices=[*KINDS, BOMB], default=[*KINDS, BOMB])
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=6.0, help="of each turn")
    parser.add_argument("--rate", type=float, default=20_000.0, help="most hostile calls a second")
    parser.add_argument("--connections", type=int, default=1, help="hostile connections at once")
    parser.add_argument("--same-address", action="store_true", help="attack from the good clients' address")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="environment of the server")
    parser.add_argument("--haproxy", action="store_true", help="with infra/haproxy before the server, on its processor")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = dict(pair.split("=", 1) for pair in arguments.set)
    if arguments.haproxy:
        settings.update(BEHIND_PROXY)
    rows = []
    for kind in arguments.kinds:
        rows.append(await _fresh(kind, settings, arguments))
        print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")
    _print(rows)
    return 1 if any(min(row["frames"], row["calls"]) < GOAL for row in rows) else 0


async def _fresh(kind: str, settings: dict[str, str], arguments: argparse.Namespace) -> dict[str, Any]:
    """Measures one kind with a server of its own: what the one before left behind would be measured too."""
    first, *others = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="portero-hostile-") as name:
        async with running_house(Path(name), _CAMERAS, {first}, settings) as house:
            os.sched_setaffinity(0, set(others[:1]) or {first})
            try:
                if not arguments.haproxy:
                    return await _kind(house, kind, arguments, None)
                async with running_haproxy(Path(name), house.address, {first}) as proxy:
                    return await _kind(house, kind, arguments, proxy)
            finally:
                os.sched_setaffinity(0, {first, *others})


async def _kind(house: House, kind: str, arguments: argparse.Namespace, proxy: Proxy | None) -> dict[str, Any]:
    turns = Turns(kind)
    address = house.address if proxy is None else proxy.address
    # An attacker takes its time to begin; the good must still be there when it ends.
    whole = _WARMING + arguments.turns * (2 * (arguments.seconds + _REST) + _STARTING)
    words = [address, house.key, str(_CAMERAS), str(_CALLERS), str(whole)]
    good = await _python("good", *words, *([] if proxy is None else [str(proxy.authority)]), nice=0)
    listening = asyncio.create_task(good.communicate())
    await asyncio.sleep(_WARMING)
    for _ in range(arguments.turns):
        began = time.monotonic()
        await asyncio.sleep(arguments.seconds)
        turns.without.append((began, time.monotonic()))
        await _attacked(house, address, turns, arguments, tls=proxy is not None)
        await asyncio.sleep(_REST)
    good.terminate()
    async with asyncio.timeout(_ENDING):
        printed, _ = await listening
    records = [json.loads(line) for line in printed.splitlines()]
    return _row(turns, records)


async def _attacked(house: House, address: str, turns: Turns, arguments: argparse.Namespace, *, tls: bool) -> None:
    orders = Orders(
        turns.kind,
        address,
        arguments.seconds,
        arguments.rate,
        arguments.connections,
        house.hostile_key if turns.kind in _NEEDS_KEY else "",
        "127.0.0.1" if arguments.same_address else SOURCE,
        tls,
    )
    house.memory.clear()
    house.sample()
    log, used, began = house.log_bytes, house.processor_seconds, time.monotonic()
    hostile = await _python("attacker", json.dumps(asdict(orders)), nice=19)
    printing = asyncio.create_task(hostile.communicate())
    while not printing.done():
        house.sample()
        await asyncio.wait([printing], timeout=0.1)
    turns.seconds += time.monotonic() - began
    done = Counter(json.loads(printing.result()[0]))
    turns.attacked.append((done.pop("began"), done.pop("over")))
    turns.done.update(done)
    more = max(house.memory) - house.memory[0]
    turns.memory_a_call = max(turns.memory_a_call, more / max(1, done["calls"]))
    turns.log_bytes += house.log_bytes - log
    turns.processor_seconds += house.processor_seconds - used
    turns.memory = max(turns.memory, *house.memory)


async def _python(module: str, *words: str, nice: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        "nice",
        "-n",
        str(nice),
        sys.executable,
        "-m",
        f"tests.benchmarks.hostile.{module}",
        *words,
        stdout=asyncio.subprocess.PIPE,
    )


def _row(turns: Turns, records: list[tuple[str, float, float | None]]) -> dict[str, Any]:
    seconds = _length(turns.attacked)
    took = sorted(_taken("call", turns.attacked, records))
    return {
        "attack": turns.kind,
        "frames": round(_share("frame", turns, records), 3),
        "calls": round(_share("call", turns, records), 3),
        "p50 ms": round(statistics.median(took) * 1000) if took else None,
        "p99 ms": round(took[int(0.99 * len(took))] * 1000) if took else None,
        "MB max": round(turns.memory / 1e6),
        "kB a call": round(turns.memory_a_call / 1e3, 2),
        "log kB/s": round(turns.log_bytes / turns.seconds / 1e3, 1),
        "server s/s": round(turns.processor_seconds / turns.seconds, 2),
        "calls made": turns.done["calls"],
        "ended": turns.done["ended"],
        "cut": turns.done["closed"],
        "connected": turns.done["connected"],
        "frames/s": round(len(_taken("frame", turns.attacked, records)) / seconds, 1),
        "calls/s": round(len(took) / seconds, 1),
        "calls/s without": round(len(_taken("call", turns.without, records)) / _length(turns.without), 1),
        "frames/s without": round(len(_taken("frame", turns.without, records)) / _length(turns.without), 1),
    }


def _share(kind: str, turns: Turns, records: list[tuple[str, float, float | None]]) -> float:
    """Returns what got through with the attack, a second, of what got through without.

    More than was offered is what had waited since before the window, and counts for nothing.
    """
    attacked, without = (
        min(_OFFERED[kind], len(_taken(kind, windows, records)) / _length(windows))
        for windows in (turns.attacked, turns.without)
    )
    return attacked / without if without else 0.0


def _taken(kind: str, windows: list[Window], records: list[tuple[str, float, float | None]]) -> list[float]:
    return [
        took
        for of, due, took in records
        if of == kind and took is not None and any(began <= due + took < ended for began, ended in windows)
    ]


def _length(windows: list[Window]) -> float:
    return sum(ended - began for began, ended in windows)


def _print(rows: list[dict[str, Any]]) -> None:
    print("| " + " | ".join(_HEADINGS) + " |")
    print("|" + "---|" * len(_HEADINGS))
    for row in rows:
        print("| " + " | ".join(str(row[heading]) for heading in _HEADINGS) + " |")


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
