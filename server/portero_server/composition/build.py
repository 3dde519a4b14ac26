"""Builds the parts of a server from its settings, checks that they work, and closes them at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from portero_server import __version__
from portero_server.billing import wiring as paying
from portero_server.billing.wiring import Billing
from portero_server.clock import SystemClock
from portero_server.composition.access import AccessControl, access_control, check_open, permit_metrics
from portero_server.composition.audit import AuditParts, audit_parts
from portero_server.composition.inventory import InventoryMetrics
from portero_server.composition.readiness import Readiness
from portero_server.composition.transport import server_options
from portero_server.domain.detection.detections import MatchPolicy
from portero_server.domain.gate.cadence import CadencePolicy
from portero_server.domain.streams.capture_times import CaptureTimes
from portero_server.domain.streams.frames import FrameLimits
from portero_server.domain.tracking.tracks import TrackPolicy
from portero_server.engines.backed import BackedEngine
from portero_server.engines.base import Engine, OpenGate
from portero_server.engines.kept_faces import FaceKeeper
from portero_server.engines.registry import create_engine
from portero_server.engines.scripted import PatchDetector
from portero_server.errors import EngineError, StartupProblem, Unavailable
from portero_server.gallery.mirror import GalleryMirror
from portero_server.gallery.service import Gallery
from portero_server.privacy.erasure import Eraser
from portero_server.privacy.name_revocation import NameRevocation
from portero_server.privacy.retention import Retention
from portero_server.privacy.worker import PrivacyWorker
from portero_server.recognition.batcher import Batcher
from portero_server.recognition.images import Images
from portero_server.recognition.tiered import FreeEngine
from portero_server.rpc.flood_guard import FloodGuard
from portero_server.rpc.server import RpcServer, ServerOptions, build_server
from portero_server.rpc.services.access import AccessServicer
from portero_server.rpc.services.cameras import CameraServicer
from portero_server.rpc.services.gallery import GalleryServicer
from portero_server.rpc.services.privacy import PrivacyServicer
from portero_server.rpc.services.recognition import RecognitionServicer
from portero_server.rpc.services.sightings import SightingServicer
from portero_server.rpc.services.usage import UsageServicer
from portero_server.rpc.stream import FrameStream
from portero_server.rpc.stream_convert import StreamTerms
from portero_server.settings import Settings
from portero_server.store.cameras import CameraStore
from portero_server.store.commit.recording import Recording
from portero_server.store.consents import ConsentStore
from portero_server.store.database import Database
from portero_server.store.erasures import ErasureStore
from portero_server.store.exports import ExportStore
from portero_server.store.migrations import check_revision
from portero_server.store.migrations import migrate as migrate_database
from portero_server.store.people import PeopleStore
from portero_server.store.retention import RetentionStore
from portero_server.store.sightings import SightingStore
from portero_server.store.streams import StreamStore
from portero_server.store.usage import UsageStore
from portero_server.streaming.orphans import OrphanReaper
from portero_server.streaming.recorder import Recorder
from portero_server.streaming.registry import CostPolicy, StreamEngine, StreamPolicy, Streams
from portero_server.streaming.session_parts import SessionParts
from portero_server.streaming.sighting_watch import SightingWatch, WatchPolicy
from portero_server.telemetry.http import AdminHttp
from portero_server.telemetry.metrics import Metrics
from portero_server.telemetry.traces import Traces, tracing
from portero_server.vision.analyzer import Detector, VisionPool
from portero_server.vision.detect import DetectPolicy, FaceDetector


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a running server."""

    clock: SystemClock
    engine: Engine
    database: Database
    mirror: GalleryMirror
    batchers: tuple[Batcher, ...]
    paying: Billing
    recorder: Recorder
    streams: Streams
    orphans: OrphanReaper
    watch: SightingWatch
    inventory: InventoryMetrics
    privacy: PrivacyWorker
    rpc: RpcServer
    admin: AdminHttp
    access_control: AccessControl
    records: AuditParts
    readiness: Readiness


@asynccontextmanager
async def opened_database(settings: Settings, metrics: Metrics | None) -> AsyncIterator[Database]:
    """Opens the configured database and closes it at the end; raises StartupProblem if it does not answer."""
    database = Database(
        settings.database_dsn,
        pool_size=settings.database_pool_size,
        timeout=settings.database_timeout,
        observer=None if metrics is None else metrics.store,
    )
    try:
        yield database
    except Unavailable as error:
        raise StartupProblem(
            f"the database {database.address} does not answer ({error.message}); check PORTERO_DATABASE_URL"
        ) from None
    finally:
        await database.aclose()


@asynccontextmanager
async def built(settings: Settings) -> AsyncIterator[Parts]:
    """Builds every part, checks that database and engine work, and closes them at the end."""
    clock = SystemClock()
    metrics = Metrics(version=__version__, engine=settings.engine)
    # First, before anything is loaded or written: it is what operators get wrong.
    options = server_options(settings, metrics.tls)
    check_open(settings)
    async with AsyncExitStack() as stack:
        traces = stack.enter_context(tracing(settings.trace_endpoint, share=settings.trace_share, version=__version__))
        database = await stack.enter_async_context(opened_database(settings, metrics))
        if database.dialect == "sqlite":
            # One file, one process: nobody else could be disturbed by new tables.
            await migrate_database(database)
        else:
            await check_revision(database)
        usage = UsageStore(database)
        bill = _paying(settings, usage, clock, metrics)
        engine = _engine(settings, bill)
        stack.push_async_callback(engine.aclose)
        try:
            await engine.check()
        except EngineError as error:
            raise StartupProblem(error.message) from None
        await bill.accounts.load()
        vision_pool = VisionPool(_detector(settings), clock, threads=settings.vision_threads)
        stack.push_async_callback(vision_pool.aclose)
        yield await _assembled(settings, options, clock, metrics, traces, database, engine, bill, vision_pool)


def _paying(settings: Settings, usage: UsageStore, clock: SystemClock, metrics: Metrics) -> Billing:
    if settings.engine != "rekognition":
        return paying.free(usage, clock, metrics)
    return paying.paid(
        settings.engine, settings.scheduler, settings.budget, settings.price_table, usage, clock, metrics
    )


def _engine(settings: Settings, bill: Billing) -> Engine:
    engine = create_engine(settings.engine, settings, bill.gate)
    if not engine.traits.paid or not settings.local_backing:
        return engine
    return BackedEngine(engine, create_engine("local", settings, OpenGate()))


def _batcher(engine: Engine, settings: Settings, clock: SystemClock, metrics: Metrics, traces: Traces) -> Batcher:
    return Batcher(
        engine,
        clock,
        metrics.recognition,
        delay=settings.batch_delay,
        capacity=settings.recognition_queue,
        # Requests for paid calls wait in the scheduler, which knows quotas and money.
        concurrency=settings.recognition_queue if engine.traits.paid else settings.recognition_concurrency,
        traces=traces,
    )


async def _assembled(
    settings: Settings,
    options: ServerOptions,
    clock: SystemClock,
    metrics: Metrics,
    traces: Traces,
    database: Database,
    engine: Engine,
    bill: Billing,
    vision_pool: VisionPool,
) -> Parts:
    people = PeopleStore(database, clock, consent_required=settings.consent_required)
    cameras = CameraStore(database, clock)
    sightings = SightingStore(database)
    match = _match_policy(settings, engine)
    mirror = GalleryMirror(engine, people, refresh=settings.gallery_refresh)
    await mirror.load()
    consents = ConsentStore(database, clock, consent_required=settings.consent_required)
    gallery = Gallery(engine, people, mirror, clock, check_learnable=consents.check_learnable)
    watch = SightingWatch(
        sightings, WatchPolicy(heartbeat=settings.heartbeat_interval, watchers=settings.watcher_shares)
    )
    batcher = _batcher(engine, settings, clock, metrics, traces)
    batchers: tuple[Batcher, ...] = (batcher,)
    free = None
    if isinstance(engine, BackedEngine):
        behind = _batcher(engine.free, settings, clock, metrics, traces)
        batchers = (batcher, behind)
        free = FreeEngine(engine.free.traits, behind.identify)
    recording = Recording(database, clock, consent_required=settings.consent_required)
    recorder = Recorder(recording, clock, metrics.store, watch, interval=settings.commit_interval, traces=traces)
    limits = FrameLimits(
        max_bytes=settings.frame_max_bytes, max_side=settings.frame_max_side, max_pixels=settings.frame_max_pixels
    )

    async def name_of(person_id: str) -> str | None:
        return (await people.display_names([person_id])).get(person_id)

    rows = StreamStore(database, clock)
    streams = Streams(
        cameras,
        rows,
        SessionParts(
            clock,
            recorder,
            metrics,
            limits,
            settings.keep_texts,
            CaptureTimes(timedelta(seconds=settings.max_clock_ahead)),
            settings.quarantine_attempts,
            clocks=settings.clocks,
        ),
        vision_pool,
        StreamEngine(engine.traits, batcher.identify, engine.read_text, name_of),
        StreamPolicy(
            max_streams=settings.max_streams,
            window_frames=settings.stream_window_frames,
            window_bytes=settings.stream_window_bytes,
            total_window_bytes=settings.total_window_bytes,
            idle_timeout=settings.stream_idle_timeout,
            visit_gap=settings.visit_gap_delta,
            match=match,
            tracks=TrackPolicy(deadline=settings.decision_deadline),
            cadence=CadencePolicy(),
        ),
        CostPolicy(
            bill.accounts,
            free,
            settings.memory,
            settings.gate_audit if engine.traits.paid else None,
            engine.search,
        ),
    )
    privacy = _privacy(settings, clock, metrics, database, engine, people, mirror, streams)
    images = Images(engine, people, match)
    records = audit_parts(settings, database, metrics.audit, clock)
    who = access_control(settings, database, cameras, metrics.access, clock, [records.calls])
    terms = StreamTerms(limits, settings.heartbeat_interval, settings.decision_deadline)
    rpc = build_server(
        options,
        [
            RecognitionServicer(images, FrameStream(streams, terms, who.limits, clock.now), clock),
            GalleryServicer(gallery, images, clock),
            CameraServicer(cameras, streams),
            SightingServicer(sightings, watch),
            UsageServicer(bill.accounts),
            AccessServicer(who.key_service),
            records.servicer,
            PrivacyServicer(people, consents, ExportStore(database), privacy.eraser, privacy.name_revocation, clock),
        ],
        who.auth,
        metrics.rpc,
        clock,
        records.calls,
        FloodGuard(settings.waste_policy, metrics.floods, clock),
    )

    async def ready() -> None:
        rpc.admission.check()
        await readiness.check()

    def refresh() -> None:
        load = database.load()
        metrics.store.database_is(
            in_use=load.in_use, limit=load.limit, storage=load.storage, storage_free=load.storage_free
        )
        metrics.recognition.watchers.set(watch.watchers)
        metrics.rpc.calls_are(rpc.admission.load())
        if options.certificates is not None:
            options.certificates.refresh()

    readiness = Readiness(database, metrics.store.database_is_writable, interval=settings.readiness_interval)
    inventory = InventoryMetrics(
        cameras, people, metrics, most=settings.metrics_max_cameras, interval=settings.gallery_refresh
    )
    refreshed = (refresh, streams.report, bill.accounts.report, metrics.process.refresh)
    admin = AdminHttp(metrics.registry, ready, refreshed, permit_metrics(who.auth, settings))
    orphans = OrphanReaper(rows, recorder, clock)
    return Parts(
        clock,
        engine,
        database,
        mirror,
        batchers,
        bill,
        recorder,
        streams,
        orphans,
        watch,
        inventory,
        privacy,
        rpc,
        admin,
        who,
        records,
        readiness,
    )


def _privacy(
    settings: Settings,
    clock: SystemClock,
    metrics: Metrics,
    database: Database,
    engine: Engine,
    people: PeopleStore,
    mirror: GalleryMirror,
    streams: Streams,
) -> PrivacyWorker:
    name_revocation = NameRevocation(streams.name_holders, people.display_names, interval=settings.gallery_refresh)
    keeper = engine.paid if isinstance(engine, BackedEngine) else engine
    eraser = Eraser(
        ErasureStore(database, clock),
        database,
        engine,
        mirror,
        name_revocation,
        metrics.privacy,
        keeper=keeper if isinstance(keeper, FaceKeeper) else None,
        interval=settings.erasure_interval,
    )
    kept = RetentionStore(database, clock)
    rules = settings.retention_rules
    retention = Retention(kept, rules, clock, metrics.privacy, interval=settings.retention_interval)
    return PrivacyWorker(name_revocation, eraser, retention)


def _detector(settings: Settings) -> Detector:
    """Returns the face detector for streams; the scripted engine needs its own."""
    if settings.engine == "scripted":
        return PatchDetector()
    return FaceDetector(DetectPolicy(min_face=settings.detect_min_face, quick_face=settings.detect_quick_face))


def _match_policy(settings: Settings, engine: Engine) -> MatchPolicy:
    own = engine.traits.policy
    return MatchPolicy(
        threshold=own.threshold if settings.match_threshold is None else settings.match_threshold,
        margin=own.margin if settings.match_margin is None else settings.match_margin,
    )
