"""Builds what exports sightings by schedule, if the settings name a place."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from typing import Any
from uuid import uuid4

import structlog

from portero_server.composition.context import BuildContext
from portero_server.composition.store import Stores
from portero_server.domain.audit.chain import Deed
from portero_server.domain.people.privacy import Purpose
from portero_server.domain.recording.export_days import ExportRules
from portero_server.errors import StartupProblem
from portero_server.exports.bucket import ExportBucket
from portero_server.exports.files import FileFormat
from portero_server.exports.folder import ExportFolder
from portero_server.exports.place import EXPORTS, ExportPlace
from portero_server.exports.scheduled import ExportSelection, ScheduledExport
from portero_server.settings import Settings
from portero_server.store.event_relays import EventRelayStore
from portero_server.store.export_days import ExportDayStore, relay_name
from portero_server.store.sighting_exports import SightingExportStore

_log = structlog.get_logger(__name__)
_SEEN = (Purpose.STRANGERS, Purpose.VISITORS, Purpose.SIGHTINGS)


@dataclass(frozen=True, slots=True)
class ExportParts:
    """What exports by schedule; `scheduled` is None if nothing is."""

    scheduled: ScheduledExport | None

    def runs(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Returns the coroutines to run while the server runs."""
        return [] if self.scheduled is None else [self.scheduled.run()]


async def build(context: BuildContext, stores: Stores, record: Callable[[Deed], Awaitable[None]]) -> ExportParts:
    """Builds it from the settings; `record` writes entries of the audit trail.

    Raises:
        StartupProblem: The place cannot be used or holds another export, or a package is missing.
    """
    settings, database = context.settings, stores.database
    if settings.export is None:
        return ExportParts(None)
    if settings.export_format == "parquet" and find_spec("pyarrow") is None:
        raise StartupProblem("PORTERO_EXPORT_FORMAT=parquet needs another package: pip install 'portero[parquet]'")
    export_id = export_id_of(settings)
    scheduled = ScheduledExport(
        ExportDayStore(database, export_id),
        # The random word is the export's own; only the first server of the database stores it.
        EventRelayStore(database, relay_name(export_id), uuid4().hex, uuid4().hex),
        SightingExportStore(database).page,
        place_of(settings),
        ExportSelection(FileFormat(settings.export_format), settings.export_sites),
        rules_of(settings),
        record,
        context.clock,
        context.metrics.scheduled_exports,
        interval=settings.export_interval,
    )
    await scheduled.check()
    _log.info("sightings_are_exported", format=settings.export_format, sites=len(settings.export_sites))
    return ExportParts(scheduled)


def export_id_of(settings: Settings) -> str:
    """Returns a digest of where sightings are written to, and of what is: another export begins anew."""
    what = [settings.export, settings.export_format, sorted(settings.export_sites)]
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:32]


def rules_of(settings: Settings) -> ExportRules:
    """Returns when days are written."""
    kept = settings.retention_rules
    return ExportRules(
        timedelta(hours=settings.export_closed_after_hours),
        settings.export_since,
        {each: kept[each] for each in _SEEN if each in kept} if settings.export_expired == "remove" else {},
    )


def place_of(settings: Settings) -> ExportPlace:
    """Returns where files are written. Raises StartupProblem if the bucket's region is unknown."""
    if settings.export_folder is not None:
        return ExportFolder(settings.export_folder)
    # Imported late, as for snapshots.
    from portero_server.vault.bucket import BucketOptions, create_bucket

    bucket, prefix = settings.export_bucket or ("", "")
    key = settings.export_kms_key
    encryption = {"ServerSideEncryption": "aws:kms", **({} if key is None else {"SSEKMSKeyId": key})}
    return ExportBucket(
        create_bucket(BucketOptions(bucket, prefix, settings.export_region, encryption=encryption, words=EXPORTS)),
        export_id_of(settings),
    )
