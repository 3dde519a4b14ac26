"""Builds an endpoint from an engine and options."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from portero_server.clock import Clock
from portero_server.engines.base import CallContext, Engine
from portero_simulator.endpoint import Endpoint
from portero_simulator.faults import Faults
from portero_simulator.latency import Latency
from portero_simulator.options import Options
from portero_simulator.quotas import Quotas, default_rates
from portero_simulator.recognizer import Recognizer
from portero_simulator.service import Service
from portero_simulator.store import Collections

_T = TypeVar("_T")


class OpenGate:
    """Makes every call at once, since the simulator's engine is free."""

    async def run(self, operation: str, context: CallContext, call: Callable[[], Awaitable[_T]]) -> _T:
        """Makes the call at once."""
        return await call()


def create_endpoint(
    engine: Engine, options: Options, clock: Clock, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> Endpoint:
    """Creates the endpoint; the caller still closes the engine.

    Args:
        engine: What recognizes.
        options: How to simulate.
        clock: Where time comes from.
        sleep: How time is spent.
    """
    faults = Faults(options.seed)
    for kind, fault in options.faults.items():
        faults.turn(kind, fault, clock.monotonic())
    quotas = default_rates(options.region) if options.quotas is None else options.quotas
    return Endpoint(
        Service(Collections(), Recognizer(engine), clock, options.region),
        Quotas(quotas),
        faults,
        Latency(options.latency, options.latency_p95, options.seed),
        clock,
        sleep=sleep,
    )
