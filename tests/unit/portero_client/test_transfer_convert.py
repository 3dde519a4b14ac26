"""People as messages of the export and the import."""

from __future__ import annotations

from datetime import UTC, datetime

from portero_client import Box, Consent, FaceEncoding, FaceQuality, PersonRecord
from portero_client.transfer_convert import record_from, record_to

_TIME = datetime(2026, 11, 27, 8, tzinfo=UTC)


def test_a_person_who_is_sent_is_the_person_who_came() -> None:
    """All that an import takes survives the message, and what is unknown stays unknown."""
    consent = Consent("people/ana/consents/c", "entry", "1", "paper", "Eva", _TIME, _TIME, _TIME, None)
    faces = (
        FaceEncoding(b"12345678", "f1", Box(0.25, 0.5, 0.25, 0.5), FaceQuality(1.0, 0.5, 0.25, 1.0, 0.0), _TIME),
        FaceEncoding(b"1234", "f2", create_time=_TIME),
    )
    record = PersonRecord("people/ana", "Ana", {"a": "b"}, _TIME, faces, (consent,), "", _TIME)
    assert record_from(record_to(record)) == record
    plain = PersonRecord("people/bo", "Bo", create_time=_TIME)
    assert record_from(record_to(plain)) == plain
    assert record_to(PersonRecord("bo", "Bo")).person.name == "people/bo"
