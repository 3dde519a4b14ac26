"""The collections of the fake server: one in use, and at most one that stands by."""

from __future__ import annotations

from collections.abc import Sequence

import grpc
from portero.v1 import gallery_service_pb2 as pb2

from tests.support.client.wire import Refusal, UnaryMethod


class FakeCollections:
    """Prepares, switches and drops collections; `missing` people have no face in the one that stands by."""

    def __init__(self) -> None:
        self.in_use = pb2.GalleryCollection(
            number=1, collection="portero", role=pb2.COLLECTION_ROLE_IN_USE, model_version="7.0"
        )
        self.standby: pb2.GalleryCollection | None = None
        self.taught: set[str] = set()
        self.missing = 0
        self.shadow = pb2.ShadowReport()

    def methods(self) -> dict[str, tuple[type, UnaryMethod]]:
        """Returns the methods of the service that concern collections."""
        return {
            "PrepareCollection": (pb2.PrepareCollectionRequest, self.prepare),
            "GetCollections": (pb2.GetCollectionsRequest, self.get),
            "SwitchCollection": (pb2.SwitchCollectionRequest, self.switch),
            "DropCollection": (pb2.DropCollectionRequest, self.drop),
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

    def _now(self) -> pb2.GalleryCollections:
        return pb2.GalleryCollections(
            in_use=self.in_use,
            standby=self.standby,
            standby_faces=len(self.taught),
            missing_people=self.missing,
            shadow=None if self.standby is None else self.shadow,
        )
