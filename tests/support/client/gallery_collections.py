"""The collections of the fake server: one in use, and at most one that stands by."""

from __future__ import annotations

from collections.abc import Sequence

import grpc
from portero.v1 import gallery_service_pb2 as pb2

from tests.support.client.wire import Refusal, UnaryMethod


class FakeCollections:
    """Prepares, switches and drops collections; `missing` people have no face in the one that stands by.

    Attributes:
        foreign: ExternalImageIds of the faces that another program put into the one in use, by FaceId.
        adopted: Whose those are that were adopted.
    """

    def __init__(self) -> None:
        self.in_use = pb2.GalleryCollection(
            number=1, collection="portero", role=pb2.COLLECTION_ROLE_IN_USE, model_version="7.0"
        )
        self.standby: pb2.GalleryCollection | None = None
        self.taught: set[str] = set()
        self.missing = 0
        self.shadow = pb2.ShadowReport()
        self.foreign: dict[str, str] = {}
        self.adopted: dict[str, str] = {}

    def methods(self) -> dict[str, tuple[type, UnaryMethod]]:
        """Returns the methods of the service that concern collections."""
        return {
            "PrepareCollection": (pb2.PrepareCollectionRequest, self.prepare),
            "GetCollections": (pb2.GetCollectionsRequest, self.get),
            "SwitchCollection": (pb2.SwitchCollectionRequest, self.switch),
            "DropCollection": (pb2.DropCollectionRequest, self.drop),
            "AdoptFaces": (pb2.AdoptFacesRequest, self.adopt),
        }

    def rebuilt(self, names: Sequence[str]) -> pb2.RebuildFacesResponse:
        """Teaches the collection that stands by these faces, on one page."""
        photos = [
            pb2.RebuiltPhoto(
                person=name.partition("/faces/")[0],
                photo_id=f"p{name[-8:]}",
                outcome=pb2.REBUILD_OUTCOME_KNOWN if name in self.taught else pb2.REBUILD_OUTCOME_TAUGHT,
                face=name,
            )
            for name in names
        ]
        self.taught.update(names)
        return pb2.RebuildFacesResponse(photos=photos)

    async def prepare(self, request: pb2.PrepareCollectionRequest) -> pb2.PrepareCollectionResponse:
        """Has a collection stand by."""
        if self.standby is None:
            self.standby = pb2.GalleryCollection(
                number=2,
                collection=request.collection,
                region=request.region,
                role=pb2.COLLECTION_ROLE_PREPARING,
                model_version="7.0",
            )
        return pb2.PrepareCollectionResponse(collections=self._now())

    async def get(self, request: pb2.GetCollectionsRequest) -> pb2.GetCollectionsResponse:
        """Returns both."""
        return pb2.GetCollectionsResponse(collections=self._now())

    async def switch(self, request: pb2.SwitchCollectionRequest) -> pb2.SwitchCollectionResponse:
        """Exchanges both, unless people would become unknown."""
        if self.standby is None:
            raise Refusal(grpc.StatusCode.FAILED_PRECONDITION, "no collection stands by", reason="NO_STANDBY")
        if self.missing and not request.allow_missing:
            raise Refusal(grpc.StatusCode.FAILED_PRECONDITION, "people are missing", reason="STANDBY_INCOMPLETE")
        self.in_use, self.standby = self.standby, self.in_use
        for collection, role in (
            (self.in_use, pb2.COLLECTION_ROLE_IN_USE),
            (self.standby, pb2.COLLECTION_ROLE_KEPT),
        ):
            collection.role = role
            collection.switch_time.FromSeconds(1_790_000_000)
        return pb2.SwitchCollectionResponse(collections=self._now())

    async def drop(self, request: pb2.DropCollectionRequest) -> pb2.DropCollectionResponse:
        """Removes the one that stands by."""
        self.standby = None
        return pb2.DropCollectionResponse(gone=True)

    async def adopt(self, request: pb2.AdoptFacesRequest) -> pb2.AdoptFacesResponse:
        """Makes each ExternalImageId, in lower case, a person."""
        people = set(self.adopted.values())
        faces = []
        for face_id in request.face_ids:
            name = self.foreign.get(face_id, "")
            person = f"people/{name.lower() or face_id}"
            face = pb2.AdoptedFace(face_id=face_id, external_image_id=name, person=person)
            if face_id in self.adopted:
                face.outcome = pb2.ADOPTION_OUTCOME_KNOWN
            elif name or request.unnamed:
                face.outcome, face.created = pb2.ADOPTION_OUTCOME_ADOPTED, person not in people
                people.add(person)
                if not request.dry_run:
                    self.adopted[face_id] = person
            else:
                face.outcome, face.person = pb2.ADOPTION_OUTCOME_REFUSED, ""
                face.reason, face.message = "UNNAMED", "the face has no ExternalImageId, so nothing says whose it is"
            faces.append(face)
        return pb2.AdoptFacesResponse(faces=faces)

    def _now(self) -> pb2.GalleryCollections:
        return pb2.GalleryCollections(
            in_use=self.in_use,
            standby=self.standby,
            standby_faces=len(self.taught),
            missing_people=self.missing,
            shadow=None if self.standby is None else self.shadow,
        )
