"""Keeps snapshots of sightings in a folder or bucket, away from the frames and after their commits.

The row of a snapshot is written after its sighting and before its object, and removed after it. So whatever ends a
server, an object has a row, and `sweep` finds what was not finished.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Protocol
from uuid import uuid4

import structlog

from portero_server.clock import Clock
from portero_server.domain.recording.review_pictures import PictureOutcome
from portero_server.domain.recording.snapshots import Snapshot
from portero_server.errors import PorteroError, Unavailable
from portero_server.gallery.kept_objects import KeptObjects, ObjectRows
from portero_server.gallery.waiting_pictures import PictureObserver, WaitingPictures
from portero_server.store.snapshots import SnapshotsHeld
from portero_server.vault.place import LinkedPlace
from portero_server.vision.snapshots import Scene, SnapshotForm, snapshots_of

_log = structlog.get_logger(__name__)

_MOST_BYTES = 96 * 2**20
"""Bytes in memory of the frames that wait; one of 1280 x 720 pixels takes 2.8 MB."""
_MOST_WITHHELD = 1000
"""Dropped tracks that wait for a database that is away; the oldest of more are forgotten: nothing is stored then."""
_BATCH = 100
_STRAYS_AFTER = 3600.0
"""Seconds between two searches for objects without a row, and for snapshots that may not be shown any more."""


class SnapshotRows(ObjectRows, Protocol):
    """Stores which snapshots there are (`store/snapshots.py`)."""

    async def refusal(self, track_id: str) -> PictureOutcome | None:
        """Returns why no snapshot of a track is kept now; None: one may be."""
        ...

    async def begin(self, made: Sequence[Snapshot]) -> PictureOutcome | None:
        """Stores the rows of snapshots whose objects are to be written; returns why none may be, or None."""
        ...

    async def complete(self, made: Sequence[Snapshot]) -> PictureOutcome:
        """Records that the objects are there; returns KEPT, or why they are to be deleted at once."""
        ...

    async def shown(self, sighting_id: str) -> Sequence[Snapshot]:
        """Returns the best snapshot of each kind of a sighting that may be shown now."""
        ...

    async def withhold(self, track_ids: Collection[str]) -> int:
        """Marks the snapshots of tracks for deletion."""
        ...

    async def expire(self, limit: int) -> int:
        """Marks snapshots that were never finished, or whose sighting is gone."""
        ...

    async def disallowed(self, limit: int, after_id: str = "") -> tuple[int, str]:
        """Marks snapshots that may not be shown any more; returns how many, and where to go on."""
        ...

    async def due(self, limit: int) -> Sequence[str]:
        """Returns snapshots whose objects are to be deleted now."""
        ...

    async def held(self) -> SnapshotsHeld:
        """Returns how many there are."""
        ...


class SnapshotObserver(PictureObserver, Protocol):
    """Is told what becomes of snapshots, for metrics."""

    def snapshots_deleted(self, count: int) -> None:
        """Counts objects that were deleted."""
        ...

    def place_failed(self, operation: str) -> None:
        """Counts operations that the place did not carry out: put, get, delete, list or link."""
        ...

    def snapshots_held(self, count: int, size: int, leaving: int) -> None:
        """Sets how many are kept, their bytes, and how many are to be deleted."""
        ...

    def snapshot_told(self, how: str) -> None:
        """Counts snapshots that were shown, or linked to."""
        ...


class SnapshotVault:
    """Writes, reads and deletes the objects; holds a few threads."""

    def __init__(
        self,
        rows: SnapshotRows,
        place: LinkedPlace,
        clock: Clock,
        observer: SnapshotObserver,
        *,
        interval: float,
        new_id: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        """Creates it; `run` sweeps.

        Args:
            rows: Which snapshots there are.
            place: Keeps the objects.
            clock: Says when to search for strays.
            observer: Is told what becomes of them.
            interval: Seconds between two sweeps.
            new_id: Generates random names of objects.
        """
        self._rows = rows
        self._place = place
        self._clock = clock
        self._observer = observer
        self._interval = interval
        self._new_id = new_id
        self._objects = KeptObjects(rows, place, observer.place_failed, observer.snapshots_deleted, "snapshots")
        self._searched = float("-inf")
        self._has_searched = False

    async def keep(self, track_id: str, scene: Scene, form: SnapshotForm) -> PictureOutcome:
        """Writes the snapshots of a track whose sighting is stored. Returns what became of them.

        Raises:
            VaultUnavailable, StoreUnavailable: One of them does not answer; what was begun is swept.
        """
        try:
            files = await self._objects.on_thread(lambda: snapshots_of(scene, form))
        except Exception as error:  # noqa: BLE001 - one frame of which no picture can be made must not end the server
            raise PorteroError(f"no picture could be made of a frame ({type(error).__name__})") from None
        made = [
            Snapshot(self._new_id(), track_id, scene.camera_id, kind, scene.rank, scene.taken_at, len(content))
            for kind, content in files.items()
        ]
        refused = await self._rows.begin(made)
        if refused is not None:
            return refused
        for each in made:
            await self._objects.put(each.snapshot_id, files[each.kind])
        outcome = await self._rows.complete(made)
        if outcome is not PictureOutcome.KEPT:
            # This write is over, so nobody needs to wait for it.
            await self._objects.delete([each.snapshot_id for each in made])
        return outcome

    async def read(self, snapshot: Snapshot) -> bytes | None:
        """Returns the file of a snapshot; None: its object is not there. Raises VaultUnavailable."""
        return await self._objects.get(snapshot.snapshot_id)

    async def link(self, snapshot: Snapshot, seconds: int) -> str | None:
        """Returns a URL that works for some seconds; None: the place has none. Raises VaultUnavailable."""
        return await self._objects.ask("link", lambda: self._place.link(snapshot.snapshot_id, seconds))

    async def withhold(self, track_ids: Collection[str]) -> None:
        """Deletes the snapshots of tracks that nobody may look at, at the next sweep. Raises StoreUnavailable."""
        await self._rows.withhold(track_ids)

    async def try_out(self) -> None:
        """Writes, reads and deletes an object. Raises VaultUnavailable."""
        name = self._new_id()
        await self._objects.put(name, b"portero")
        await self._objects.get(name)
        await self._objects.ask("delete", lambda: self._place.delete(name))

    async def sweep(self) -> None:
        """Deletes the objects that are to be deleted, and then their rows.

        Raises:
            VaultUnavailable, StoreUnavailable: One of them does not answer; called again, it goes on.
        """
        while due := await self._rows.due(_BATCH):
            await self._objects.delete(due)

    async def erase(self) -> None:
        """Deletes whatever an erasure has marked. Raises as `sweep`.

        Rows say where the objects are, so the place is not listed: that takes as long as everybody's snapshots, whoever
        is erased. Only a restored backup leaves objects without a row, and before it servers stop; so they are searched
        for once before the first receipt of this process, and from then on by `round`.
        """
        await self.sweep()
        if not self._has_searched:
            await self._delete_strays()

    async def strays(self) -> int:
        """Returns how many objects have no row. Raises VaultUnavailable, StoreUnavailable."""
        return len(await self._objects.unknown())

    async def round(self) -> None:
        """Marks what is to be deleted, deletes it, and tells how many there are. Raises as `sweep`."""
        while await self._rows.expire(_BATCH) == _BATCH:
            pass
        now = self._clock.monotonic()
        try:
            # First, so that nothing which is to be deleted waits for a long search, or for one that fails.
            await self.sweep()
            if now - self._searched >= _STRAYS_AFTER:
                self._searched = now
                await self._let_go()
                await self.sweep()
                await self._delete_strays()
        finally:
            held = await self._rows.held()
            self._observer.snapshots_held(held.count, held.size, held.leaving)

    async def run(self) -> None:
        """Sweeps periodically until canceled."""
        while True:
            try:
                await self.round()
            except Unavailable as error:
                _log.warning("snapshots_behind", reason=error.reason)
            await asyncio.sleep(self._interval)

    async def aclose(self) -> None:
        """Ends the threads; what has not begun is not done."""
        self._objects.close()

    async def _delete_strays(self) -> None:
        await self._objects.delete(await self._objects.unknown())
        self._has_searched = True

    async def _let_go(self) -> None:
        _, last = await self._rows.disallowed(_BATCH)
        while last:
            _, last = await self._rows.disallowed(_BATCH, last)


class SnapshotKeeper(WaitingPictures[Scene]):
    """Takes the frames of all streams' best shots, and keeps snapshots of them; `run` does the work."""

    def __init__(
        self,
        rows: SnapshotRows,
        vault: SnapshotVault,
        clock: Clock,
        observer: SnapshotObserver,
        form: SnapshotForm,
        *,
        least_side: int,
        most_bytes: int = _MOST_BYTES,
    ) -> None:
        """Creates the work of one server.

        Args:
            rows: Which snapshots there are.
            vault: Keeps them.
            clock: The server's clock.
            observer: Is told what became of them.
            form: What the files are like.
            least_side: Shorter side of a face, pixels; of a smaller one none is kept.
            most_bytes: Bytes of the frames that wait in memory, all together.
        """
        # Nothing is held back: the first event of a sighting should have its link, and a better shot replaces it.
        super().__init__(clock, observer, kind="snapshot", least_side=least_side, settles=0.0, most_bytes=most_bytes)
        self._rows = rows
        self._vault = vault
        self._form = form
        self._withheld: dict[str, None] = {}

    def drop(self, track_id: str) -> None:
        """Forgets the frame of a track, and deletes what is kept of it already: nobody may look at it."""
        super().drop(track_id)
        self._withheld[track_id] = None
        if len(self._withheld) > _MOST_WITHHELD:
            del self._withheld[next(iter(self._withheld))]
        self._changed.set()

    async def round(self) -> None:
        """Looks once for the sighting of each frame that is due, and withholds what was dropped."""
        await super().round()
        if self._withheld:
            dropped = tuple(self._withheld)
            await self._vault.withhold(dropped)
            for track_id in dropped:
                self._withheld.pop(track_id, None)

    async def count(self) -> None:
        """Does nothing: the vault counts."""

    async def stored(self, track_id: str, picture: Scene) -> PictureOutcome | None:
        """Keeps snapshots of a frame. Returns what became of them; None: the track was dropped meanwhile."""
        refused = await self._rows.refusal(track_id)
        if refused is not None:
            return refused
        return await self._vault.keep(track_id, picture, self._form) if self.is_wanted(track_id) else None
