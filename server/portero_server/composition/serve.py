"""The commands `portero-server serve`, `migrate`, `check`, `faces` and `audit`."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from datetime import timedelta
from tempfile import TemporaryDirectory

import structlog

from portero_server import __version__
from portero_server.clock import SystemClock
from portero_server.composition.audit import record_configuration, verify_audit
from portero_server.composition.build import Server, built
from portero_server.composition.data_folder import writable_place
from portero_server.composition.descriptors import raise_descriptor_limit
from portero_server.composition.detector_commands import detector_line
from portero_server.composition.encoder_report import encoder_line, faces_lines
from portero_server.composition.engines import use_stored_collection
from portero_server.composition.store import opened_database
from portero_server.domain.audit.chain import CONSOLE, Deed
from portero_server.engines.base import OpenGate
from portero_server.errors import EngineError, StartupProblem, StoreUnavailable
from portero_server.gallery.reconcile import FacesOfCollection, reconcile_faces
from portero_server.settings import Settings
from portero_server.settings.data_folder import DATABASE_FILE
from portero_server.store.audit import AuditStore
from portero_server.store.collections import CollectionStore
from portero_server.store.migrations import check_revision
from portero_server.store.migrations import migrate as migrate_database
from portero_server.store.standby import StandbyStore
from portero_server.telemetry.logs import configure_logs

_log = structlog.get_logger(__name__)

_PAGE = 1000

_GC_THRESHOLDS = (7_000, 10, 1)
"""Ten times as many new objects as by default before the young ones are searched for cycles, and as many as by default
before all are: what closed streams leave behind is in cycles, and their pictures are not to pile up."""


async def serve(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT, then drains, finishes and returns.

    Raises:
        StartupProblem: Something needed is missing or wrong.
    """
    configure_logs(settings.log_format, settings.log_level, settings.log_lines)
    # Before workers are started, which inherit it.
    descriptors = raise_descriptor_limit()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for word in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(word, stop.set)
    async with built(settings) as server:
        # Not before: a start that fails says why in one line and nothing else.
        _log.info("descriptor_limit", now=descriptors.now, before=descriptors.before)
        if (choice := server.streaming.choice) is not None:
            traits = choice.finder.traits
            _log.info("detector", name=traits.name, model=traits.model, passed_over=choice.passed_over)
        _collect_garbage_less_often()
        await _serve(server, settings, stop)
    _log.info("stopped")


async def migrate(settings: Settings) -> None:
    """Upgrades the database to this version's schema.

    Raises:
        StartupProblem: The database cannot be reached or migrated.
    """
    configure_logs(settings.log_format, settings.log_level, settings.log_lines)
    async with opened_database(settings, None, create=True) as database:
        await migrate_database(database)
        sys.stdout.write(f"the database {database.address} is up to date\n")


async def check(settings: Settings) -> None:
    """Checks settings, database and engine, and prints the result. Creates and changes nothing.

    Raises:
        StartupProblem: One of them does not work.
    """
    configure_logs(settings.log_format, "warning", settings.log_lines)
    missing = writable_place(settings)
    with TemporaryDirectory(prefix="portero-check-") as folder:
        # Where there is no database yet, everything else is tried with one that goes away again.
        instead = {} if missing is None else {"database_url": f"sqlite+aiosqlite:///{folder}/{DATABASE_FILE}"}
        tried = settings.model_copy(update={**instead, "rekognition_create_collection": False})
        async with built(tried, create=missing is not None) as server:
            server.operations.certificates.check()
            address = server.stores.database.address
            state = f"{address}, up to date" if missing is None else f"{missing}, not there yet; `serve` makes it"
            sys.stdout.write(f"settings: sound\ndatabase: {state}\n")
            await _print_engine(server, settings)


async def _print_engine(server: Server, settings: Settings) -> None:
    traits = server.engine.traits
    sys.stdout.write(f"engine: {traits.name}, model {traits.model_version}\n")
    if server.streaming.choice is not None:
        sys.stdout.write(f"{detector_line(server.streaming.choice)}\n")
    sys.stdout.write(f"{encoder_line(settings)}\n")
    standby = server.gallery.standby
    sides = None if standby is None else standby.sides.known
    if sides is not None:
        sys.stdout.write(f"collection: {sides.in_use.place.collection_id}\n")
    beside = None if sides is None else sides.standby
    for line in faces_lines(await server.stores.people.count_faces(), server.gallery.model(), beside):
        sys.stdout.write(f"{line}\n")


async def list_outdated(settings: Settings) -> None:
    """Prints the people whom the model in use does not know, although they were enrolled.

    Raises:
        StartupProblem: The database or the engine does not work.
    """
    configure_logs(settings.log_format, "error", settings.log_lines)
    async with built(settings, create=False) as server:
        people, model = server.stores.people, server.gallery.model()
        found, after = 0, None
        while page := await people.outdated(model, _PAGE, after):
            sys.stdout.writelines(f"people/{person_id}\n" for person_id in page)
            found, after = found + len(page), page[-1]
        sys.stdout.write(f"{found} people have faces, and none of {model.engine} {model.version}\n")


async def check_faces(settings: Settings) -> None:
    """Prints how the Rekognition collection and the stored faces differ.

    Raises:
        StartupProblem: One of them does not answer.
    """
    await _faces(settings, repair=False)


async def repair_faces(settings: Settings) -> None:
    """Removes unstored faces from the Rekognition collection, and prints what cannot be repaired.

    Raises:
        StartupProblem: There is no collection, or one of them does not answer.
    """
    await _faces(settings, repair=True)


async def check_audit(settings: Settings) -> None:
    """Checks the audit trail directly in the database.

    Raises:
        StartupProblem: The database or the anchors cannot be read, or the trail was tampered with.
    """
    configure_logs(settings.log_format, "warning", settings.log_lines)
    async with opened_database(settings, None, create=False) as database:
        await check_revision(database)
        if not await verify_audit(settings, database):
            raise StartupProblem("the audit trail was tampered with")


async def _faces(settings: Settings, *, repair: bool) -> None:
    configure_logs(settings.log_format, "warning", settings.log_lines)
    if settings.engine != "rekognition":
        raise StartupProblem(f"the engine {settings.engine} keeps no faces of its own; set PORTERO_ENGINE=rekognition")
    # Imported late: no other engine needs its libraries.
    from portero_server.engines.rekognition.engine import create as create_rekognition

    async with opened_database(settings, None, create=False) as database:
        await check_revision(database)
        engine = create_rekognition(settings.rekognition_options, OpenGate())
        try:
            await use_stored_collection(engine, StandbyStore(database, SystemClock()))
            if repair:
                await engine.check()
                told = Deed(CONSOLE, "faces.repair", f"collections/{engine.place.collection_id}")
                await AuditStore(database).append([told], SystemClock().now())
            stored = CollectionStore(database, settings.collection_name)
            report = await reconcile_faces(engine, FacesOfCollection(stored, engine.place.number), repair=repair)
        except EngineError as error:
            raise StartupProblem(error.message) from None
        finally:
            await engine.aclose()
    sys.stdout.write(report)


def _collect_garbage_less_often() -> None:
    """Makes Python's cyclic garbage collector run less often and skip long-lived objects.

    Everything waits while it walks through all objects, a tenth of a second with some hundred streams; more than half
    of them are modules and parts created before the first call.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)


async def _serve(server: Server, settings: Settings, stop: asyncio.Event) -> None:
    host, _, port = settings.admin_listen.rpartition(":")
    await record_configuration(settings, server.stores.database, server.audit.trail)
    grpc_port = await server.rpc.start()
    admin_port = await server.operations.admin.start(host, int(port))
    grpc_host = settings.listen.rpartition(":")[0]
    _log.info(
        "serving",
        grpc=f"{grpc_host}:{grpc_port}",
        **_protection(server, settings),
        metrics=f"http://{host}:{admin_port}/metrics",
        engine=settings.engine,
        database=server.stores.database.address,
        version=__version__,
    )
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(run) for run in server.runs()]
        await server.rpc.set_serving(True)
        watching = group.create_task(server.operations.readiness.run(server.rpc.set_serving))
        await stop.wait()
        watching.cancel()
        await _stop(server, settings)
        for task in tasks:
            task.cancel()
    await server.operations.admin.aclose()


def _protection(server: Server, settings: Settings) -> dict[str, object]:
    """Returns for the log whether TLS is used, and where bridges connect."""
    if server.rpc.bridge_port is None or settings.bridge_listen is None:
        return {"tls": settings.tls_certificate is not None}
    return {"tls": True, "bridges": f"{settings.bridge_listen.rpartition(':')[0]}:{server.rpc.bridge_port}"}


async def _stop(server: Server, settings: Settings) -> None:
    """Drains within the grace period: two thirds for the bridges to leave, the rest for calls and the last commit."""
    _log.info("draining", grace=settings.stop_grace)
    await server.rpc.set_serving(False)
    server.streaming.watch.drain()
    server.streaming.export.drain()
    server.documents.watch.drain()
    server.attendance.watch.drain()
    patience = settings.stop_grace * 2 / 3
    await server.streaming.streams.drain(server.context.clock.now() + timedelta(seconds=patience), patience)
    await server.rpc.stop(settings.stop_grace / 6)
    try:
        async with asyncio.timeout(settings.stop_grace / 6):
            await server.streaming.recorder.idle()
    except TimeoutError:
        # Nothing is lost: what is not committed was not acknowledged, and the bridges still have it.
        _log.warning("stopped_without_last_commit")
    try:
        await server.billing.accounts.store()
    except StoreUnavailable as error:
        _log.warning("stopped_without_last_accounts", problem=error.message)
    await server.access.ring.note_uses()
    await server.audit.trail.flush()
