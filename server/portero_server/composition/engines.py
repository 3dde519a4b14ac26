"""Builds the recognition engine, and proves that it works."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from portero_server.billing.wiring import Billing
from portero_server.composition.context import BuildContext
from portero_server.composition.store import Stores
from portero_server.engines.backed import BackedEngine
from portero_server.engines.base import Engine, OpenGate
from portero_server.engines.kept_faces import MovableKeeper
from portero_server.engines.registry import create_engine
from portero_server.errors import EngineError, StartupProblem
from portero_server.store.standby import StandbyStore

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def build(context: BuildContext, billing: Billing, stores: Stores) -> AsyncIterator[Engine]:
    """Creates the configured engine, checks it, loads what it has spent, and closes it at the end.

    An engine that keeps a collection uses the one that was last switched to.

    Raises:
        StartupProblem: It cannot be used.
    """
    engine = _engine(context, billing)
    try:
        try:
            await use_stored_collection(engine, StandbyStore(stores.database, context.clock))
            await engine.check()
        except EngineError as error:
            raise StartupProblem(error.message) from None
        await billing.accounts.load()
        yield engine
    finally:
        await engine.aclose()


async def use_stored_collection(engine: Engine, store: StandbyStore) -> None:
    """Has an engine use the collection that is stored as the one in use; without one, it uses that of the settings.

    Raises:
        StartupProblem: The AWS configuration is broken.
        StoreUnavailable: The database does not answer.
    """
    keeper = engine.paid if isinstance(engine, BackedEngine) else engine
    if not isinstance(keeper, MovableKeeper):
        return
    sides = await store.sides()
    if sides is not None and sides.in_use.place != keeper.place:
        place = sides.in_use.place
        _log.warning(
            "collection_of_settings_not_used",
            used=place.collection_id,
            region=place.region,
            advice="it was switched to with `portero faces switch`; the same command goes back",
        )
        keeper.use(place, sides.in_use.model_version)


def _engine(context: BuildContext, billing: Billing) -> Engine:
    settings = context.settings
    engine = create_engine(settings.engine, settings.engine_options, billing.gate)
    if not engine.traits.paid or not settings.local_backing:
        return engine
    return BackedEngine(engine, create_engine("local", settings.engine_options, OpenGate()))
