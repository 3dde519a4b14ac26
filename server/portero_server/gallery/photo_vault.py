"""Keeps the photographs that taught faces, sealed, as long as person, face and consent allow it.

The row of a photo is written before its object and removed after it. So whatever ends a server, an object has a row,
and `sweep` finds what was not finished. A vault that fails costs the photo, never the enrollment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol
from uuid import uuid4

import structlog

from portero_server.domain.people.photos import Keeping, PhotoState, VaultPhoto, photo_digest
from portero_server.errors import FailedPrecondition, NotFound, PorteroError, Unavailable
from portero_server.gallery.kept_objects import KeptObjects
from portero_server.store.photos import PhotoStore
from portero_server.vault.place import PhotoPlace
from portero_server.vault.sealing import PhotoSeal, SealBroken

_log = structlog.get_logger(__name__)

_MOST_AT_ONCE = 8
"""Photos on their way to the vault; further ones are not kept. Each is a file of up to 5 MiB in memory."""
_PATIENCE = 10.0
"""Seconds that an enrollment waits for its photo to be kept; a slower vault goes on behind it."""
_BATCH = 100


class VaultObserver(Protocol):
    """Is told what becomes of photos, for metrics."""

    def photo_offered(self, outcome: Keeping) -> None:
        """Counts photos that taught a face."""
        ...

    def photos_deleted(self, count: int) -> None:
        """Counts photos whose objects were deleted."""
        ...

    def vault_failed(self, operation: str) -> None:
        """Counts operations that the vault did not carry out: put, get, delete or list."""
        ...

    def photos_held(self, counts: Mapping[PhotoState, int]) -> None:
        """Sets how many photos there are in each state."""
        ...


class PhotoVault:
    """Keeps, reads and deletes photographs; holds a few threads."""

    def __init__(
        self,
        store: PhotoStore,
        place: PhotoPlace,
        seal: PhotoSeal,
        observer: VaultObserver,
        *,
        interval: float,
        new_id: Callable[[], str] = lambda: uuid4().hex,
        patience: float = _PATIENCE,
    ) -> None:
        """Creates the vault; `run` sweeps it.

        Args:
            store: Which photos there are.
            place: Keeps the objects.
            seal: Makes them unreadable for others.
            observer: Is told what becomes of photos.
            interval: Seconds between two sweeps.
            new_id: Generates random names of objects.
            patience: Seconds that an enrollment waits for its photo.
        """
        self._store = store
        self._objects = KeptObjects(store, place, observer.vault_failed, observer.photos_deleted, "vault")
        self._seal = seal
        self._observer = observer
        self._interval = interval
        self._new_id = new_id
        self._patience = patience
        self._keeping = set[asyncio.Task[None]]()

    async def keep(self, person_id: str, face_id: str, photo: bytes) -> None:
        """Keeps the photograph that taught a face, if the person has consented to it; the same one again is kept once.

        What fails is logged and counted, and nothing is raised. A caller who hangs up does not interrupt it.
        """
        if len(self._keeping) >= _MOST_AT_ONCE:
            self._tell_failure(face_id, "VAULT_BUSY")
            return
        task = asyncio.create_task(self._keep(person_id, face_id, photo))
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)
        await asyncio.wait({task}, timeout=self._patience)

    async def read(self, photo: VaultPhoto) -> bytes | None:
        """Returns a photograph as it was enrolled; None: its object is not there.

        Raises:
            SealBroken: The object was damaged or exchanged, or none of the keys opens it.
            VaultUnavailable: The vault does not answer.
        """
        sealed = await self._objects.get(photo.photo_id)
        if sealed is None:
            return None
        return await self._objects.on_thread(lambda: self._seal.open(photo.person_id, photo.photo_id, sealed))

    async def copies(self, person_id: str, kept_id: str) -> Mapping[str, str | None]:
        """Copies the photographs of a person for another one, with whom they are about to be merged.

        Copies that no merge takes are swept.

        Returns:
            By id of a photo that of its copy; None: the other one has the same photo, or it is missing or damaged.

        Raises:
            NotFound: There is no such other person.
            FailedPrecondition: PHOTO_OF_OTHER_KEY, the key file of this server lacks the key of a photo.
            VaultUnavailable, StoreUnavailable: One of them does not answer.
        """
        return {photo.photo_id: await self._copy(photo, kept_id) for photo in await self._store.kept_of(person_id)}

    async def sweep(self, person_id: str | None = None) -> None:
        """Deletes the objects of a person, or of everybody (None), that are to be deleted, and their rows.

        Raises:
            VaultUnavailable, StoreUnavailable: One of them does not answer; called again, it goes on.
        """
        while due := await self._store.due(_BATCH, person_id):
            await self._objects.delete(due)

    async def catch_up(self) -> None:
        """Sweeps as far as possible now; what fails is only logged, since `run` tries it again."""
        try:
            await self.sweep()
        except Unavailable as error:
            _log.warning("vault_behind", reason=error.reason)

    async def erase(self, person_id: str) -> int:
        """Deletes every photo of an erased person. Returns how many there were of which no row was left.

        Raises:
            VaultUnavailable, StoreUnavailable: One of them does not answer; called again, it goes on.
        """
        await self.sweep(person_id)
        strays = await self.strays(person_id)
        await self._objects.delete(strays)
        return len(strays)

    async def strays(self, person_id: str) -> Sequence[str]:
        """Returns the objects of a person of which there is no row, as after a restore of an older backup.

        Only their seal tells whose they are: each object without a row is opened for this person.

        Raises:
            VaultUnavailable, StoreUnavailable: One of them does not answer.
        """
        return [name for name in await self._objects.unknown() if await self._belongs(name, person_id)]

    async def round(self) -> None:
        """Marks what is to be deleted, deletes it, and tells how many photos there are.

        Raises:
            VaultUnavailable, StoreUnavailable: One of them does not answer.
        """
        while await self._store.expire(_BATCH) == _BATCH:
            pass
        try:
            await self.sweep()
        finally:
            self._observer.photos_held(await self._store.counts())

    async def run(self) -> None:
        """Sweeps periodically until canceled."""
        while True:
            try:
                await self.round()
            except Unavailable as error:
                _log.warning("vault_behind", reason=error.reason)
            await asyncio.sleep(self._interval)

    async def aclose(self) -> None:
        """Waits a moment for photos on their way, and lets go of the threads."""
        if self._keeping:
            await asyncio.wait(self._keeping, timeout=self._patience)
        self._objects.close()

    async def _keep(self, person_id: str, face_id: str, photo: bytes) -> None:
        photo_id = self._new_id()
        try:
            outcome = await self._store.begin(photo_id, person_id, face_id, photo_digest(person_id, photo))
            if outcome is None:
                sealed = await self._objects.on_thread(lambda: self._seal.seal(person_id, photo_id, photo))
                await self._objects.put(photo_id, sealed)
                outcome = await self._settle(photo_id, person_id)
        except NotFound:
            return
        except PorteroError as error:
            self._tell_failure(face_id, error.reason)
            return
        if outcome is not None:
            self._observer.photo_offered(outcome)

    async def _copy(self, photo: VaultPhoto, kept_id: str) -> str | None:
        try:
            content = await self.read(photo)
        except SealBroken as broken:
            if broken.reason == "PHOTO_OF_OTHER_KEY":
                # The photo is whole: a server that has the key can copy it.
                raise FailedPrecondition(
                    f"photo {photo.photo_id} of people/{photo.person_id} is sealed with a key that this server's "
                    "PORTERO_PHOTO_VAULT_KEY_FILE does not hold; add that key below the first one, and merge then",
                    reason=broken.reason,
                ) from None
            _log.warning("photo_not_copied", photo=photo.photo_id, reason=broken.reason)
            return None
        photo_id = self._new_id()
        if content is None:
            return None
        if not await self._store.begin_copy(photo_id, kept_id, photo, photo_digest(kept_id, content)):
            return None
        sealed = await self._objects.on_thread(lambda: self._seal.seal(kept_id, photo_id, content))
        await self._objects.put(photo_id, sealed)
        return photo_id

    async def _settle(self, photo_id: str, person_id: str) -> Keeping | None:
        try:
            outcome = await self._store.complete(photo_id, person_id)
        except NotFound:
            outcome = None
        if outcome is not Keeping.KEPT:
            # This write is over, so nobody needs to wait for it.
            await self._objects.delete([photo_id])
        return outcome

    async def _belongs(self, name: str, person_id: str) -> bool:
        sealed = await self._objects.get(name)
        if sealed is None:
            return False
        try:
            await self._objects.on_thread(lambda: self._seal.open(person_id, name, sealed))
        except SealBroken:
            return False
        return True

    def _tell_failure(self, face_id: str, reason: str) -> None:
        _log.warning("photo_not_kept", face=face_id, reason=reason)
        self._observer.photo_offered(Keeping.FAILED)
