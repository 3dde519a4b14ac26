"""The watch over a collection and its repair, as the composition builds them."""

from __future__ import annotations

from portero_server.clock import Clock
from portero_server.domain.people.people import FaceModel
from portero_server.engines.base import Engine
from portero_server.engines.kept_faces import CollectionKeeper
from portero_server.gallery.collection_repair import CollectionRepair
from portero_server.gallery.collection_watch import CollectionWatch
from portero_server.gallery.reconcile import Sleep
from portero_server.store.collections import CollectionStore
from portero_server.store.database import Database
from portero_server.store.people import PeopleStore


async def no_pause(seconds: float) -> None:
    """Lets no time pass between two comparisons."""


def collection_parts(
    engine: Engine, database: Database, people: PeopleStore, clock: Clock, *, sleep: Sleep = no_pause
) -> tuple[CollectionWatch, CollectionRepair]:
    """Returns what watches over an engine's collection, if it keeps one, and what repairs it."""
    keeper = engine if isinstance(engine, CollectionKeeper) else None

    def model() -> FaceModel:
        return FaceModel(engine.traits.name, engine.traits.model_version)

    store = CollectionStore(database, engine.traits.name)
    watch = CollectionWatch(
        keeper, model, store, clock, lambda known: None, interval=30, compare_interval=3600, sleep=sleep
    )
    return watch, CollectionRepair(keeper, watch, people, model)
