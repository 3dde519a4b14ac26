"""Converts what is known of the engine's collection to messages."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import gallery_service_pb2 as pb

from portero_server.domain.people.collection import CollectionState, Known
from portero_server.gallery.collection_repair import Unrecognized
from portero_server.rpc.resource_names import face_name, person_name

_STATES = {
    CollectionState.SOUND: pb.COLLECTION_STATE_SOUND,
    CollectionState.LOST: pb.COLLECTION_STATE_LOST,
    CollectionState.EMPTIED: pb.COLLECTION_STATE_EMPTIED,
    CollectionState.OTHER_MODEL: pb.COLLECTION_STATE_OTHER_MODEL,
    CollectionState.INCOMPLETE: pb.COLLECTION_STATE_INCOMPLETE,
    CollectionState.FOREIGN: pb.COLLECTION_STATE_FOREIGN,
}


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
