"""Builds a server from its settings: one `build` per capability, in the order in which they need each other.

What is built starts nothing: it runs with `Server.runs`, listens when `serve` starts it, and what holds connections,
threads or processes is closed in reverse order. A problem ends the start with one line, as StartupProblem.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

from portero_server import __version__
from portero_server.billing.wiring import Billing
from portero_server.clock import SystemClock
from portero_server.composition import (
    access,
    attendance,
    audit,
    billing,
    decisions,
    documents,
    engines,
    events,
    exports,
    gallery,
    mqtt,
    operations,
    privacy,
    recognition,
    review_pictures,
    rpc,
    snapshots,
    standby,
    store,
    streaming,
    subscriptions,
    transport,
    vault,
    vision,
    visitors,
)
from portero_server.composition.context import BuildContext
from portero_server.engines.base import Engine
from portero_server.rpc.server import RpcServer
from portero_server.rpc.services.snapshots import SnapshotServicer
from portero_server.settings import Settings
from portero_server.telemetry.metrics import Metrics
from portero_server.telemetry.traces import tracing
from portero_server.watching.listeners import EventListeners


@dataclass(frozen=True, slots=True)
class Server:
    """The parts of a server."""

    context: BuildContext
    stores: store.Stores
    billing: Billing
    engine: Engine
    gallery: gallery.GalleryParts
    recognition: recognition.RecognitionParts
    documents: documents.DocumentParts
    streaming: streaming.StreamingParts
    visitors: visitors.VisitorParts
    pictures: review_pictures.PictureParts
    snapshots: snapshots.SnapshotParts
    attendance: attendance.AttendanceParts
    events: events.EventParts
    exports: exports.ExportParts
    subscriptions: subscriptions.SubscriptionParts
    mqtt: mqtt.MqttParts
    privacy: privacy.PrivacyParts
    audit: audit.AuditParts
    access: access.AccessControl
    rpc: RpcServer
    operations: operations.OperationsParts

    def runs(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Returns the coroutines to run while the server runs."""
        parts = (
            self.recognition,
            self.billing,
            self.documents,
            self.streaming,
            self.gallery,
            self.visitors,
            self.pictures,
            self.snapshots,
            self.attendance,
            self.events,
            self.exports,
            self.subscriptions,
            self.mqtt,
            self.operations,
            self.access,
            self.privacy,
            self.audit,
        )
        return list(chain.from_iterable(part.runs() for part in parts))


@asynccontextmanager
async def built(settings: Settings, *, create: bool = True) -> AsyncIterator[Server]:
    """Builds every part, checks that database and engine work, and closes them at the end.

    Args:
        settings: What they say.
        create: Whether a database file and its tables are made, or brought up to date.

    Raises:
        StartupProblem: A setting cannot be used, or what it names does not work.
    """
    metrics = Metrics(version=__version__, engine=settings.engine)
    # First, before anything is loaded or written: it is what operators get wrong.
    options = transport.build(settings, metrics.tls)
    access.check_open(settings)
    async with AsyncExitStack() as stack:
        traces = stack.enter_context(tracing(settings.trace_endpoint, share=settings.trace_share, version=__version__))
        context = BuildContext(settings, SystemClock(), metrics, traces)
        stores = await stack.enter_async_context(store.build(context, create=create))
        bill = billing.build(context, stores.database)
        engine = await stack.enter_async_context(engines.build(context, bill, stores))
        beside = await stack.enter_async_context(standby.build(context, stores, bill, engine))
        photos = await stack.enter_async_context(vault.build(context, stores))
        eyes = vision.build(settings)
        listeners = EventListeners()
        faces = await gallery.build(context, stores, engine, eyes, photos, beside, listeners.notify)
        asking = await stack.enter_async_context(recognition.build(context, stores, engine, beside))
        desk = documents.build(context, stores, engine, asking.match, eyes)
        judging = decisions.reviews(context, stores, listeners.notify)
        again = visitors.build(context, stores, engine, judging, listeners.notify)
        shown = review_pictures.build(context, stores)
        taken = await stack.enter_async_context(snapshots.build(context, stores))
        present = attendance.build(context, stores)
        capture = present.capture(taken.capture(shown.capture(again.capture(desk.follower))))
        frames = await stack.enter_async_context(
            streaming.build(context, stores, engine, asking, bill, eyes, capture, listeners)
        )
        again.listens_to(listeners)
        shown.listens_to(listeners)
        taken.listens_to(listeners)
        present.follows(frames.streams)
        told = events.build(context, stores, listeners, taken.links)
        subscribed = subscriptions.build(context, stores, listeners, taken.links)
        erasing = privacy.build(context, stores, engine, faces, taken, frames.streams)
        trail = audit.build(settings, stores.database, metrics.audit, context.clock)
        written = await exports.build(context, stores, trail.trail.record)
        published = mqtt.build(context, stores, listeners, trail.trail)
        callers = access.build(settings, stores.database, stores.cameras, metrics.access, context.clock, [trail.calls])
        judged = decisions.build(context, stores, judging, shown)
        server = rpc.build(
            context,
            options,
            stores,
            asking,
            faces,
            desk,
            frames,
            judged,
            bill,
            again,
            SnapshotServicer(stores.sightings, taken.reader, settings.snapshot_link_seconds),
            subscribed,
            present,
            erasing,
            trail,
            callers,
        )
        outside = operations.build(context, options, stores, faces, frames, bill, callers, server)
        yield Server(
            context,
            stores,
            bill,
            engine,
            faces,
            asking,
            desk,
            frames,
            again,
            shown,
            taken,
            present,
            told,
            written,
            subscribed,
            published,
            erasing,
            trail,
            callers,
            server,
            outside,
        )
