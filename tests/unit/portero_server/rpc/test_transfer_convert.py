"""People as messages, out and in."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import detections_pb2, privacy_service_pb2
from portero.v1 import gallery_service_pb2 as pb

from portero_server.domain.detection.detections import FaceQuality
from portero_server.domain.people.people import FaceEnrollment, Person
from portero_server.domain.people.privacy import Block, Consent
from portero_server.errors import InvalidInput
from portero_server.rpc.transfer_convert import record_from_proto, record_to_proto
from portero_server.store.people_transfer import StoredRecord
from tests.support.store.commits import BOX, at

_NOW = datetime(2027, 1, 1, tzinfo=UTC)
_QUALITY = FaceQuality(0.5, 0.25, 1.0, 0.75)


def _stored(external_id: str | None = None) -> StoredRecord:
    consent = Consent("c1", "ana", "entry", "1", "paper", "Eva", at(0), at(1), at(9), at(2))
    face = FaceEnrollment("f1", "ana", BOX, _QUALITY, "local", "m1", b"12345678", external_id, at(3))
    return StoredRecord(Person("ana", "Ana", at(0), at(1), {"a": "b"}), [face], [consent], Block("asked", at(4)))


def test_what_is_exported_is_imported_as_it_was() -> None:
    """Every value of a person, their faces, consents and block survives the way out and in."""
    record = record_from_proto(record_to_proto(_stored()), _NOW, "people[0]")
    assert (record.person_id, record.display_name, record.labels, record.created_at) == (
        "ana",
        "Ana",
        {"a": "b"},
        at(0),
    )
    [face] = record.faces
    assert (face.embedding, face.face_id, face.created_at) == (b"12345678", "f1", at(3))
    assert (face.box.left, face.quality.frontality) == pytest.approx((BOX.left, 0.25))
    assert (list(record.consents), record.block) == (_stored().consents, Block("asked", at(4)))


def test_a_face_that_an_engine_keeps_is_exported_without_numbers() -> None:
    """What another engine could not use does not leave the server; that there is a face does."""
    [face] = record_to_proto(_stored("rekognition-1")).faces
    assert (face.encoding, face.face_id, face.engine) == (b"", "f1", "local")


def test_what_is_unset_is_unknown() -> None:
    """A record of a name and numbers is enough; times in the future are now."""
    late = Timestamp(seconds=9_000_000_000)
    message = pb.PersonRecord(
        person=pb.Person(name="people/ana", display_name="Ana", create_time=late),
        faces=[pb.FaceEncoding(encoding=b"1234")],
    )
    record = record_from_proto(message, _NOW, "people[0]")
    assert (record.created_at, record.consents, record.block) == (_NOW, (), None)
    assert (record.faces[0].face_id, record.faces[0].created_at, record.faces[0].quality.size) == ("", None, 0.0)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"person": pb.Person(name="ana", display_name="Ana")}, "people[2].person.name"),
        ({"person": pb.Person(name="people/ana")}, "people[2].person.display_name"),
        ({"person": pb.Person(name="people/ana", display_name="A", labels={"É": ""})}, "people[2].person.labels"),
        ({"faces": [pb.FaceEncoding(encoding=b"12345")]}, "people[2].faces[0].encoding"),
        ({"faces": [pb.FaceEncoding()]}, "people[2].faces[0].encoding"),
        ({"faces": [pb.FaceEncoding(encoding=b"1234", face_id="../x")]}, "people[2].faces[0].face_id"),
        (
            {"faces": [pb.FaceEncoding(encoding=b"1234", box=detections_pb2.Box(width=7.0))]},
            "people[2].faces[0].box",
        ),
        (
            {"faces": [pb.FaceEncoding(encoding=b"1234", quality=detections_pb2.FaceQuality(size=float("nan")))]},
            "people[2].faces[0].quality",
        ),
        (
            {
                "privacy": privacy_service_pb2.PersonPrivacy(
                    consents=[privacy_service_pb2.Consent(name="people/bo/consents/c")]
                )
            },
            "people[2].privacy.consents[0].name",
        ),
        (
            {"privacy": privacy_service_pb2.PersonPrivacy(blocked=True, block_reason="x" * 201)},
            "people[2].privacy.block_reason",
        ),
    ],
)
def test_a_malformed_value_is_refused_by_its_path(changes: dict[str, object], field: str) -> None:
    """The error names the field of the person in the request."""
    message = pb.PersonRecord(**{"person": pb.Person(name="people/ana", display_name="Ana"), **changes})  # type: ignore[arg-type]
    with pytest.raises(InvalidInput) as refused:
        record_from_proto(message, _NOW, "people[2]")
    assert refused.value.field == field
