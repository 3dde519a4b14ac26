"""The calls of GalleryService about the collection in use and the one that stands by."""

from __future__ import annotations

from collections.abc import Sequence

from portero.v1 import gallery_service_pb2 as pb2

from portero_client.calls.base import Call, unary
from portero_client.convert import time_from
from portero_client.gallery_collections import (
    AdoptedFace,
    AdoptionOutcome,
    CollectionRole,
    GalleryCollection,
    GalleryCollections,
    ShadowReport,
)

_GALLERY = "/portero.v1.GalleryService/"
_PATIENCE = 60.0
"""Seconds: faces are listed, compared twice, or deleted by the thousand."""

_ROLES: dict[int, CollectionRole] = {
    pb2.COLLECTION_ROLE_IN_USE: CollectionRole.IN_USE,
    pb2.COLLECTION_ROLE_PREPARING: CollectionRole.PREPARING,
    pb2.COLLECTION_ROLE_KEPT: CollectionRole.KEPT,
    pb2.COLLECTION_ROLE_DROPPING: CollectionRole.DROPPING,
}

_OUTCOMES: dict[int, AdoptionOutcome] = {
    pb2.ADOPTION_OUTCOME_ADOPTED: AdoptionOutcome.ADOPTED,
    pb2.ADOPTION_OUTCOME_KNOWN: AdoptionOutcome.KNOWN,
    pb2.ADOPTION_OUTCOME_REFUSED: AdoptionOutcome.REFUSED,
}


def prepare(collection: str, region: str) -> Call[GalleryCollections]:
    """Has a second collection stand by."""
    return unary(
        _GALLERY + "PrepareCollection",
        pb2.PrepareCollectionRequest(collection=collection, region=region),
        pb2.PrepareCollectionResponse,
        lambda answer: collections_from(answer.collections),
        patience=_PATIENCE,
    )


def get() -> Call[GalleryCollections]:
    """Returns which collection is in use and which one stands by."""
    return unary(
        _GALLERY + "GetCollections",
        pb2.GetCollectionsRequest(),
        pb2.GetCollectionsResponse,
        lambda answer: collections_from(answer.collections),
    )


def switch(*, allow_missing: bool) -> Call[GalleryCollections]:
    """Puts the collection that stands by in use."""
    return unary(
        _GALLERY + "SwitchCollection",
        pb2.SwitchCollectionRequest(allow_missing=allow_missing),
        pb2.SwitchCollectionResponse,
        lambda answer: collections_from(answer.collections),
        patience=_PATIENCE,
    )


def drop(collection: str) -> Call[bool]:
    """Removes the collection that stands by."""
    return unary(
        _GALLERY + "DropCollection",
        pb2.DropCollectionRequest(collection=collection),
        pb2.DropCollectionResponse,
        lambda answer: answer.gone,
        patience=_PATIENCE,
    )


def adopt(face_ids: Sequence[str], *, unnamed: bool, dry_run: bool) -> Call[tuple[AdoptedFace, ...]]:
    """Makes faces that another program put into the collection those of people."""
    return unary(
        _GALLERY + "AdoptFaces",
        pb2.AdoptFacesRequest(face_ids=face_ids, unnamed=unnamed, dry_run=dry_run),
        pb2.AdoptFacesResponse,
        lambda answer: tuple(_adopted_from(face) for face in answer.faces),
        patience=_PATIENCE,
    )


def _adopted_from(message: pb2.AdoptedFace) -> AdoptedFace:
    return AdoptedFace(
        face_id=message.face_id,
        outcome=_OUTCOMES.get(message.outcome, AdoptionOutcome.UNSPECIFIED),
        external_image_id=message.external_image_id,
        person=message.person,
        created=message.created,
        reason=message.reason,
        message=message.message,
    )


def collections_from(message: pb2.GalleryCollections) -> GalleryCollections:
    """Returns the collections; of a newer server's role, UNSPECIFIED."""
    return GalleryCollections(
        in_use=_collection_from(message.in_use),
        standby=_collection_from(message.standby) if message.HasField("standby") else None,
        standby_faces=message.standby_faces,
        standby_people=message.standby_people,
        missing_faces=message.missing_faces,
        missing_people=message.missing_people,
        shadow=_shadow_from(message.shadow) if message.HasField("shadow") else None,
    )


def _shadow_from(message: pb2.ShadowReport) -> ShadowReport:
    return ShadowReport(
        same=message.same,
        other=message.other,
        only_in_use=message.only_in_use,
        only_standby=message.only_standby,
        neither=message.neither,
        unasked=message.unasked,
        advice=message.advice,
    )


def _collection_from(message: pb2.GalleryCollection) -> GalleryCollection:
    return GalleryCollection(
        number=message.number,
        collection=message.collection,
        region=message.region,
        role=_ROLES.get(message.role, CollectionRole.UNSPECIFIED),
        model_version=message.model_version,
        switch_time=time_from(message.switch_time) if message.HasField("switch_time") else None,
    )
