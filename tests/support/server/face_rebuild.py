"""The rebuild of faces, as the composition builds it."""

from __future__ import annotations

from portero_server.clock import Clock
from portero_server.domain.people.people import FaceModel
from portero_server.engines.base import Engine
from portero_server.engines.kept_faces import CollectionKeeper
from portero_server.gallery.collection_switch import CollectionSwitch
from portero_server.gallery.rebuild import FaceRebuild, VaultAccess
from portero_server.gallery.service import Gallery
from portero_server.store.collections import CollectionStore
from portero_server.store.database import Database
from portero_server.store.shadow import ShadowStore
from portero_server.store.standby import StandbyStore
from portero_server.telemetry.metrics import Metrics


def no_collections(database: Database, clock: Clock) -> CollectionSwitch:
    """Returns what exchanges collections, of an engine that keeps none."""
    stored = CollectionStore(database, "scripted")
    shadow = ShadowStore(database)
    return CollectionSwitch(None, StandbyStore(database, clock), shadow, stored, clock, lambda: None, region=None)


def rebuild_of(engine: Engine, gallery: Gallery, access: VaultAccess | None = None) -> FaceRebuild:
    """Returns what makes faces anew from a vault, if there is one."""

    def model() -> FaceModel:
        return FaceModel(engine.traits.name, engine.traits.model_version)

    keeper = engine if isinstance(engine, CollectionKeeper) else None
    metrics = Metrics(version="0", engine="scripted")
    return FaceRebuild(access, gallery, model, metrics.vault, keeper=keeper)
