"""Converts the answers about what is odd with the gallery to dataclasses."""

from __future__ import annotations

from portero.v1 import gallery_service_pb2 as pb2

from portero_client.convert import box_from, candidate_from, enrollment_from, person_from, quality_from, time_from
from portero_client.people import (
    CollectionState,
    ConfusablePair,
    EnrolledFace,
    FacesRepair,
    FacesReport,
    GalleryFinding,
    GalleryFindingKind,
    MergedPerson,
    PhotoAdvice,
    PhotoCheck,
    PhotoFlaw,
    UnrecognizedPerson,
)
from portero_client.rebuild import RebuildOutcome, RebuiltPhoto

_KINDS: dict[int, GalleryFindingKind] = {
    pb2.GALLERY_FINDING_KIND_OUTDATED_FACES: GalleryFindingKind.OUTDATED_FACES,
    pb2.GALLERY_FINDING_KIND_LOOK_ALIKE: GalleryFindingKind.LOOK_ALIKE,
}
_FLAWS: dict[int, PhotoFlaw] = {
    pb2.PHOTO_FLAW_NO_FACE: PhotoFlaw.NO_FACE,
    pb2.PHOTO_FLAW_SEVERAL_FACES: PhotoFlaw.SEVERAL_FACES,
    pb2.PHOTO_FLAW_TOO_SMALL: PhotoFlaw.TOO_SMALL,
    pb2.PHOTO_FLAW_TURNED_AWAY: PhotoFlaw.TURNED_AWAY,
    pb2.PHOTO_FLAW_BLURRED: PhotoFlaw.BLURRED,
    pb2.PHOTO_FLAW_TOO_DARK: PhotoFlaw.TOO_DARK,
    pb2.PHOTO_FLAW_TOO_BRIGHT: PhotoFlaw.TOO_BRIGHT,
    pb2.PHOTO_FLAW_UNEVEN_LIGHT: PhotoFlaw.UNEVEN_LIGHT,
    pb2.PHOTO_FLAW_CUT_OFF: PhotoFlaw.CUT_OFF,
}
_STATES: dict[int, CollectionState] = {
    pb2.COLLECTION_STATE_SOUND: CollectionState.SOUND,
    pb2.COLLECTION_STATE_LOST: CollectionState.LOST,
    pb2.COLLECTION_STATE_EMPTIED: CollectionState.EMPTIED,
    pb2.COLLECTION_STATE_OTHER_MODEL: CollectionState.OTHER_MODEL,
    pb2.COLLECTION_STATE_INCOMPLETE: CollectionState.INCOMPLETE,
    pb2.COLLECTION_STATE_FOREIGN: CollectionState.FOREIGN,
}


_OUTCOMES: dict[int, RebuildOutcome] = {
    pb2.REBUILD_OUTCOME_TAUGHT: RebuildOutcome.TAUGHT,
    pb2.REBUILD_OUTCOME_TEACHABLE: RebuildOutcome.TEACHABLE,
    pb2.REBUILD_OUTCOME_KNOWN: RebuildOutcome.KNOWN,
    pb2.REBUILD_OUTCOME_REFUSED: RebuildOutcome.REFUSED,
    pb2.REBUILD_OUTCOME_MISSING: RebuildOutcome.MISSING,
    pb2.REBUILD_OUTCOME_UNREADABLE: RebuildOutcome.UNREADABLE,
}


def enrolled_from(answer: pb2.EnrollFaceResponse) -> EnrolledFace:
    """Returns a face that was just enrolled, and whom it is like."""
    face = enrollment_from(answer.face)
    return EnrolledFace(
        face.name,
        face.box,
        face.quality,
        face.engine,
        face.model_version,
        face.create_time,
        tuple(map(candidate_from, answer.look_alikes)),
        tuple(map(candidate_from, answer.confusable)),
        tuple(map(_advice_from, answer.advice)),
    )


def photo_check_from(answer: pb2.CheckPhotoResponse) -> PhotoCheck:
    """Returns what the server says of a photograph."""
    return PhotoCheck(
        answer.reason,
        tuple(map(_advice_from, answer.advice)),
        box_from(answer.box) if answer.HasField("box") else None,
        quality_from(answer.quality) if answer.HasField("quality") else None,
    )


def pair_from(message: pb2.ConfusablePair) -> ConfusablePair:
    """Returns two people who may be taken for each other."""
    return ConfusablePair(
        message.first_person,
        message.first_display_name,
        message.second_person,
        message.second_display_name,
        message.similarity,
        time_from(message.find_time),
    )


def merged_from(message: pb2.MergePeopleResponse) -> MergedPerson:
    """Returns what a merge led to."""
    return MergedPerson(
        person=person_from(message.person),
        faces=message.faces,
        photos=message.photos,
        dropped_photos=message.dropped_photos,
        sightings=message.sightings,
        joined_sightings=message.joined_sightings,
        reviews=message.reviews,
        consents=message.consents,
        ended_consents=message.ended_consents,
        attendance_records=message.attendance_records,
    )


def finding_from(message: pb2.GalleryFinding) -> GalleryFinding:
    """Returns a finding; of a newer server's kind, UNSPECIFIED."""
    return GalleryFinding(
        person=message.person,
        display_name=message.display_name,
        kind=_KINDS.get(message.kind, GalleryFindingKind.UNSPECIFIED),
        look_alike=candidate_from(message.look_alike) if message.HasField("look_alike") else None,
    )


def report_from(message: pb2.FacesReport) -> FacesReport:
    """Returns what a comparison found; of a newer server's state, UNSPECIFIED."""
    return FacesReport(
        state=_STATES.get(message.state, CollectionState.UNSPECIFIED),
        engine=message.engine,
        model_version=message.model_version,
        stored_faces=message.stored_faces,
        kept_faces=message.kept_faces,
        missing_faces=message.missing_faces,
        foreign_faces=message.foreign_faces,
        others_faces=message.others_faces,
        other_models_faces=message.other_models_faces,
        compare_time=time_from(message.compare_time),
        advice=message.advice,
    )


def repair_from(message: pb2.RepairFacesResponse) -> FacesRepair:
    """Returns what a repair did."""
    return FacesRepair(report_from(message.report), message.created, message.removed_faces)


def unrecognized_from(message: pb2.UnrecognizedPerson) -> UnrecognizedPerson:
    """Returns a person who must be enrolled again."""
    return UnrecognizedPerson(
        person=message.person,
        display_name=message.display_name,
        missing_faces=tuple(message.missing_faces),
        kept_face_count=message.kept_face_count,
        other_model=message.other_model,
    )


def rebuilt_from(message: pb2.RebuiltPhoto) -> RebuiltPhoto:
    """Returns what became of a photo; of a newer server's outcome, UNSPECIFIED."""
    return RebuiltPhoto(
        person=message.person,
        photo_id=message.photo_id,
        outcome=_OUTCOMES.get(message.outcome, RebuildOutcome.UNSPECIFIED),
        face=message.face,
        reason=message.reason,
        message=message.message,
    )


def _advice_from(message: pb2.PhotoAdvice) -> PhotoAdvice:
    return PhotoAdvice(_FLAWS.get(message.flaw, PhotoFlaw.UNSPECIFIED), message.refused, message.text)
