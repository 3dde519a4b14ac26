"""The simulator's options, and how they are read from the command line."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from portero_simulator.faults import SLOW_BY, Fault, FaultKind
from portero_simulator.quotas import default_rates

_FAULT = re.compile(r"(?P<kind>[a-z]+)=(?P<rate>[\d.]+)(:(?P<seconds>[\d.]*))?(:(?P<delay>[\d.]+))?")
_QUOTA = re.compile(r"(?P<operation>[A-Za-z]+)=(?P<rate>[\d.]+)")


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a simulator.

    Attributes:
        engine: What recognizes ("local", "scripted").
        encoder_processes: Processes that encode faces (local engine).
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        region: Where to pretend to be; decides the default quotas.
        quotas: Calls a second by operation; None: the region's defaults.
        latency: Median service time, seconds.
        latency_p95: Its 95th percentile, seconds.
        faults: What goes wrong from the start.
        seed: Seed of everything that is drawn at random.
    """

    engine: str = "local"
    encoder_processes: int = 1
    host: str = "127.0.0.1"
    port: int = 0
    region: str = "us-east-1"
    quotas: Mapping[str, float] | None = None
    latency: float = 0.0
    latency_p95: float = 0.0
    faults: Mapping[FaultKind, Fault] = field(default_factory=dict)
    seed: int = 1


def parsed(arguments: Sequence[str] | None = None) -> Options:
    """Parses the command line; exits with a usage message if it is wrong."""
    parser = _parser()
    given = parser.parse_args(arguments)
    p95 = 2 * given.latency if given.latency_p95 is None else given.latency_p95
    if not 0 <= given.latency <= p95:
        parser.error("--latency must be at least 0 and at most --latency-p95")
    rates = {} if given.no_quotas else default_rates(given.region)
    for operation, rate in given.quota:
        rates |= dict.fromkeys(rates, rate) if operation == "all" else {operation: rate}
    return Options(
        engine=given.engine,
        encoder_processes=given.processes,
        host=given.host,
        port=given.port,
        region=given.region,
        quotas=rates,
        latency=given.latency,
        latency_p95=p95,
        faults=dict(given.fault),
        seed=given.seed,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="portero-simulator",
        description="Speaks Amazon Rekognition's image API; boto3 and the AWS CLI work unchanged.",
    )
    add = parser.add_argument
    add("--port", type=int, default=8089, help="port to listen on; 0 takes a free one (default: %(default)s)")
    add("--host", default="127.0.0.1", help="address to listen on; nothing checks who calls (default: %(default)s)")
    add("--engine", default="local", choices=("local", "scripted"), help="what recognizes (default: %(default)s)")
    add("--processes", type=int, default=1, help="processes that encode faces (default: %(default)s)")
    add("--region", default="us-east-1", help="AWS region whose default quotas hold (default: %(default)s)")
    add(
        "--quota",
        type=_quota,
        action="append",
        default=[],
        metavar="OPERATION=RATE",
        help="calls a second; all=RATE sets every one",
    )
    add("--no-quotas", action="store_true", help="no quotas but those of --quota")
    add(
        "--latency",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="median service time (default: as long as it takes)",
    )
    add("--latency-p95", type=float, metavar="SECONDS", help="its 95th percentile (default: twice the median)")
    add(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        metavar="KIND=RATE[:SECONDS[:DELAY]]",
        help="throttle, error, reset, garbage or slow; DELAY is how slow",
    )
    add("--seed", type=int, default=1, help="of everything drawn by chance (default: %(default)s)")
    return parser


def _quota(text: str) -> tuple[str, float]:
    match = _QUOTA.fullmatch(text)
    if match is None or float(match["rate"]) <= 0:
        raise argparse.ArgumentTypeError("must be OPERATION=RATE, as SearchFacesByImage=5")
    return match["operation"], float(match["rate"])


def _fault(text: str) -> tuple[FaultKind, Fault]:
    match = _FAULT.fullmatch(text)
    kinds = {kind.value: kind for kind in FaultKind}
    if match is None or match["kind"] not in kinds or not 0 <= float(match["rate"]) <= 1:
        raise argparse.ArgumentTypeError("must be KIND=RATE[:SECONDS[:DELAY]], as throttle=0.5:30")
    seconds = float(match["seconds"]) if match["seconds"] else None
    return kinds[match["kind"]], Fault(float(match["rate"]), seconds, float(match["delay"] or SLOW_BY))
