"""Transport and acknowledgment alone: our stream with nothing behind it against the least grpc.aio can do, and peers.

    python -m tests.benchmarks.transport [--full] [--peers]

16 streams, window 8, frames of 60 KB. The contenders take turns, so that each repetition is one ratio.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from tests.benchmarks.contenders import running
from tests.benchmarks.load import Load, Plan, pushed
from tests.benchmarks.peers import Peer, measured_peers
from tests.benchmarks.pictures import sized_file
from tests.benchmarks.results import Figure, begun

_WINDOW = 8
_OURS = {
    "bare, an ack a frame": ("tests.benchmarks.bare_server", "each"),
    "Portero, an ack a frame": ("tests.benchmarks.null_server", "each"),
    "bare, coalesced": ("tests.benchmarks.bare_server", "coalesced"),
    "Portero, coalesced": ("tests.benchmarks.null_server", "coalesced"),
}


async def main() -> int:
    """Runs the benchmark and saves what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="longer, and more repetitions")
    parser.add_argument("--peers", action="store_true", help="with MLServer, PyTriton and Ray Serve")
    parser.add_argument("--seconds", type=float, help="of each load, instead of the 1.3, or 3 of a full run")
    arguments = parser.parse_args()
    rounds, seconds = (5, arguments.seconds or 3.0) if arguments.full else (3, arguments.seconds or 1.3)
    results = begun("transport")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        picture = sized_file(folder)
        loads: dict[str, list[Load]] = {}
        async with AsyncExitStack() as stack:
            plans: dict[str, Plan] = {}
            for label, (module, mode) in _OURS.items():
                contender = await stack.enter_async_context(
                    running(module, mode, str(_WINDOW), log=folder / "contender.log")
                )
                plans[label] = Plan((contender.address,), (picture,), servers=(contender.pid,), seconds=seconds)
            for _ in range(rounds):
                for label, plan in plans.items():
                    loads.setdefault(label, []).append(await pushed(plan))
        if arguments.peers:

            async def measure(peer: Peer) -> None:
                plan = peer.plan([picture], seconds=seconds, window=_WINDOW)
                found = loads.setdefault(peer.label, [])
                while len(found) < rounds:
                    found.append(await pushed(plan))

            await measured_peers(folder, "null", [picture], results, measure, limit=60.0 + rounds * (seconds + 20.0))
    rates: dict[str, Figure] = {}
    for label, found in loads.items():
        if not found:
            continue
        rates[label] = results.add(label, "frames/s", [each.rate for each in found])
        results.add(f"{label}: server alone", "frames/s of its processor time", [each.rate_a_core for each in found])
    for kind in ("an ack a frame", "coalesced"):
        ratio = rates[f"Portero, {kind}"].over(rates[f"bare, {kind}"])
        results.want(f"frames/s of the bare echo's, {kind}", statistics.median(ratio), 0.85)
    peers = {label: rate.median for label, rate in rates.items() if label not in _OURS}
    if peers:
        best = max(peers, key=lambda label: peers[label])
        for kind in ("an ack a frame", "coalesced"):
            results.want(f"times the best peer ({best}), {kind}", rates[f"Portero, {kind}"].median / peers[best], 1.5)
    results.save()
    return 0


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
