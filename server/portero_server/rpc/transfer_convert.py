"""Converts people as they are exported and imported."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import detections_pb2, privacy_service_pb2
from portero.v1 import gallery_service_pb2 as pb

from portero_server.domain.detection.detections import FaceQuality
from portero_server.domain.detection.geometry import Box
from portero_server.domain.people.people import (
    FaceEnrollment,
    checked_display_name,
    checked_identifier,
    checked_labels,
)
from portero_server.domain.people.privacy import Block, Consent, PersonPrivacy, checked_words
from portero_server.domain.people.transfer import FaceRecord, ImportedPerson, PersonRecord
from portero_server.errors import InvalidInput
from portero_server.rpc.convert import (
    box_to_proto,
    person_to_proto,
    quality_to_proto,
    time_from_proto,
    time_to_proto,
)
from portero_server.rpc.privacy_convert import consent_from_proto, privacy_to_proto
from portero_server.rpc.resource_names import parse_consent, parse_person, person_name
from portero_server.store.people_transfer import StoredRecord

_LONGEST_REASON = 200


def record_to_proto(record: StoredRecord) -> pb.PersonRecord:
    """Returns the PersonRecord message for a stored person."""
    person = record.person
    recognizable = not (person.blocked or person.without_consent)
    privacy = PersonPrivacy(record.block, tuple(record.consents), recognizable)
    return pb.PersonRecord(
        person=person_to_proto(person),
        faces=[_face_to_proto(face) for face in record.faces],
        privacy=privacy_to_proto(person.person_id, privacy),
    )


def record_from_proto(message: pb.PersonRecord, now: datetime, field: str) -> PersonRecord:
    """Returns the record of a person to import.

    Raises:
        InvalidInput: A field, named below `field`, is malformed.
    """
    person_id = parse_person(message.person.name, f"{field}.person.name")
    privacy = message.privacy
    return PersonRecord(
        person_id=person_id,
        display_name=checked_display_name(message.person.display_name, f"{field}.person.display_name"),
        labels=checked_labels(message.person.labels, f"{field}.person.labels"),
        created_at=_past(message.person, "create_time", now, f"{field}.person"),
        faces=tuple(_face(face, now, f"{field}.faces[{index}]") for index, face in enumerate(message.faces)),
        consents=tuple(
            _consent(consent, person_id, now, f"{field}.privacy.consents[{index}]")
            for index, consent in enumerate(privacy.consents)
        ),
        block=_block(privacy, now, f"{field}.privacy") if privacy.blocked else None,
    )


def imported_to_proto(outcome: ImportedPerson) -> pb.ImportedPerson:
    """Returns the ImportedPerson message for what became of a person."""
    return pb.ImportedPerson(
        person=person_name(outcome.person_id),
        created=outcome.created,
        added_faces=outcome.added_faces,
        known_faces=outcome.known_faces,
        reason=outcome.reason,
        message=outcome.message,
    )


def _face_to_proto(face: FaceEnrollment) -> pb.FaceEncoding:
    # What an engine keeps itself is of no use to another one, also where a second engine has an encoding of it.
    own = face.embedding if face.external_id is None else None
    return pb.FaceEncoding(
        encoding=own or b"",
        face_id=face.face_id,
        box=box_to_proto(face.box),
        quality=quality_to_proto(face.quality),
        create_time=time_to_proto(face.created_at),
        engine=face.engine,
        model_version=face.model_version,
    )


def _face(message: pb.FaceEncoding, now: datetime, field: str) -> FaceRecord:
    if not message.encoding or len(message.encoding) % 4:
        raise InvalidInput(f"{field}.encoding", f"{field}.encoding must be numbers of four bytes, at least one")
    return FaceRecord(
        embedding=message.encoding,
        face_id=checked_identifier(message.face_id, f"{field}.face_id") if message.face_id else "",
        box=_box(message.box, f"{field}.box"),
        quality=_quality(message.quality, f"{field}.quality"),
        created_at=_past(message, "create_time", now, field),
    )


def _box(message: detections_pb2.Box, field: str) -> Box:
    box = Box(message.left, message.top, message.width, message.height)
    if not all(0.0 <= number <= 1.0 for number in (box.left, box.top, box.width, box.height)):
        raise InvalidInput(field, f"the numbers of {field} must be 0..1")
    return box


def _quality(message: detections_pb2.FaceQuality, field: str) -> FaceQuality:
    scores = (message.size, message.frontality, message.sharpness, message.brightness)
    if not all(0.0 <= score <= 1.0 for score in scores):
        raise InvalidInput(field, f"the scores of {field} must be 0..1")
    return FaceQuality(*scores)


def _consent(message: privacy_service_pb2.Consent, person_id: str, now: datetime, field: str) -> Consent:
    owner, consent_id = parse_consent(message.name, f"{field}.name")
    if owner != person_id:
        raise InvalidInput(f"{field}.name", f"{field}.name must be a consent of people/{person_id}")
    consent = consent_from_proto(message, person_id, checked_identifier(consent_id, f"{field}.name"), now, field)
    return replace(
        consent,
        recorded_at=_past(message, "record_time", now, field) or now,
        withdrawn_at=_past(message, "withdraw_time", now, field),
    )


def _block(message: privacy_service_pb2.PersonPrivacy, now: datetime, field: str) -> Block:
    reason = checked_words(message.block_reason, f"{field}.block_reason", _LONGEST_REASON, required=False)
    return Block(reason, _past(message, "block_time", now, field) or now)


def _past(
    message: pb.Person | pb.FaceEncoding | privacy_service_pb2.Consent | privacy_service_pb2.PersonPrivacy,
    name: str,
    now: datetime,
    field: str,
) -> datetime | None:
    """Returns the time in a field of a message, or now if it is later; None if the field is not set."""
    stamp: Timestamp = getattr(message, name)
    has: bool = message.HasField(name)  # type: ignore[arg-type]  # each caller names a field of its message
    return min(time_from_proto(stamp, f"{field}.{name}"), now) if has else None
