"""Completes erasures: on the server that received the request, or on any server that finds one unfinished."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

import structlog

from portero_server.domain.people.adoption import adoptee_of
from portero_server.domain.people.people import GalleryFace
from portero_server.domain.people.privacy import Erasure, subject_of
from portero_server.engines.base import EngineTraits
from portero_server.engines.kept_faces import FaceKeeper, KeptFace, parsed_image_id
from portero_server.errors import EngineError, StoreUnavailable
from portero_server.gallery.mirror import GalleryMirror
from portero_server.gallery.photo_vault import PhotoVault
from portero_server.gallery.snapshots import SnapshotVault
from portero_server.privacy.name_revocation import NameRevocation
from portero_server.store.database import Database
from portero_server.store.erasures import ErasureStore
from portero_server.store.remains import Remain, remains_of
from portero_server.telemetry.privacy_metrics import PrivacyMetrics
from portero_server.vault.place import VaultUnavailable

_log = structlog.get_logger(__name__)

_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of searching for an erased person.

    Attributes:
        erasure: The receipt.
        remains: Places that still name the person; none when all is well.
    """

    erasure: Erasure
    remains: tuple[Remain, ...]

    @property
    def clean(self) -> bool:
        """Whether the receipt is intact and no trace was found."""
        return self.erasure.sound and not self.remains


class FaceRemover(Protocol):
    """The engine, as far as an erasure needs it; where it has two collections, both."""

    @property
    def traits(self) -> EngineTraits:
        """Name the engine."""
        ...

    async def remove(self, faces: Iterable[GalleryFace]) -> None:
        """Removes faces; unknown ones are ignored."""
        ...


class Eraser:
    """Erases people, and verifies that nothing is left of them."""

    def __init__(
        self,
        erasures: ErasureStore,
        database: Database,
        engine: FaceRemover,
        mirror: GalleryMirror,
        name_revocation: NameRevocation,
        metrics: PrivacyMetrics,
        *,
        keeper: FaceKeeper | None = None,
        vault: PhotoVault | None = None,
        snapshots: SnapshotVault | None = None,
        interval: float,
    ) -> None:
        """Creates an eraser; `run` completes unfinished erasures.

        Args:
            erasures: The jobs and receipts.
            database: Searched for remains.
            engine: Removes the person's faces.
            mirror: Brings the engine up to date.
            name_revocation: Removes the name from the streams of this process.
            metrics: Counts unfinished erasures.
            keeper: The engine, when it keeps faces itself.
            vault: Keeps enrolled photographs, if any are kept.
            snapshots: Keeps snapshots, if any are kept.
            interval: How often unfinished erasures are looked for, seconds.
        """
        self._erasures = erasures
        self._database = database
        self._engine = engine
        self._mirror = mirror
        self._name_revocation = name_revocation
        self._metrics = metrics
        self._keeper = keeper
        self._vault = vault
        self._snapshots = snapshots
        self._interval = interval

    async def erase(self, person_id: str) -> Erasure:
        """Erases a person as far as possible now; `run` of any server completes the rest.

        When this returns, nobody is recognized as the person any more, whatever the state of the erasure.

        Raises:
            NotFound: Nothing is stored of such a person.
            StoreUnavailable: The database does not answer; called again, the erasure goes on.
        """
        erasure = await self._erasures.begin(person_id)
        await self._mirror.catch_up()
        await self._name_revocation.catch_up()
        if erasure.finished_at is not None:
            return erasure
        done = await self._advance(erasure)
        if done.finished_at is None:
            return done
        await self._overwrite()
        return await self._erasures.get(erasure.erasure_id)

    async def get(self, erasure_id: str) -> Erasure:
        """Returns an erasure by its id. Raises NotFound."""
        return await self._erasures.get(erasure_id)

    async def run(self) -> None:
        """Completes unfinished erasures periodically, until canceled."""
        while True:
            try:
                await self.round()
            except StoreUnavailable as error:
                _log.warning("erasures_wait", reason=error.reason)
            await asyncio.sleep(self._interval)

    async def round(self) -> None:
        """Completes what can be completed now, whichever server received the request. Raises StoreUnavailable."""
        done = [await self._advance(each) for each in await self._erasures.unfinished(_AT_ONCE)]
        self._metrics.erasures_unfinished(sum(erasure.finished_at is None for erasure in done))
        await self._overwrite()

    async def verify(self, person_id: str) -> Verification:
        """Searches every table and engine for an erased person.

        Raises:
            NotFound: The person was not erased.
            StoreUnavailable, EngineError, VaultUnavailable: Something could not be searched.
        """
        erasure = await self._erasures.of_person(person_id)
        remains = list(await remains_of(self._database, person_id))
        if behind := await self._mirror.behind():
            remains.append(Remain("changes the gallery of this server has still to learn", behind))
        if kept := await self._strays(erasure, person_id):
            remains.append(Remain("faces the engine keeps", len(kept)))
        if self._vault is not None and (photos := await self._vault.strays(person_id)):
            remains.append(Remain("photos the vault keeps", len(photos)))
        if await self._erasures.snapshots_left(erasure):
            remains.append(Remain("snapshots that are still to be deleted", 1))
        if self._snapshots is not None and (files := await self._snapshots.strays()):
            remains.append(Remain("snapshots that are nobody's", files))
        if days := await self._erasures.exported_days_left(erasure):
            remains.append(Remain("days of exports that are still to be written again", days))
        return Verification(erasure, tuple(remains))

    async def _advance(self, erasure: Erasure) -> Erasure:
        await self._erasures.scrub(erasure)
        # Each goes on while the other is away.
        waits = []
        for what, forget in (
            ("engine", self._forget_faces),
            ("vault", self._delete_photos),
            ("snapshots", self._delete_snapshots),
        ):
            try:
                await forget(erasure)
            except (EngineError, VaultUnavailable) as error:
                waits.append(what)
                _log.warning(f"erasure_waits_for_{what}", erasure=erasure.erasure_id, reason=error.reason)
        if waits:
            return await self._erasures.get(erasure.erasure_id)
        finished = await self._erasures.finish(erasure.erasure_id)
        if finished.finished_at is None:
            # An engine, or a place of files, that this server does not have; or a file that is still on its way there.
            _log.warning("erasure_waits_for_other_server", erasure=erasure.erasure_id)
        else:
            _log.info("erased", erasure=erasure.erasure_id)
        return finished

    async def _overwrite(self) -> None:
        waiting = await self._erasures.overwrite()
        self._metrics.erasures_not_overwritten(waiting)
        if waiting:
            _log.info("erasures_wait_for_readers", receipts=waiting)

    async def _forget_faces(self, erasure: Erasure) -> None:
        name = self._engine.traits.name
        left = [face for face in await self._erasures.faces_left(erasure) if face.engine == name]
        # Without the person's id, which the engine's own name of the face makes unnecessary.
        await self._engine.remove([GalleryFace(face.face_id, "", None, face.external_id) for face in left])
        # Learned by an enrollment that ended before it was stored, or put there by another program.
        strays = await self._strays(erasure, erasure.person_id) if erasure.person_id is not None else []
        if strays and self._keeper is not None:
            await self._keeper.remove_orphans(strays)
        if left or strays:
            await self._erasures.faces_forgotten(erasure, [face.face_id for face in left], len(strays))

    async def _delete_photos(self, erasure: Erasure) -> None:
        if self._vault is None or erasure.person_id is None:
            return
        if strays := await self._vault.erase(erasure.person_id):
            await self._erasures.photos_deleted(erasure, strays)

    async def _delete_snapshots(self, erasure: Erasure) -> None:
        if self._snapshots is not None and erasure.finished_at is None:
            await self._snapshots.erase()

    async def _strays(self, erasure: Erasure, person_id: str) -> list[KeptFace]:
        if self._keeper is None:
            return []
        kept = await self._keeper.list_faces()
        found = [face for face in kept if _named(face) == person_id]
        others = [face for face in kept if _is_adoptee(face, erasure.adopted_as)]
        # A label that somebody wrote may tell of faces that are stored as another person's.
        stored = await self._erasures.stored_ids({face.external_id for face in others}) if others else frozenset()
        return found + [face for face in others if face.external_id not in stored]


def _named(face: KeptFace) -> str | None:
    named = parsed_image_id(face.image_id)
    return None if named is None else named[0]


def _is_adoptee(face: KeptFace, subjects: Collection[str]) -> bool:
    if not subjects or parsed_image_id(face.image_id) is not None:
        return False
    return subject_of(adoptee_of(face).person_id) in subjects
