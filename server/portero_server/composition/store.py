"""Opens the database from the settings, and builds the stores over it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from portero_server.composition.context import BuildContext
from portero_server.composition.data_folder import make_folder, refuse_missing
from portero_server.errors import StartupProblem, StoreUnavailable
from portero_server.settings import Settings
from portero_server.store.cameras import CameraStore
from portero_server.store.consents import ConsentStore
from portero_server.store.database import Database
from portero_server.store.decisions import DecisionStore
from portero_server.store.look_alikes import LookAlikeStore
from portero_server.store.migrations import check_revision
from portero_server.store.migrations import migrate as migrate_database
from portero_server.store.people import PeopleStore
from portero_server.store.sighting_reviews import SightingReviewStore
from portero_server.store.sightings import SightingStore
from portero_server.store.streams import StreamStore
from portero_server.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Stores:
    """The database, and the stores that several parts use."""

    database: Database
    people: PeopleStore
    cameras: CameraStore
    consents: ConsentStore
    look_alikes: LookAlikeStore
    sightings: SightingStore
    decisions: DecisionStore
    reviews: SightingReviewStore
    streams: StreamStore


@asynccontextmanager
async def opened_database(settings: Settings, metrics: Metrics | None, *, create: bool) -> AsyncIterator[Database]:
    """Opens the configured database and closes it at the end.

    Args:
        settings: Name it.
        metrics: Count what it does.
        create: Whether a file that is missing may be made.

    Raises:
        StartupProblem: It does not answer, or is missing and may not be made.
    """
    if create:
        make_folder(settings)
    else:
        refuse_missing(settings)
    database = Database(
        settings.database_dsn,
        pool_size=settings.database_pool_size,
        timeout=settings.database_timeout,
        observer=None if metrics is None else metrics.store,
    )
    try:
        yield database
    except StoreUnavailable as error:
        raise StartupProblem(
            f"the database {database.address} does not answer ({error.message}); check PORTERO_DATABASE_URL"
        ) from None
    finally:
        await database.aclose()


async def bring_up_to_date(database: Database) -> None:
    """Migrates a database file; of a server, which others use too, only checks the revision.

    Raises:
        StartupProblem: The schema is not the one of this version.
    """
    if database.dialect == "sqlite":
        # One file, one process: nobody else could be disturbed by new tables.
        await migrate_database(database)
    else:
        await check_revision(database)


@asynccontextmanager
async def build(context: BuildContext, *, create: bool) -> AsyncIterator[Stores]:
    """Opens the database, and closes it at the end; `create`: whether its file and its tables may be made or changed.

    Raises:
        StartupProblem: It does not answer, or its schema is not the one of this version.
    """
    clock, consent_required = context.clock, context.settings.consent_required
    async with opened_database(context.settings, context.metrics, create=create) as database:
        await (bring_up_to_date if create else check_revision)(database)
        yield Stores(
            database,
            PeopleStore(database, clock, consent_required=consent_required),
            CameraStore(database, clock),
            ConsentStore(database, clock, consent_required=consent_required),
            LookAlikeStore(database, clock),
            SightingStore(database),
            DecisionStore(database),
            SightingReviewStore(database, clock, consent_required=consent_required),
            StreamStore(database, clock),
        )
