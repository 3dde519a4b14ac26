"""Snapshots in a folder and a database, and sightings that may have some."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from portero_server.clock import Clock
from portero_server.domain.detection.geometry import Box
from portero_server.domain.recording.review_pictures import PictureOutcome, PictureRank
from portero_server.domain.recording.snapshots import SnapshotRules
from portero_server.gallery.snapshot_reader import SnapshotReader
from portero_server.gallery.snapshots import SnapshotKeeper, SnapshotVault
from portero_server.store.database import Database
from portero_server.store.sightings import SightingFilter, SightingStore
from portero_server.store.snapshots import SnapshotStore
from portero_server.telemetry.metrics import Metrics
from portero_server.vault.folder import FolderPlace
from portero_server.vault.place import VaultUnavailable
from portero_server.vision.pixels import Pixels
from portero_server.vision.snapshots import Scene, SnapshotForm
from tests.support.server.picture_house import PictureHouse
from tests.support.store.commits import at

SPAN = timedelta(hours=72)
FORM = SnapshotForm(context=True, quality=85, face_side=200, context_side=320)
EVERYWHERE = SnapshotRules(sites=None)


def gray_frame(width: int = 320, height: int = 240, level: int = 128) -> Pixels:
    """Returns a frame of one gray."""
    return np.full((height, width, 3), level, np.uint8)


def scene(quality: float = 0.5, *, taken_at: datetime | None = None, face: Box | None = None) -> Scene:
    """Returns the frame of a shot at the door."""
    box = face or Box(0.25, 0.25, 0.25, 0.25)
    return Scene(gray_frame(), box, (), (), "door", taken_at or at(0), PictureRank(0.0, quality))


class LinkingFolder(FolderPlace):
    """A folder that signs links, as a bucket does, and fails when it is told to.

    Attributes:
        broken: Whether every operation fails.
        stuck: Whether an object stays where it is when it should be written, as if the server had died before.
    """

    broken = False
    stuck = False

    def put(self, name: str, content: bytes) -> None:
        """Keeps an object."""
        self._fail(self.broken or self.stuck)
        super().put(name, content)

    def get(self, name: str) -> bytes | None:
        """Returns an object."""
        self._fail(self.broken)
        return super().get(name)

    def delete(self, name: str) -> None:
        """Deletes an object."""
        self._fail(self.broken)
        super().delete(name)

    def link(self, name: str, seconds: int) -> str:
        """Returns a link that says how long it works."""
        self._fail(self.broken)
        return f"https://bucket.example/{name}?seconds={seconds}"

    @staticmethod
    def _fail(broken: bool) -> None:
        if broken:
            raise VaultUnavailable("away")


@dataclass
class SnapshotHouse:
    """A door in the shop, its sightings, and their snapshots under rules."""

    database: Database
    clock: Clock
    folder: Path
    rules: SnapshotRules = EVERYWHERE
    most: int = 100
    seen_by: PictureHouse = field(init=False)

    def __post_init__(self) -> None:
        self.seen_by = PictureHouse(self.database, self.clock)
        self.metrics = Metrics(version="0", engine="scripted")
        self.store = SnapshotStore(self.database, self.clock, self.rules, span=SPAN, most=self.most)
        self.place = LinkingFolder(self.folder)
        self.place.check()
        self.vault = SnapshotVault(self.store, self.place, self.clock, self.metrics.snapshots, interval=60)
        self.keeper = SnapshotKeeper(self.store, self.vault, self.clock, self.metrics.snapshots, FORM, least_side=32)
        self.reader = SnapshotReader(self.store, self.vault, self.clock, self.metrics.snapshots, SPAN)

    def under(self, rules: SnapshotRules) -> SnapshotHouse:
        """Returns the same house under other rules."""
        return replace(self, rules=rules)

    def value(self, name: str, **labels: str) -> float:
        """Returns the value of a metric."""
        return self.metrics.registry.get_sample_value(name, labels) or 0

    def files(self) -> set[str]:
        """Returns the names of the files in the folder."""
        return set(self.place.names())

    async def keep(self, track_id: str, quality: float = 0.5, *, taken_at: datetime | None = None) -> PictureOutcome:
        """Keeps snapshots of a track, if it may have some."""
        return await self.vault.keep(track_id, scene(quality, taken_at=taken_at), FORM)

    async def sighting(self, place: int = 0) -> str:
        """Returns the id of a sighting, the latest first."""
        return (await SightingStore(self.database).list(SightingFilter(), 9))[place].sighting_id

    async def shown(self, sighting_id: str) -> int:
        """Returns how many snapshots of a sighting may be looked at, each of which has a link."""
        return len(await self.reader.links(sighting_id, 60))
