"""Snapshots of PorteroClient and of its blocking twin."""

from __future__ import annotations

from datetime import timedelta

from portero_client import calls
from portero_client.listing import Ask, BlockingAsk
from portero_client.snapshots import Snapshot, SnapshotCheck, SnapshotKind, SnapshotLink


class Snapshots:
    """Pictures of sightings. For operators and admins."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def get(self, sighting: str, kind: SnapshotKind = SnapshotKind.FACE) -> Snapshot:
        """Returns a snapshot of a sighting; the server records who looked at it.

        Raises:
            NotFound: There is no such sighting; with reason NO_SNAPSHOT, none is kept of it, or none that may be shown.
            FailedPrecondition: With reason SNAPSHOTS_OFF, the server keeps none.
            Unavailable: The folder or bucket does not answer.
        """
        return await self._ask(calls.snapshots.get(sighting, kind))

    async def link(
        self, sighting: str, kind: SnapshotKind = SnapshotKind.FACE, *, lifetime: timedelta | None = None
    ) -> SnapshotLink:
        """Returns a link by which anybody can look at a snapshot; the server records who asked for it.

        Args:
            sighting: Which.
            kind: What it shows.
            lifetime: How long it works; None: as long as the server allows.

        Raises:
            InvalidArgument: The lifetime is longer than that.
            NotFound, FailedPrecondition, Unavailable: As `get`; also with reason NO_LINKS, snapshots are in a folder.
        """
        return await self._ask(calls.snapshots.link(sighting, kind, lifetime))

    async def check(self) -> SnapshotCheck:
        """Tries whether the server can keep snapshots: it writes, reads and deletes a file."""
        return await self._ask(calls.snapshots.check())


class BlockingSnapshots:
    """Pictures of sightings; see Snapshots of the asynchronous client."""

    def __init__(self, ask: BlockingAsk) -> None:
        self._ask = ask

    def get(self, sighting: str, kind: SnapshotKind = SnapshotKind.FACE) -> Snapshot:
        """Returns a snapshot of a sighting; the server records who looked at it."""
        return self._ask(calls.snapshots.get(sighting, kind))

    def link(
        self, sighting: str, kind: SnapshotKind = SnapshotKind.FACE, *, lifetime: timedelta | None = None
    ) -> SnapshotLink:
        """Returns a link by which anybody can look at a snapshot; the server records who asked for it."""
        return self._ask(calls.snapshots.link(sighting, kind, lifetime))

    def check(self) -> SnapshotCheck:
        """Tries whether the server can keep snapshots: it writes, reads and deletes a file."""
        return self._ask(calls.snapshots.check())
