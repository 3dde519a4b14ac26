"""Adopts faces that another program put into the engine's collection: no photograph, no paid call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

from portero_server.domain.people.adoption import AdoptedFace, checked_face_ids
from portero_server.domain.people.people import FaceModel
from portero_server.engines.kept_faces import CollectionKeeper
from portero_server.errors import FailedPrecondition
from portero_server.gallery.mirror import GalleryMirror
from portero_server.store.adopted_faces import AdoptedFaceStore


class AdoptionObserver(Protocol):
    """Is told what became of faces, for metrics."""

    def faces_adopted(self, outcome: str, count: int) -> None:
        """Counts faces: "adopted", "known" or "refused"."""
        ...


class FaceAdoption:
    """Makes faces of the collection in use those of people."""

    def __init__(
        self,
        keeper: CollectionKeeper | None,
        model: Callable[[], FaceModel],
        store: AdoptedFaceStore,
        mirror: GalleryMirror,
        observer: AdoptionObserver,
    ) -> None:
        """Creates the adoption.

        Args:
            keeper: The engine; None: it keeps no faces itself.
            model: Returns engine and face model in use.
            store: Decides and stores.
            mirror: Tells the engine whose the faces are.
            observer: Is told what became of them.
        """
        self._keeper = keeper
        self._model = model
        self._store = store
        self._mirror = mirror
        self._observer = observer

    async def adopt(self, face_ids: Sequence[str], *, unnamed: bool, dry_run: bool) -> Sequence[AdoptedFace]:
        """Adopts faces, and returns what became of each, in order. May be repeated.

        Args:
            face_ids: The engine's ids.
            unnamed: Whether faces without an ExternalImageId are adopted too, each as a person of its own.
            dry_run: Whether nothing is stored.

        Raises:
            InvalidInput: There are none or too many, one is no FaceId, or one comes twice.
            FailedPrecondition: The engine keeps no collection, or another one came in use meanwhile.
            EngineError, StoreUnavailable: One of them does not answer.
        """
        wanted = checked_face_ids(face_ids)
        if self._keeper is None:
            raise FailedPrecondition(
                "the engine of this server keeps its faces in the database: there is no collection to adopt faces from",
                reason="NO_COLLECTION",
            )
        model = self._model()
        kept = {face.external_id: face for face in await self._keeper.find(wanted)}
        if self._model() != model:
            raise FailedPrecondition("the collection was exchanged meanwhile: try again", reason="COLLECTION_CHANGED")
        outcomes = await self._store.adopt(wanted, kept, model, unnamed=unnamed, dry_run=dry_run)
        if not dry_run:
            await self._mirror.catch_up()
            for outcome, count in Counter(each.outcome.value for each in outcomes).items():
                self._observer.faces_adopted(outcome, count)
        return outcomes
