"""Builds what an operator sees: readiness, metrics, and the HTTP port that serves both."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from portero_server.billing.wiring import Billing
from portero_server.composition.access import AccessControl, permit_metrics
from portero_server.composition.certificate_watch import CertificateWatch
from portero_server.composition.context import BuildContext
from portero_server.composition.gallery import GalleryParts
from portero_server.composition.inventory import InventoryMetrics
from portero_server.composition.readiness import Readiness
from portero_server.composition.store import Stores
from portero_server.composition.streaming import StreamingParts
from portero_server.rpc.server import RpcServer, ServerOptions
from portero_server.store.review_queue import ReviewQueueStore
from portero_server.telemetry.http import AdminHttp


@dataclass(frozen=True, slots=True)
class OperationsParts:
    """What is looked at from outside.

    Attributes:
        readiness: Whether the server can work; its `run` takes who is to be told.
        inventory: Counts cameras, faces and what waits for a review.
        admin: The HTTP port.
        certificates: Whether the certificates hold.
    """

    readiness: Readiness
    inventory: InventoryMetrics
    admin: AdminHttp
    certificates: CertificateWatch

    def runs(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Returns the coroutines to run while the server runs."""
        return [self.inventory.run(), self.certificates.run()]


def build(
    context: BuildContext,
    options: ServerOptions,
    stores: Stores,
    gallery: GalleryParts,
    streaming: StreamingParts,
    billing: Billing,
    access: AccessControl,
    rpc: RpcServer,
) -> OperationsParts:
    """Builds the admin port, which listens once it is started."""
    settings, metrics = context.settings, context.metrics
    database, watch = stores.database, streaming.watch
    readiness = Readiness(database, metrics.store.database_is_writable, interval=settings.readiness_interval)

    async def ready() -> None:
        rpc.admission.check()
        await readiness.check()

    def note() -> str | None:
        notes = (gallery.watch.note, None if gallery.standby is None else gallery.standby.sides.note)
        return "\n".join(note for note in notes if note is not None) or None

    def refresh() -> None:
        load = database.load()
        metrics.store.database_is(
            in_use=load.in_use, limit=load.limit, storage=load.storage, storage_free=load.storage_free
        )
        metrics.recognition.watchers.set(watch.watchers)
        metrics.rpc.calls_are(rpc.admission.load())
        if options.certificates is not None:
            options.certificates.refresh()

    refreshed = (refresh, streaming.streams.report, billing.accounts.report, metrics.process.refresh)
    admin = AdminHttp(metrics.registry, ready, refreshed, permit_metrics(access.auth, settings), note)
    inventory = InventoryMetrics(
        stores.cameras,
        stores.people,
        ReviewQueueStore(stores.database),
        gallery.model,
        metrics,
        most=settings.metrics_max_cameras,
        interval=settings.gallery_refresh,
    )
    return OperationsParts(readiness, inventory, admin, CertificateWatch(options.certificates, context.clock))
