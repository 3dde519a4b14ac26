"""The import, export and adoption of people, as the composition builds them."""

from __future__ import annotations

from portero_server.clock import Clock
from portero_server.domain.people.people import FaceModel
from portero_server.engines.base import Engine
from portero_server.engines.kept_faces import CollectionKeeper
from portero_server.gallery.adoption import FaceAdoption
from portero_server.gallery.mirror import GalleryMirror
from portero_server.gallery.transfer import GalleryTransfer
from portero_server.store.adopted_faces import AdoptedFaceStore
from portero_server.store.database import Database
from portero_server.store.people import PeopleStore
from portero_server.store.people_transfer import PeopleTransferStore
from portero_server.telemetry.metrics import Metrics


def transfer_of(
    engine: Engine,
    database: Database,
    people: PeopleStore,
    mirror: GalleryMirror,
    clock: Clock,
    *,
    consent_required: bool = False,
    metrics: Metrics | None = None,
) -> GalleryTransfer:
    """Returns what imports and exports people."""
    store = PeopleTransferStore(database, people, clock, consent_required=consent_required)
    return GalleryTransfer(engine, store, mirror, (metrics or Metrics(version="0", engine="scripted")).gallery)


def adoption_of(
    engine: Engine,
    database: Database,
    mirror: GalleryMirror,
    clock: Clock,
    *,
    consent_required: bool = False,
    metrics: Metrics | None = None,
) -> FaceAdoption:
    """Returns what adopts faces of an engine's collection, if it keeps one."""
    return FaceAdoption(
        engine if isinstance(engine, CollectionKeeper) else None,
        lambda: FaceModel(engine.traits.name, engine.traits.model_version),
        AdoptedFaceStore(database, clock, consent_required=consent_required),
        mirror,
        (metrics or Metrics(version="0", engine="scripted")).gallery,
    )
