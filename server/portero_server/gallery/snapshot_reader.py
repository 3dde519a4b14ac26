"""Reads snapshots of sightings, and hands out links to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from portero_server.clock import Clock
from portero_server.domain.recording.snapshots import Snapshot, SnapshotKind, link_seconds
from portero_server.errors import FailedPrecondition, NotFound, Unavailable
from portero_server.gallery.snapshots import SnapshotObserver, SnapshotRows, SnapshotVault

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ShownSnapshot:
    """A snapshot to be looked at.

    Attributes:
        jpeg: A JPEG file.
        kind: What it shows.
        taken_at: When it was captured, UTC.
        quality: Quality of the shot, 0..1.
        expires_at: From when on it is not shown any more, UTC.
    """

    jpeg: bytes
    kind: SnapshotKind
    taken_at: datetime
    quality: float
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SnapshotLink:
    """A link to a snapshot, by which anybody can read it.

    Attributes:
        kind: What it shows.
        url: Where it is.
        expires_at: Until when the link works at the longest, UTC.
    """

    kind: SnapshotKind
    url: str
    expires_at: datetime


class SnapshotReader:
    """Reads snapshots, and hands out links to them."""

    def __init__(
        self, rows: SnapshotRows, vault: SnapshotVault | None, clock: Clock, observer: SnapshotObserver, span: timedelta
    ) -> None:
        """Creates it.

        Args:
            rows: Which snapshots there are.
            vault: Has them; None: this server keeps none.
            clock: Says how long a link may last.
            observer: Counts what is told.
            span: How long a snapshot is kept.
        """
        self._rows = rows
        self._vault = vault
        self._clock = clock
        self._observer = observer
        self._span = span

    async def show(self, sighting_id: str, kind: SnapshotKind) -> ShownSnapshot:
        """Returns a snapshot of a sighting.

        Raises:
            NotFound: NO_SNAPSHOT, there is none, or none that may be shown.
            FailedPrecondition: SNAPSHOTS_OFF, this server keeps none.
            VaultUnavailable: Its folder or bucket does not answer.
        """
        vault, found = self._opened(), await self._found(sighting_id, kind)
        content = await vault.read(found)
        if content is None:
            raise NotFound(f"sightings/{sighting_id}/snapshot", reason="NO_SNAPSHOT")
        self._observer.snapshot_told("shown")
        return ShownSnapshot(content, kind, found.taken_at, found.rank.quality, self._expiry(found))

    async def link(self, sighting_id: str, kind: SnapshotKind, seconds: int) -> SnapshotLink:
        """Returns a link to a snapshot of a sighting that works for some seconds, no longer than it is kept.

        Raises:
            NotFound: NO_SNAPSHOT, there is none, or none that may be shown.
            FailedPrecondition: SNAPSHOTS_OFF, this server keeps none; NO_LINKS, it keeps them in a folder.
            VaultUnavailable: The link cannot be signed.
        """
        vault, found = self._opened(), await self._found(sighting_id, kind)
        made = await self._linked(vault, found, seconds)
        if made is None:
            raise FailedPrecondition(
                "there are links only to snapshots in a bucket: set PORTERO_SNAPSHOTS=s3://BUCKET/PREFIX",
                reason="NO_LINKS",
            )
        return made

    async def links(self, sighting_id: str, seconds: int) -> Sequence[SnapshotLink]:
        """Returns links to all snapshots of a sighting that may be shown now; none where one cannot be made."""
        if self._vault is None:
            return ()
        try:
            made = [await self._linked(self._vault, each, seconds) for each in await self._rows.shown(sighting_id)]
        except Unavailable as error:
            # What waits for the link is worth more than it.
            _log.warning("snapshot_not_linked", reason=error.reason)
            return ()
        return [each for each in made if each is not None]

    async def try_out(self) -> None:
        """Writes, reads and deletes an object. Raises FailedPrecondition (SNAPSHOTS_OFF) or VaultUnavailable."""
        await self._opened().try_out()

    def _opened(self) -> SnapshotVault:
        if self._vault is None:
            raise FailedPrecondition("this server keeps no snapshots: set PORTERO_SNAPSHOTS", reason="SNAPSHOTS_OFF")
        return self._vault

    async def _found(self, sighting_id: str, kind: SnapshotKind) -> Snapshot:
        for each in await self._rows.shown(sighting_id):
            if each.kind is kind:
                return each
        raise NotFound(f"sightings/{sighting_id}/snapshot", reason="NO_SNAPSHOT")

    async def _linked(self, vault: SnapshotVault, found: Snapshot, seconds: int) -> SnapshotLink | None:
        now, expires_at = self._clock.now(), self._expiry(found)
        lasting = link_seconds(seconds, expires_at, now)
        url = await vault.link(found, lasting) if lasting else None
        if url is None:
            return None
        self._observer.snapshot_told("linked")
        return SnapshotLink(found.kind, url, now + timedelta(seconds=lasting))

    def _expiry(self, found: Snapshot) -> datetime:
        return (found.created_at or found.taken_at) + self._span
