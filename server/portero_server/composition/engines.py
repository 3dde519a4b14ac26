"""Builds the recognition engine, and proves that it works."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from portero_server.billing.wiring import Billing
from portero_server.composition.context import BuildContext
from portero_server.engines.backed import BackedEngine
from portero_server.engines.base import Engine, OpenGate
from portero_server.engines.registry import create_engine
from portero_server.errors import EngineError, StartupProblem


@asynccontextmanager
async def build(context: BuildContext, billing: Billing) -> AsyncIterator[Engine]:
    """Creates the configured engine, checks it, loads what it has spent, and closes it at the end.

    Raises:
        StartupProblem: It cannot be used.
    """
    engine = _engine(context, billing)
    try:
        try:
            await engine.check()
        except EngineError as error:
            raise StartupProblem(error.message) from None
        await billing.accounts.load()
        yield engine
    finally:
        await engine.aclose()


def _engine(context: BuildContext, billing: Billing) -> Engine:
    settings = context.settings
    engine = create_engine(settings.engine, settings.engine_options, billing.gate)
    if not engine.traits.paid or not settings.local_backing:
        return engine
    return BackedEngine(engine, create_engine("local", settings.engine_options, OpenGate()))
