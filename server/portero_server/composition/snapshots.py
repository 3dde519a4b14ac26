"""Builds what keeps snapshots of sightings, if the settings name a place, and what reads them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from portero_server.composition.context import BuildContext
from portero_server.composition.review_pictures import Capture
from portero_server.composition.store import Stores
from portero_server.domain.events.message import PictureLink
from portero_server.domain.recording.snapshots import SnapshotRules, SnapshotSubjects
from portero_server.errors import StartupProblem
from portero_server.events.relay_ports import PictureLinks
from portero_server.gallery.snapshot_reader import SnapshotReader
from portero_server.gallery.snapshots import SnapshotKeeper, SnapshotVault
from portero_server.recognition.follower import Follower
from portero_server.recognition.frame_follower import FrameFollower
from portero_server.recognition.track_pictures import TrackPictures, scene_of
from portero_server.settings import Settings
from portero_server.store.snapshots import SnapshotStore
from portero_server.vault.folder import FolderPlace
from portero_server.vault.place import SNAPSHOTS, LinkedPlace
from portero_server.vision.snapshots import SnapshotForm
from portero_server.watching.listeners import EventListeners

_log = structlog.get_logger(__name__)
_ALL_SITES = "*"


@dataclass(frozen=True, slots=True)
class MessageLinks:
    """Makes the links of messages to webhooks, which work for some seconds."""

    reader: SnapshotReader
    seconds: int

    async def of(self, sighting_id: str) -> Sequence[PictureLink]:
        """Returns links to those snapshots of a sighting that may be looked at now."""
        made = await self.reader.links(sighting_id, self.seconds)
        return [PictureLink(each.kind.value, each.url, each.expires_at) for each in made]


@dataclass(frozen=True, slots=True)
class SnapshotParts:
    """What reads snapshots, and what keeps them; `vault` and `keeper` are None if none are kept.

    Attributes:
        link_seconds: How long links in messages work; 0: messages have none.
    """

    reader: SnapshotReader
    vault: SnapshotVault | None
    keeper: SnapshotKeeper | None
    link_seconds: int

    def runs(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Returns the coroutines to run while the server runs."""
        return [part.run() for part in (self.keeper, self.vault) if part is not None]

    def capture(self, inner: Capture) -> Capture:
        """Returns what prepares the follower of a stream: `inner` itself, unless snapshots are kept."""
        keeper = self.keeper
        if keeper is None:
            return inner

        def prepared(camera_id: str, follower: FrameFollower) -> FrameFollower:
            if isinstance(follower, Follower):
                follower.strangers = TrackPictures(follower.strangers, keeper, scene_of)
            return inner(camera_id, follower)

        return prepared

    @property
    def links(self) -> PictureLinks | None:
        """What makes links for messages; None: they have none."""
        return MessageLinks(self.reader, self.link_seconds) if self.link_seconds else None

    def listens_to(self, listeners: EventListeners) -> None:
        """Has it told of events: sightings that frames wait for may come with them."""
        if self.keeper is not None:
            listeners.add(self.keeper)


@asynccontextmanager
async def build(context: BuildContext, stores: Stores) -> AsyncIterator[SnapshotParts]:
    """Builds it from the settings, and lets go of its threads at the end.

    Raises:
        StartupProblem: The folder or bucket cannot be used.
    """
    settings, clock, metrics = context.settings, context.clock, context.metrics.snapshots
    store = SnapshotStore(
        stores.database, clock, rules_of(settings), span=settings.snapshot_span, most=settings.snapshot_limit
    )
    if settings.snapshots is None:
        held = await store.held()
        if left := held.count + held.leaving:
            # Erasures of these people would wait for a server that has them.
            _log.warning("snapshots_not_set", files=left, advice="set PORTERO_SNAPSHOTS as it was until they are gone")
        yield SnapshotParts(SnapshotReader(store, None, clock, metrics, settings.snapshot_span), None, None, 0)
        return
    place = place_of(settings)
    place.check()
    vault = SnapshotVault(store, place, clock, metrics, interval=settings.snapshot_sweep_interval)
    form = SnapshotForm(
        settings.snapshot_context,
        settings.snapshot_quality,
        settings.snapshot_face_side,
        settings.snapshot_context_side,
    )
    keeper = SnapshotKeeper(store, vault, clock, metrics, form, least_side=settings.snapshot_least_side)
    _log.info("snapshots_are_kept", hours=settings.retention_snapshots_hours, context=settings.snapshot_context)
    reader = SnapshotReader(store, vault, clock, metrics, settings.snapshot_span)
    try:
        yield SnapshotParts(reader, vault, keeper, settings.snapshot_link_seconds if settings.snapshot_links else 0)
    finally:
        await vault.aclose()


def rules_of(settings: Settings) -> SnapshotRules:
    """Returns which sightings have snapshots."""
    return SnapshotRules(
        sites=None if _ALL_SITES in settings.snapshot_sites else frozenset(settings.snapshot_sites),
        forbidden_sites=frozenset(settings.visitor_forbidden_sites),
        subjects=SnapshotSubjects(settings.snapshot_subjects),
        purpose=settings.snapshot_purpose,
        consent_required=settings.consent_required,
    )


def _same_place(settings: Settings) -> bool:
    if settings.snapshot_bucket is not None:
        return settings.snapshot_bucket == settings.photo_bucket
    vault, folder = settings.photo_vault, settings.snapshot_folder
    return vault is not None and folder is not None and Path(vault).resolve() == folder.resolve()


def place_of(settings: Settings) -> LinkedPlace:
    """Returns where snapshots are kept.

    Raises:
        StartupProblem: It is that of the photo vault, or the bucket's region is unknown.
    """
    if _same_place(settings):
        # Each would take the other's objects for its own without a row, and delete them.
        raise StartupProblem("PORTERO_SNAPSHOTS and PORTERO_PHOTO_VAULT must be different places")
    if settings.snapshot_folder is not None:
        return FolderPlace(settings.snapshot_folder, SNAPSHOTS)
    # Imported late, as for the photo vault.
    from portero_server.vault.bucket import BucketOptions, create_bucket

    bucket, prefix = settings.snapshot_bucket or ("", "")
    key = settings.snapshot_kms_key
    options = BucketOptions(
        bucket,
        prefix,
        settings.snapshots_region,
        content_type="image/jpeg",
        encryption={"ServerSideEncryption": "aws:kms", **({} if key is None else {"SSEKMSKeyId": key})},
        words=SNAPSHOTS,
    )
    return create_bucket(options)
