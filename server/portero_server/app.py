"""Puts the parts together: what `portero-server serve`, `migrate` and `check` do."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import structlog

from portero_server import __version__
from portero_server.clock import SystemClock
from portero_server.domain.cadence import CadencePolicy
from portero_server.domain.detections import MatchPolicy
from portero_server.domain.frames import FrameLimits
from portero_server.domain.tracks import TrackPolicy
from portero_server.engines.backed import BackedEngine
from portero_server.engines.base import Engine, OpenGate
from portero_server.engines.registry import create_engine
from portero_server.engines.scripted import PatchDetector
from portero_server.errors import EngineError, StartupProblem, StoreUnavailable, Unavailable
from portero_server.pipeline import paying
from portero_server.pipeline.batcher import Batcher
from portero_server.pipeline.cascade import FreeEngine
from portero_server.pipeline.census import Census
from portero_server.pipeline.face_audit import audit_faces
from portero_server.pipeline.gallery import Gallery
from portero_server.pipeline.gallery_mirror import GalleryMirror
from portero_server.pipeline.images import Images
from portero_server.pipeline.paying import Paying
from portero_server.pipeline.recorder import Recorder
from portero_server.pipeline.session import SessionParts
from portero_server.pipeline.streams import StreamEngine, StreamPolicy, Streams, Thrift
from portero_server.pipeline.watching import SightingWatch, WatchPolicy
from portero_server.rpc.cameras import CameraServicer
from portero_server.rpc.gallery import GalleryServicer
from portero_server.rpc.recognition import RecognitionServicer
from portero_server.rpc.server import RpcServer, ServerOptions, build_server
from portero_server.rpc.sightings import SightingServicer
from portero_server.rpc.stream import FrameStream
from portero_server.rpc.stream_convert import StreamTerms
from portero_server.rpc.usage import UsageServicer
from portero_server.settings import Settings
from portero_server.store.cameras import CameraStore
from portero_server.store.database import Database
from portero_server.store.migrations import check_revision
from portero_server.store.migrations import migrate as migrate_database
from portero_server.store.people import PeopleStore
from portero_server.store.recording import Recording
from portero_server.store.sightings import SightingStore
from portero_server.store.streams import StreamStore
from portero_server.store.usage import UsageStore
from portero_server.telemetry.http import AdminHttp
from portero_server.telemetry.logs import configure_logs
from portero_server.telemetry.metrics import Metrics
from portero_server.telemetry.traces import Traces, tracing
from portero_server.vision.detect import DetectPolicy, FaceDetector
from portero_server.vision.scene import Detector, Eyes

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What runs."""

    clock: SystemClock
    engine: Engine
    database: Database
    mirror: GalleryMirror
    batchers: tuple[Batcher, ...]
    paying: Paying
    recorder: Recorder
    streams: Streams
    watch: SightingWatch
    census: Census
    rpc: RpcServer
    admin: AdminHttp


async def serve(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT, then drains, finishes and returns.

    Raises:
        StartupProblem: Something needed is missing or wrong.
    """
    configure_logs(settings.log_format, settings.log_level)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for word in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(word, stop.set)
    async with _built(settings) as parts:
        await _serve(parts, settings, stop)
    _log.info("stopped")


async def migrate(settings: Settings) -> None:
    """Brings the database to this version's tables.

    Raises:
        StartupProblem: The database cannot be reached or migrated.
    """
    configure_logs(settings.log_format, settings.log_level)
    async with _database(settings, None) as database:
        await migrate_database(database)
        sys.stdout.write(f"the database {database.address} is up to date\n")


async def check(settings: Settings) -> None:
    """Tries settings, database and engine, and says so.

    Raises:
        StartupProblem: One of them does not work.
    """
    configure_logs(settings.log_format, "warning")
    async with _built(settings) as parts:
        sys.stdout.write(f"settings: sound\ndatabase: {parts.database.address}, up to date\n")
        traits = parts.engine.traits
        sys.stdout.write(f"engine: {traits.name}, model {traits.model_version}\n")


async def check_faces(settings: Settings) -> None:
    """Says how the Rekognition collection and the stored faces differ.

    Raises:
        StartupProblem: There is no collection, or one of them does not answer.
    """
    await _faces(settings, repair=False)


async def repair_faces(settings: Settings) -> None:
    """Removes from the Rekognition collection what is stored nowhere, and says what cannot be repaired.

    Raises:
        StartupProblem: There is no collection, or one of them does not answer.
    """
    await _faces(settings, repair=True)


async def _faces(settings: Settings, *, repair: bool) -> None:
    configure_logs(settings.log_format, "warning")
    if settings.engine != "rekognition":
        raise StartupProblem(f"the engine {settings.engine} keeps no faces of its own; set PORTERO_ENGINE=rekognition")
    # Imported late: no other engine needs its libraries.
    from portero_server.engines.rekognition import create as create_rekognition

    async with _database(settings, None) as database:
        await check_revision(database)
        engine = create_rekognition(settings, OpenGate())
        try:
            await engine.check()
            report = await audit_faces(engine, PeopleStore(database, SystemClock()), repair=repair)
        except EngineError as error:
            raise StartupProblem(error.message) from None
        finally:
            await engine.aclose()
    sys.stdout.write(report)


@asynccontextmanager
async def _database(settings: Settings, metrics: Metrics | None) -> AsyncIterator[Database]:
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
async def _built(settings: Settings) -> AsyncIterator[_Parts]:
    """Builds every part, proves that database and engine work, and closes them in the end."""
    clock = SystemClock()
    metrics = Metrics(version=__version__, engine=settings.engine)
    async with AsyncExitStack() as stack:
        traces = stack.enter_context(tracing(settings.trace_endpoint, share=settings.trace_share, version=__version__))
        database = await stack.enter_async_context(_database(settings, metrics))
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
        eyes = Eyes(_detector(settings), clock, threads=settings.vision_threads)
        stack.push_async_callback(eyes.aclose)
        yield await _assembled(settings, clock, metrics, traces, database, engine, bill, eyes)


def _paying(settings: Settings, usage: UsageStore, clock: SystemClock, metrics: Metrics) -> Paying:
    if settings.engine != "rekognition":
        return paying.free(usage, clock, metrics)
    return paying.paid(
        settings.engine, settings.scheduler, settings.budget, settings.price_table, usage, clock, metrics
    )


def _engine(settings: Settings, bill: Paying) -> Engine:
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
    clock: SystemClock,
    metrics: Metrics,
    traces: Traces,
    database: Database,
    engine: Engine,
    bill: Paying,
    eyes: Eyes,
) -> _Parts:
    people = PeopleStore(database, clock)
    cameras = CameraStore(database, clock)
    sightings = SightingStore(database)
    match = _match_policy(settings, engine)
    mirror = GalleryMirror(engine, people, refresh=settings.gallery_refresh)
    await mirror.load()
    gallery = Gallery(engine, people, mirror, clock)
    watch = SightingWatch(sightings, WatchPolicy(heartbeat=settings.heartbeat_interval))
    batcher = _batcher(engine, settings, clock, metrics, traces)
    batchers: tuple[Batcher, ...] = (batcher,)
    free = None
    if isinstance(engine, BackedEngine):
        behind = _batcher(engine.free, settings, clock, metrics, traces)
        batchers = (batcher, behind)
        free = FreeEngine(engine.free.traits, behind.identify)
    recorder = Recorder(
        Recording(database, clock), clock, metrics.store, watch, interval=settings.commit_interval, traces=traces
    )
    limits = FrameLimits(
        max_bytes=settings.frame_max_bytes, max_side=settings.frame_max_side, max_pixels=settings.frame_max_pixels
    )

    async def name_of(person_id: str) -> str | None:
        return (await people.display_names([person_id])).get(person_id)

    streams = Streams(
        cameras,
        StreamStore(database, clock),
        SessionParts(clock, recorder, metrics, limits, settings.keep_texts),
        eyes,
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
        Thrift(
            bill.accounts,
            free,
            settings.memory,
            settings.gate_audit if engine.traits.paid else None,
            engine.search,
        ),
    )
    images = Images(engine, people, match)
    terms = StreamTerms(limits, settings.heartbeat_interval, settings.decision_deadline)
    rpc = build_server(
        ServerOptions(listen=settings.listen, reflection=settings.reflection),
        [
            RecognitionServicer(images, FrameStream(streams, terms, clock.now), clock),
            GalleryServicer(gallery, images, clock),
            CameraServicer(cameras, streams),
            SightingServicer(sightings, watch),
            UsageServicer(bill.accounts),
        ],
        metrics.rpc,
        clock,
    )

    async def ready() -> None:
        await database.check()

    def refresh() -> None:
        load = database.load()
        metrics.store.database_is(
            in_use=load.in_use, limit=load.limit, storage=load.storage, storage_free=load.storage_free
        )
        metrics.recognition.watchers.set(watch.watchers)

    census = Census(cameras, people, metrics, most=settings.metrics_max_cameras, interval=settings.gallery_refresh)
    admin = AdminHttp(metrics.registry, ready, (refresh, streams.report, bill.accounts.report, metrics.process.refresh))
    return _Parts(clock, engine, database, mirror, batchers, bill, recorder, streams, watch, census, rpc, admin)


def _detector(settings: Settings) -> Detector:
    """Gives what finds faces in streams; the scripted engine's patches of color have a detector of their own."""
    if settings.engine == "scripted":
        return PatchDetector()
    return FaceDetector(DetectPolicy(min_face=settings.detect_min_face, quick_face=settings.detect_quick_face))


def _match_policy(settings: Settings, engine: Engine) -> MatchPolicy:
    own = engine.traits.policy
    return MatchPolicy(
        threshold=own.threshold if settings.match_threshold is None else settings.match_threshold,
        margin=own.margin if settings.match_margin is None else settings.match_margin,
    )


async def _serve(parts: _Parts, settings: Settings, stop: asyncio.Event) -> None:
    host, _, port = settings.admin_listen.rpartition(":")
    grpc_port = await parts.rpc.start()
    admin_port = await parts.admin.start(host, int(port))
    grpc_host = settings.listen.rpartition(":")[0]
    _log.info(
        "serving",
        grpc=f"{grpc_host}:{grpc_port}",
        metrics=f"http://{host}:{admin_port}/metrics",
        engine=settings.engine,
        database=parts.database.address,
        version=__version__,
    )
    async with asyncio.TaskGroup() as group:
        tasks = [
            *(group.create_task(batcher.run()) for batcher in parts.batchers),
            group.create_task(parts.paying.accounts.run()),
            group.create_task(parts.recorder.run()),
            group.create_task(parts.streams.run()),
            group.create_task(parts.watch.run()),
            group.create_task(parts.mirror.follow()),
            group.create_task(parts.census.run()),
        ]
        if parts.paying.scheduler is not None:
            tasks.append(group.create_task(parts.paying.scheduler.serve()))
        await parts.rpc.set_serving(True)
        await stop.wait()
        await _stop(parts, settings)
        for task in tasks:
            task.cancel()
    await parts.admin.aclose()


async def _stop(parts: _Parts, settings: Settings) -> None:
    """Drains within the grace: two thirds for the bridges to leave, the rest for calls and the last commit."""
    _log.info("draining", grace=settings.stop_grace)
    await parts.rpc.set_serving(False)
    parts.watch.drain()
    patience = settings.stop_grace * 2 / 3
    await parts.streams.drain(parts.clock.now() + timedelta(seconds=patience), patience)
    await parts.rpc.stop(settings.stop_grace / 6)
    try:
        async with asyncio.timeout(settings.stop_grace / 6):
            await parts.recorder.idle()
    except TimeoutError:
        # Nothing is lost: what is not committed was not acknowledged, and the bridges still have it.
        _log.warning("stopped_without_last_commit")
    try:
        await parts.paying.accounts.store()
    except StoreUnavailable as error:
        _log.warning("stopped_without_last_accounts", problem=error.message)
