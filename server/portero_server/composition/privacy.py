"""Builds what erases people, revokes their names, and deletes what has been kept long enough."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from portero_server.composition.context import BuildContext
from portero_server.composition.gallery import GalleryParts
from portero_server.composition.snapshots import SnapshotParts
from portero_server.composition.store import Stores
from portero_server.engines.backed import BackedEngine
from portero_server.engines.base import Engine
from portero_server.engines.kept_faces import FaceKeeper
from portero_server.gallery.collection_sides import BothCollections
from portero_server.privacy.erasure import Eraser
from portero_server.privacy.name_revocation import NameRevocation
from portero_server.privacy.person_export import PersonExport
from portero_server.privacy.retention import Retention
from portero_server.rpc.services.privacy import PrivacyServicer
from portero_server.store.erasures import ErasureStore
from portero_server.store.exports import ExportStore
from portero_server.store.retention import RetentionStore
from portero_server.streaming.registry import Streams


@dataclass(frozen=True, slots=True)
class PrivacyParts:
    """What works in the background, and what serves requests of admins."""

    name_revocation: NameRevocation
    eraser: Eraser
    retention: Retention
    servicer: PrivacyServicer

    def runs(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Returns the coroutines to run while the server runs."""
        return [self.name_revocation.run(), self.eraser.run(), self.retention.run()]


def build(
    context: BuildContext,
    stores: Stores,
    engine: Engine,
    gallery: GalleryParts,
    snapshots: SnapshotParts,
    streams: Streams,
) -> PrivacyParts:
    """Builds erasure, name revocation and retention from the settings."""
    settings, clock, metrics = context.settings, context.clock, context.metrics.privacy
    database, people = stores.database, stores.people
    name_revocation = NameRevocation(streams.name_holders, people.display_names, interval=settings.gallery_refresh)
    keeper = engine.paid if isinstance(engine, BackedEngine) else engine
    both = None if gallery.standby is None else BothCollections(gallery.standby.sides)
    eraser = Eraser(
        ErasureStore(database, clock),
        database,
        both or engine,
        gallery.mirror,
        name_revocation,
        metrics,
        keeper=both or (keeper if isinstance(keeper, FaceKeeper) else None),
        vault=None if gallery.vault is None else gallery.vault.vault,
        snapshots=snapshots.vault,
        interval=settings.erasure_interval,
    )
    kept = RetentionStore(database, clock)
    retention = Retention(kept, settings.retention_rules, clock, metrics, interval=settings.retention_interval)
    servicer = PrivacyServicer(
        people, stores.consents, PersonExport(ExportStore(database), gallery.vault), eraser, name_revocation, clock
    )
    return PrivacyParts(name_revocation, eraser, retention, servicer)
