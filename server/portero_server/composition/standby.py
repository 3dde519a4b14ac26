"""Builds the two sides of an engine that keeps a collection: the one in use, and the one that stands by."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from portero_server.billing.wiring import Billing
from portero_server.composition.context import BuildContext
from portero_server.composition.store import Stores
from portero_server.engines.backed import BackedEngine
from portero_server.engines.base import Engine
from portero_server.engines.kept_faces import MovableKeeper
from portero_server.engines.registry import create_engine
from portero_server.errors import EngineError, StartupProblem
from portero_server.gallery.collection_sides import CollectionSides, EngineSide, StandbyFollower
from portero_server.gallery.mirror import GalleryMirror
from portero_server.gallery.standby_faces import StandbyFaces
from portero_server.store.standby import StandbyStore


@dataclass(frozen=True, slots=True)
class StandbyParts:
    """The sides, what teaches the one that stands by, and what removes from it."""

    sides: CollectionSides
    faces: StandbyFaces
    mirror: GalleryMirror

    def runs(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Returns the coroutines to run while the server runs."""
        return [self.sides.run(), self.mirror.follow()]


@asynccontextmanager
async def build(
    context: BuildContext, stores: Stores, billing: Billing, engine: Engine
) -> AsyncIterator[StandbyParts | None]:
    """Builds both sides, and closes what was made for the second one; None: the engine keeps no collection.

    Raises:
        StartupProblem: The engine of a collection that stands by cannot be made.
    """
    keeper = engine.paid if isinstance(engine, BackedEngine) else engine
    if not isinstance(keeper, MovableKeeper):
        yield None
        return
    settings, store = context.settings, StandbyStore(stores.database, context.clock)
    sides = CollectionSides(
        EngineSide(engine, keeper),
        lambda: _other_side(context, billing, engine),
        store,
        context.metrics.standby,
        interval=settings.gallery_refresh,
    )
    mirror = GalleryMirror(StandbyFollower(sides), stores.people, refresh=settings.gallery_refresh)
    faces = StandbyFaces(
        sides,
        store,
        mirror,
        context.clock,
        context.metrics.standby,
        check_learnable=stores.consents.check_learnable,
    )
    try:
        try:
            await sides.refresh()
            await mirror.load()
        except EngineError as error:
            raise StartupProblem(error.message) from None
        yield StandbyParts(sides, faces, mirror)
    finally:
        await faces.aclose()
        await sides.aclose()


def _other_side(context: BuildContext, billing: Billing, engine: Engine) -> EngineSide:
    settings = context.settings
    made = create_engine(settings.engine, settings.engine_options, billing.standby_gate)
    if not isinstance(made, MovableKeeper):
        raise StartupProblem(f"the engine {settings.engine} keeps no collection")
    # The free engine encodes each photograph alike, whichever collection it is for.
    return EngineSide(BackedEngine(made, engine.free) if isinstance(engine, BackedEngine) else made, made)
