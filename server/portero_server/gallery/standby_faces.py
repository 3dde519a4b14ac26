"""Teaches the collection that stands by what the one in use is taught, and the photographs of the vault."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import structlog

from portero_server.clock import Clock
from portero_server.domain.cameras import Lane
from portero_server.domain.people.people import FaceEnrollment, FaceModel
from portero_server.domain.people.photos import VaultPhoto
from portero_server.domain.people.standby import number_of
from portero_server.engines.base import CallContext, EngineTraits, GalleryFace, LearnedFace
from portero_server.errors import EngineError, FailedPrecondition, InvalidInput, NotFound, PorteroError
from portero_server.gallery.collection_sides import CollectionSides, EngineSide
from portero_server.gallery.mirror import GalleryMirror
from portero_server.gallery.service import Taught, face_id_of
from portero_server.store.standby import StandbyStore
from portero_server.vision.photo import decode_photo

_log = structlog.get_logger(__name__)

_MOST_AT_ONCE = 8
"""Photographs on their way to the standby; further ones are left to `portero faces prepare`."""
_PATIENCE = 10.0
"""Seconds that an enrollment waits for the standby; a slower one goes on behind it."""


class StandbyObserver(Protocol):
    """Is told what became of photographs, for metrics."""

    def standby_taught(self, outcome: str) -> None:
        """Counts enrollments: taught, known, refused, or failed."""
        ...


class StandbyFaces:
    """Adds faces to the collection that stands by, while one does, and removes them."""

    def __init__(
        self,
        sides: CollectionSides,
        store: StandbyStore,
        mirror: GalleryMirror,
        clock: Clock,
        observer: StandbyObserver,
        *,
        check_learnable: Callable[[str], Awaitable[None]],
        patience: float = _PATIENCE,
    ) -> None:
        """Creates it; it does nothing while no collection stands by.

        Args:
            sides: Which collection does.
            store: Stores its faces.
            mirror: Removes from it what was deleted.
            clock: Dates faces.
            observer: Is told what became of photographs.
            check_learnable: Raises when a person's face may not be learned.
            patience: Seconds that an enrollment waits.
        """
        self._sides = sides
        self._store = store
        self._mirror = mirror
        self._clock = clock
        self._observer = observer
        self._check_learnable = check_learnable
        self._patience = patience
        self._teaching = set[asyncio.Task[None]]()

    async def enrolled(self, face: FaceEnrollment, photo: bytes) -> None:
        """Teaches the standby a photograph that was enrolled just now; what fails is logged and counted, not raised."""
        if len(self._teaching) >= _MOST_AT_ONCE:
            self._tell("failed", face.face_id, "STANDBY_BUSY")
            return
        task = asyncio.create_task(self._enrolled(face, photo))
        self._teaching.add(task)
        task.add_done_callback(self._teaching.discard)
        await asyncio.wait({task}, timeout=self._patience)

    async def catch_up(self) -> None:
        """Removes from the standby what was deleted, as far as possible now."""
        await self._mirror.catch_up()

    async def held(self, photos: Sequence[VaultPhoto]) -> Mapping[str, str]:
        """Returns, by the ids of these photos, the faces that they taught the standby, and that it holds.

        Raises:
            FailedPrecondition: No collection stands by.
            EngineError, StoreUnavailable: One of them does not answer.
        """
        side = await self._open()
        twins = await self._store.twins({photo.face_id for photo in photos}, side.keeper.place.number)
        kept = await side.keeper.held({twin.external_id for twin in twins.values() if twin.external_id is not None})
        found = {photo.photo_id: twins.get(photo.face_id) for photo in photos}
        return {photo_id: twin.face_id for photo_id, twin in found.items() if twin and twin.external_id in kept}

    async def teach_photo(self, photo: VaultPhoto, content: bytes, deadline: float | None) -> Taught:
        """Teaches the standby a photograph of the vault.

        Raises:
            InvalidInput, PhotoRefused, NotFound, FailedPrecondition: It may not, or cannot, be taught.
            EngineError, StoreUnavailable: One of them does not answer.
        """
        side, model = await self._open(), _model(self._sides.live.engine.traits)
        if photo.taught_by != (model.engine, model.version):
            raise FailedPrecondition(
                "the collection in use has no face of this photo: `portero faces rebuild` comes first",
                reason="NOT_IN_USE",
            )
        await self._check_learnable(photo.person_id)
        context = CallContext(None, Lane.ATTENDANCE, deadline)
        return await self._taught(side, photo.person_id, photo.face_id, content, context)

    async def aclose(self) -> None:
        """Waits a moment for photographs on their way."""
        if self._teaching:
            await asyncio.wait(self._teaching, timeout=self._patience)

    async def _open(self) -> EngineSide:
        await self._sides.refresh()
        side = self._sides.open_standby
        if side is None:
            raise FailedPrecondition(
                "no collection stands by: `portero faces prepare COLLECTION` makes one", reason="NO_STANDBY"
            )
        return side

    async def _enrolled(self, face: FaceEnrollment, photo: bytes) -> None:
        try:
            # Asked of the database, so that nobody is missed whom another server began to prepare for a moment ago.
            await self._sides.refresh()
            side = self._sides.open_standby
            if side is None:
                return
            context = CallContext(None, Lane.CHECK_IN)
            taught = await self._taught(side, face.person_id, face.face_id, photo, context)
        except (InvalidInput, FailedPrecondition) as error:
            self._tell("refused", face.face_id, error.reason)
        except PorteroError as error:
            self._tell("failed", face.face_id, error.reason)
        else:
            self._observer.standby_taught("taught" if taught.new else "known")

    async def _taught(
        self, side: EngineSide, person_id: str, used_id: str, photo: bytes, context: CallContext
    ) -> Taught:
        traits, number = side.engine.traits, side.keeper.place.number
        face_id = face_id_of(person_id, photo, f"{traits.name}/{traits.model_version}")
        twin = (await self._store.twins([used_id], number)).get(used_id)
        # A photograph that the collection has still to forget would be answered with the face that is about to go.
        await self._mirror.apply()
        if twin is not None:
            if twin.external_id is not None and await side.keeper.held([twin.external_id]):
                return Taught(twin, new=False)
            face_id = twin.face_id
        pixels = await asyncio.to_thread(decode_photo, photo, "image")
        learned = await side.engine.learn(pixels, person_id, face_id, context)
        face = self._face(face_id, person_id, traits.name, learned)
        try:
            if number_of(learned.model_version) != number:
                raise FailedPrecondition("the collections were switched meanwhile: try again", reason="STANDBY_CHANGED")
            return Taught(await self._store.add(face, used_id), new=True)
        except (NotFound, FailedPrecondition):
            # Whoever went meanwhile must not be left behind; were it the database that failed, the face would be met
            # again by the next try.
            await self._forget(side, face)
            raise

    def _face(self, face_id: str, person_id: str, engine: str, learned: LearnedFace) -> FaceEnrollment:
        return FaceEnrollment(
            face_id=face_id,
            person_id=person_id,
            box=learned.box,
            quality=learned.quality,
            engine=engine,
            model_version=learned.model_version,
            embedding=learned.embedding,
            external_id=learned.external_id,
            created_at=self._clock.now(),
        )

    async def _forget(self, side: EngineSide, face: FaceEnrollment) -> None:
        try:
            await side.engine.remove([GalleryFace(face.face_id, face.person_id, None, face.external_id)])
        except EngineError as error:
            _log.warning("face_left_with_standby", face=face.face_id, reason=error.reason)

    def _tell(self, outcome: str, face_id: str, reason: str) -> None:
        _log.warning("standby_not_taught", face=face_id, reason=reason)
        self._observer.standby_taught(outcome)


def _model(traits: EngineTraits) -> FaceModel:
    return FaceModel(traits.name, traits.model_version)
