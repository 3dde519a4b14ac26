"""Makes faces anew from the photographs of the vault: in the collection in use, or in the one that stands by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from portero_server.domain.people.people import FaceModel
from portero_server.domain.people.photos import Rebuilding, RebuiltPhoto, VaultPhoto
from portero_server.engines.kept_faces import CollectionKeeper
from portero_server.errors import FailedPrecondition, InvalidInput, NotFound
from portero_server.gallery.photo_vault import PhotoVault
from portero_server.gallery.service import Gallery, Taught
from portero_server.store.photos import PhotoStore
from portero_server.vault.sealing import SealBroken

MOST_PHOTOS = 20
"""Photos of one page: each is read, opened and taught, which may be a paid call."""


class RebuildObserver(Protocol):
    """Is told what became of photos, for metrics."""

    def photo_rebuilt(self, outcome: Rebuilding) -> None:
        """Counts photos of a rebuild that was not a dry run."""
        ...


@dataclass(frozen=True, slots=True)
class VaultAccess:
    """The vault of a site: which photos there are, and their content."""

    photos: PhotoStore
    vault: PhotoVault


class StandbyTeacher(Protocol):
    """Teaches the collection that stands by; see `StandbyFaces`."""

    async def held(self, photos: Sequence[VaultPhoto]) -> Mapping[str, str]:
        """Returns, by the ids of these photos, the faces that they taught it, and that it holds."""
        ...

    async def teach_photo(self, photo: VaultPhoto, content: bytes, deadline: float | None) -> Taught:
        """Teaches it a photo."""
        ...


class FaceRebuild:
    """Teaches the photos of the vault, page by page. Repeating any part of it teaches nothing twice."""

    def __init__(
        self,
        access: VaultAccess | None,
        gallery: Gallery,
        model: Callable[[], FaceModel],
        observer: RebuildObserver,
        *,
        keeper: CollectionKeeper | None = None,
        standby: StandbyTeacher | None = None,
    ) -> None:
        """Creates the rebuild.

        Args:
            access: The vault; None: the site keeps no photos.
            gallery: Teaches them.
            model: Returns engine and face model in use.
            observer: Is told what became of photos.
            keeper: The engine, when it keeps faces itself.
            standby: Teaches the collection that stands by; None: the engine has no collections.
        """
        self._access = access
        self._gallery = gallery
        self._model = model
        self._observer = observer
        self._keeper = keeper
        self._standby = standby

    async def page(
        self, limit: int, after_id: str | None, *, dry_run: bool, deadline: float | None = None, standby: bool = False
    ) -> tuple[Sequence[RebuiltPhoto], str | None]:
        """Teaches the photos of a page whose faces the engine does not have; faces of other models stay stored.

        Args:
            limit: How many photos at most; more than MOST_PHOTOS are left to the next page.
            after_id: Only those after this id.
            dry_run: Whether each photo is only read and opened, and none taught.
            deadline: Monotonic seconds after which the caller has stopped waiting; None: it waits without limit.
            standby: Whether the collection that stands by is taught, and the one in use left as it is.

        Returns:
            What became of each photo, and the last id (None: there are no more).

        Raises:
            FailedPrecondition: The site keeps no photos, or no collection stands by.
            EngineError: The engine does not answer; what was taught by then stays.
            VaultUnavailable, StoreUnavailable: One of them does not answer.
        """
        if self._access is None:
            raise FailedPrecondition(
                "this server keeps no photos (PORTERO_PHOTO_VAULT is not set): use `portero faces repair --photos`",
                reason="NO_PHOTO_VAULT",
            )
        limit = min(limit, MOST_PHOTOS)
        photos = await self._access.photos.page(limit, after_id)
        beside = self._required_standby() if standby else None
        held = await (self._held(photos) if beside is None else beside.held(photos))
        done = []
        for photo in photos:
            rebuilt = await self._rebuilt(self._access, photo, held, beside, dry_run=dry_run, deadline=deadline)
            done.append(rebuilt)
            if not dry_run:
                self._observer.photo_rebuilt(rebuilt.outcome)
        return done, photos[-1].photo_id if len(photos) == limit else None

    async def _rebuilt(
        self,
        access: VaultAccess,
        photo: VaultPhoto,
        held: Mapping[str, str],
        beside: StandbyTeacher | None,
        *,
        dry_run: bool,
        deadline: float | None,
    ) -> RebuiltPhoto:
        told = RebuiltPhoto(photo.person_id, photo.photo_id, Rebuilding.KNOWN)
        if photo.photo_id in held:
            return replace(told, face_id=held[photo.photo_id])
        if not photo.consented:
            return replace(
                told,
                outcome=Rebuilding.REFUSED,
                reason="NO_CONSENT",
                message="the person does not consent any more to keeping the photo, which is about to be deleted",
            )
        try:
            content = await access.vault.read(photo)
        except SealBroken as broken:
            return replace(told, outcome=Rebuilding.UNREADABLE, reason=broken.reason, message=broken.message)
        if content is None:
            return replace(
                told, outcome=Rebuilding.MISSING, reason="PHOTO_MISSING", message="the vault has no such object"
            )
        if dry_run:
            return replace(told, outcome=Rebuilding.TEACHABLE)
        try:
            if beside is None:
                taught = await self._gallery.teach(photo.person_id, content, deadline)
            else:
                taught = await beside.teach_photo(photo, content, deadline)
        except (InvalidInput, FailedPrecondition, NotFound) as error:
            return replace(told, outcome=Rebuilding.REFUSED, reason=error.reason, message=error.message)
        face_id = taught.face.face_id
        # The photo stays that of the face in use until the collections are switched.
        if beside is None and not await access.photos.taught(photo.photo_id, face_id):
            # Whoever deleted its face meanwhile does not get it back.
            with suppress(NotFound):
                await self._gallery.delete_face(photo.person_id, face_id)
            return replace(
                told, outcome=Rebuilding.REFUSED, reason="PHOTO_DELETED", message="the photo was deleted meanwhile"
            )
        return replace(told, outcome=Rebuilding.TAUGHT if taught.new else Rebuilding.KNOWN, face_id=face_id)

    def _required_standby(self) -> StandbyTeacher:
        if self._standby is None:
            raise FailedPrecondition("the engine of this server keeps no collections", reason="NO_COLLECTION")
        return self._standby

    async def _held(self, photos: Sequence[VaultPhoto]) -> Mapping[str, str]:
        """Returns, by the photos' ids, those of their faces that are of the model in use, and held by the engine."""
        model = self._model()
        current = [photo for photo in photos if photo.taught_by == (model.engine, model.version)]
        if self._keeper is None:
            return {photo.photo_id: photo.face_id for photo in current}
        named = {photo.external_id: photo for photo in current if photo.external_id is not None}
        held = [named[each] for each in await self._keeper.held(named)] if named else []
        return {photo.photo_id: photo.face_id for photo in held}
