"""Converts people as they are exported and imported."""

from __future__ import annotations

from portero.v1 import detections_pb2, privacy_service_pb2
from portero.v1 import gallery_service_pb2 as pb2

from portero_client.convert import box_from, person_from, quality_from, time_from, time_to
from portero_client.detections import Box, FaceQuality
from portero_client.names import PEOPLE
from portero_client.privacy import Consent
from portero_client.privacy_convert import privacy_from
from portero_client.transfer import FaceEncoding, ImportedPerson, PersonRecord


def record_from(message: pb2.PersonRecord) -> PersonRecord:
    """Returns an exported person."""
    person, privacy = person_from(message.person), privacy_from(message.privacy)
    return PersonRecord(
        person=person.name,
        display_name=person.display_name,
        labels=person.labels,
        create_time=person.create_time,
        faces=tuple(map(_face_from, message.faces)),
        consents=privacy.consents,
        block_reason=privacy.block_reason if privacy.blocked else None,
        block_time=privacy.block_time,
    )


def record_to(record: PersonRecord) -> pb2.PersonRecord:
    """Returns the message of a person to import."""
    name = PEOPLE.name(record.person)
    return pb2.PersonRecord(
        person=pb2.Person(
            name=name,
            display_name=record.display_name,
            labels=dict(record.labels),
            create_time=None if record.create_time is None else time_to(record.create_time),
        ),
        faces=map(_face_to, record.faces),
        privacy=privacy_service_pb2.PersonPrivacy(
            person=name,
            blocked=record.block_reason is not None,
            block_reason=record.block_reason or "",
            block_time=None if record.block_time is None else time_to(record.block_time),
            consents=map(_consent_to, record.consents),
        ),
    )


def imported_from(message: pb2.ImportedPerson) -> ImportedPerson:
    """Returns what became of a person."""
    return ImportedPerson(
        person=message.person,
        created=message.created,
        added_faces=message.added_faces,
        known_faces=message.known_faces,
        reason=message.reason,
        message=message.message,
    )


def _face_from(message: pb2.FaceEncoding) -> FaceEncoding:
    box, quality = box_from(message.box), quality_from(message.quality)
    return FaceEncoding(
        encoding=message.encoding,
        face_id=message.face_id,
        box=None if box == _NO_BOX else box,
        quality=None if quality == _NO_QUALITY else quality,
        create_time=time_from(message.create_time),
        engine=message.engine,
        model_version=message.model_version,
    )


def _face_to(face: FaceEncoding) -> pb2.FaceEncoding:
    box, quality = face.box, face.quality
    return pb2.FaceEncoding(
        encoding=face.encoding,
        face_id=face.face_id,
        box=None if box is None else detections_pb2.Box(left=box.left, top=box.top, width=box.width, height=box.height),
        quality=None
        if quality is None
        else detections_pb2.FaceQuality(
            size=quality.size,
            frontality=quality.frontality,
            sharpness=quality.sharpness,
            brightness=quality.brightness,
        ),
        create_time=None if face.create_time is None else time_to(face.create_time),
    )


def _consent_to(consent: Consent) -> privacy_service_pb2.Consent:
    return privacy_service_pb2.Consent(
        name=consent.name,
        purpose=consent.purpose,
        text_version=consent.text_version,
        channel=consent.channel,
        guardian=consent.guardian,
        give_time=time_to(consent.give_time),
        record_time=time_to(consent.record_time),
        expire_time=None if consent.expire_time is None else time_to(consent.expire_time),
        withdraw_time=None if consent.withdraw_time is None else time_to(consent.withdraw_time),
    )


_NO_BOX = Box(0.0, 0.0, 0.0, 0.0)
_NO_QUALITY = FaceQuality(0.0, 0.0, 0.0, 0.0, 0.0)
