"""Converts what is known of the gallery, and of photographs for it, to messages."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import gallery_service_pb2 as pb

from portero_server.domain.detection.photo_advice import PhotoAdvice, PhotoReport
from portero_server.domain.people.adoption import AdoptedFace, AdoptionOutcome
from portero_server.domain.people.collection import CollectionState, Known
from portero_server.domain.people.photos import Rebuilding, RebuiltPhoto
from portero_server.domain.people.shadow import ShadowOutcome, ShadowTally
from portero_server.domain.people.standby import CollectionRole, GalleryCollection
from portero_server.gallery.collection_repair import Unrecognized
from portero_server.gallery.collection_switch import SidesReport
from portero_server.gallery.findings import NamedPair
from portero_server.gallery.people_merging import MergedPerson
from portero_server.rpc.convert import box_to_proto, person_to_proto, quality_to_proto, time_to_proto
from portero_server.rpc.resource_names import face_name, person_name

_STATES = {
    CollectionState.SOUND: pb.COLLECTION_STATE_SOUND,
    CollectionState.LOST: pb.COLLECTION_STATE_LOST,
    CollectionState.EMPTIED: pb.COLLECTION_STATE_EMPTIED,
    CollectionState.OTHER_MODEL: pb.COLLECTION_STATE_OTHER_MODEL,
    CollectionState.INCOMPLETE: pb.COLLECTION_STATE_INCOMPLETE,
    CollectionState.FOREIGN: pb.COLLECTION_STATE_FOREIGN,
}


_OUTCOMES = {
    Rebuilding.TAUGHT: pb.REBUILD_OUTCOME_TAUGHT,
    Rebuilding.TEACHABLE: pb.REBUILD_OUTCOME_TEACHABLE,
    Rebuilding.KNOWN: pb.REBUILD_OUTCOME_KNOWN,
    Rebuilding.REFUSED: pb.REBUILD_OUTCOME_REFUSED,
    Rebuilding.MISSING: pb.REBUILD_OUTCOME_MISSING,
    Rebuilding.UNREADABLE: pb.REBUILD_OUTCOME_UNREADABLE,
}


_ADOPTIONS = {
    AdoptionOutcome.ADOPTED: pb.ADOPTION_OUTCOME_ADOPTED,
    AdoptionOutcome.KNOWN: pb.ADOPTION_OUTCOME_KNOWN,
    AdoptionOutcome.REFUSED: pb.ADOPTION_OUTCOME_REFUSED,
}


_ROLES = {
    CollectionRole.IN_USE: pb.COLLECTION_ROLE_IN_USE,
    CollectionRole.PREPARING: pb.COLLECTION_ROLE_PREPARING,
    CollectionRole.KEPT: pb.COLLECTION_ROLE_KEPT,
    CollectionRole.DROPPING: pb.COLLECTION_ROLE_DROPPING,
    CollectionRole.DROPPED: pb.COLLECTION_ROLE_UNSPECIFIED,
}


def sides_to_proto(report: SidesReport) -> pb.GalleryCollections:
    """Returns the GalleryCollections message for the collection in use and the one that stands by."""
    standby, counts = report.sides.standby, report.counts
    return pb.GalleryCollections(
        in_use=_collection_to_proto(report.sides.in_use),
        standby=None if standby is None else _collection_to_proto(standby),
        standby_faces=0 if counts is None else counts.faces,
        standby_people=0 if counts is None else counts.people,
        missing_faces=0 if counts is None else counts.missing_faces,
        missing_people=0 if counts is None else counts.missing_people,
        shadow=None if standby is None else _shadow_to_proto(report.shadow),
    )


def _shadow_to_proto(tally: ShadowTally) -> pb.ShadowReport:
    return pb.ShadowReport(
        same=tally.of(ShadowOutcome.SAME),
        other=tally.of(ShadowOutcome.OTHER),
        only_in_use=tally.of(ShadowOutcome.ONLY_IN_USE),
        only_standby=tally.of(ShadowOutcome.ONLY_STANDBY),
        neither=tally.of(ShadowOutcome.NEITHER),
        unasked=tally.of(ShadowOutcome.UNASKED),
        advice=tally.advice,
    )


def _collection_to_proto(collection: GalleryCollection) -> pb.GalleryCollection:
    return pb.GalleryCollection(
        number=collection.place.number,
        collection=collection.place.collection_id,
        region=collection.place.region,
        role=_ROLES[collection.role],
        model_version=collection.model_version,
        switch_time=None if collection.switched_at is None else time_to_proto(collection.switched_at),
    )


def report_to_proto(known: Known) -> pb.FacesReport:
    """Returns the FacesReport message for what a comparison found."""
    truth = known.truth
    compared = Timestamp()
    compared.FromDatetime(known.compared_at)
    return pb.FacesReport(
        state=_STATES[truth.state],
        engine=truth.model.engine,
        model_version=truth.model.version,
        stored_faces=truth.stored,
        kept_faces=truth.kept or 0,
        missing_faces=truth.missing,
        foreign_faces=truth.foreign,
        others_faces=truth.others,
        other_models_faces=truth.other_models,
        compare_time=compared,
        advice=truth.words,
    )


def adopted_to_proto(face: AdoptedFace) -> pb.AdoptedFace:
    """Returns the AdoptedFace message for what became of a face of the collection."""
    return pb.AdoptedFace(
        face_id=face.face_id,
        outcome=_ADOPTIONS[face.outcome],
        external_image_id=face.name or "",
        person=person_name(face.person_id) if face.person_id else "",
        created=face.created,
        reason=face.reason,
        message=face.message,
    )


def unrecognized_to_proto(found: Unrecognized) -> pb.UnrecognizedPerson:
    """Returns the UnrecognizedPerson message for somebody who must be enrolled again."""
    person_id = found.person.person_id
    return pb.UnrecognizedPerson(
        person=person_name(person_id),
        display_name=found.person.display_name,
        missing_faces=[face_name(person_id, face.face_id) for face in found.missing],
        kept_face_count=found.kept,
        other_model=found.other_model,
    )


def advice_to_proto(advice: PhotoAdvice) -> pb.PhotoAdvice:
    """Returns the PhotoAdvice message for a flaw of a photograph."""
    flaw = pb.PhotoFlaw.Value(f"PHOTO_FLAW_{advice.flaw.name}")
    return pb.PhotoAdvice(flaw=flaw, refused=advice.refused, text=advice.text)


def photo_report_to_proto(report: PhotoReport) -> pb.CheckPhotoResponse:
    """Returns the CheckPhotoResponse message for what a photograph shows."""
    face = report.face
    return pb.CheckPhotoResponse(
        reason=report.reason,
        advice=[advice_to_proto(each) for each in report.advice],
        box=None if face is None else box_to_proto(face.box.clipped()),
        quality=None if face is None else quality_to_proto(face.quality),
    )


def pair_to_proto(named: NamedPair) -> pb.ConfusablePair:
    """Returns the ConfusablePair message for two people who may be taken for each other."""
    pair = named.pair
    return pb.ConfusablePair(
        first_person=person_name(pair.first_person_id),
        first_display_name=named.first_name,
        second_person=person_name(pair.second_person_id),
        second_display_name=named.second_name,
        similarity=pair.similarity,
        find_time=time_to_proto(pair.found_at),
    )


def merged_to_proto(merged: MergedPerson) -> pb.MergePeopleResponse:
    """Returns the response for two people who were merged."""
    counts = merged.counts
    return pb.MergePeopleResponse(
        person=person_to_proto(merged.person),
        faces=counts.faces,
        photos=counts.photos,
        dropped_photos=counts.dropped_photos,
        sightings=counts.sightings,
        joined_sightings=counts.joined_sightings,
        reviews=counts.reviews,
        consents=counts.consents,
        ended_consents=counts.ended_consents,
        attendance_records=counts.attendance_records,
    )


def rebuilt_to_proto(photo: RebuiltPhoto) -> pb.RebuiltPhoto:
    """Returns the RebuiltPhoto message for what became of a photo."""
    return pb.RebuiltPhoto(
        person=person_name(photo.person_id),
        photo_id=photo.photo_id,
        outcome=_OUTCOMES[photo.outcome],
        face=face_name(photo.person_id, photo.face_id) if photo.face_id else "",
        reason=photo.reason,
        message=photo.message,
    )
