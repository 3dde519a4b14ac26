"""Sightings of a database that are exported by schedule to a folder."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from portero_server.domain.audit.chain import Deed
from portero_server.domain.recording.export_days import ExportRules
from portero_server.exports.files import FileFormat
from portero_server.exports.folder import ExportFolder
from portero_server.exports.scheduled import ExportSelection, ScheduledExport
from portero_server.store.cameras import CameraStore
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.event_relays import EventRelayStore
from portero_server.store.export_days import ExportDayStore, relay_name
from portero_server.store.people import PeopleStore
from portero_server.store.sighting_exports import SightingExportStore
from portero_server.store.streams import StreamStore
from portero_server.telemetry.metrics import Metrics
from portero_server.vault.place import VaultUnavailable
from tests.support.store.commits import commit_of, decided
from tests.support.time.virtual_time import ManualClock

GRACE = timedelta(hours=6)
DAY = 86_400


class BreakableFolder(ExportFolder):
    """A folder that fails after some files, as a disk that is full.

    Attributes:
        room: How many files may still be kept.
    """

    room = 10**6

    def keep(self, name: str, file: Path) -> None:
        """Keeps a file."""
        if self.room == 0:
            raise VaultUnavailable("full")
        self.room -= 1
        super().keep(name, file)


@dataclass
class ExportHouse:
    """Cameras of two sites, two people, and a folder.

    Attributes:
        deeds: What was recorded in the audit trail.
    """

    database: Database
    clock: ManualClock
    folder: Path
    rules: ExportRules = field(default_factory=lambda: ExportRules(GRACE))
    export_id: str = "e1"
    deeds: list[Deed] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.metrics = Metrics(version="0", engine="scripted")
        self.days = ExportDayStore(self.database, self.export_id)
        self.place = BreakableFolder(self.folder)
        self.place.check()

    async def open(self) -> None:
        """Creates the cameras and people."""
        for person_id in ("ana", "ben"):
            await PeopleStore(self.database, self.clock).create(person_id, person_id.title(), {})
        for camera_id, site in (("door", "north"), ("desk", "south")):
            await CameraStore(self.database, self.clock).create(camera_id, display_name=camera_id, site=site)

    async def seen(self, track_id: str, seconds: float, person_id: str | None = None, camera: str = "door") -> None:
        """Stores a visit that began so many seconds after eight."""
        stream = await StreamStore(self.database, self.clock).open(camera, "e1", "s1")
        track = decided(track_id, person_id, seconds, seconds + 10)
        await Recording(self.database, self.clock).commit([commit_of(stream, track)])

    def scheduled(
        self,
        server: str = "one",
        *,
        sites: tuple[str, ...] = (),
        format_: FileFormat = FileFormat.CSV,
    ) -> ScheduledExport:
        """Returns what a server exports by."""

        async def record(deed: Deed) -> None:
            self.deeds.append(deed)

        async def no_pause(seconds: float) -> None:
            pass

        return ScheduledExport(
            self.days,
            EventRelayStore(self.database, relay_name(self.export_id), f"key-{server}", server),
            SightingExportStore(self.database).page,
            self.place,
            ExportSelection(format_, sites),
            self.rules,
            record,
            self.clock,
            self.metrics.scheduled_exports,
            interval=900,
            sleep=no_pause,
        )

    def go_to(self, moment: datetime) -> None:
        """Moves the clock on to a time."""
        self.clock.advance((moment - self.clock.now()).total_seconds())

    def value(self, name: str, **labels: str) -> float:
        """Returns the value of a metric."""
        return self.metrics.registry.get_sample_value(name, labels) or 0

    def files(self) -> Mapping[str, list[str]]:
        """Returns of each file whom it names, "" for a stranger, in the order of its rows."""
        return {
            path.relative_to(self.folder).parent.as_posix(): _people_in(path)
            for path in sorted(self.folder.glob("site=*/date=*/*.csv"))
        }

    def people(self) -> set[str]:
        """Returns whom any file names, "" for strangers."""
        return {person for people in self.files().values() for person in people}


def _people_in(file: Path) -> list[str]:
    with file.open(encoding="utf-8", newline="") as source:
        return [row["person"] for row in csv.DictReader(source)]
