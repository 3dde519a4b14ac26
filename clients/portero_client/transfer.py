"""People as they are exported and imported by the hundred, with the encodings of their faces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from portero_client.detections import Box, FaceQuality
from portero_client.privacy import Consent

MOST_PEOPLE = 500
"""Most people of one call of `import_people`."""
MOST_FACES = 2000
"""Most faces of one call of `import_people`, of all its people together."""


@dataclass(frozen=True, slots=True)
class FaceEncoding:
    """A face as the numbers by which a face model compares it.

    Attributes:
        encoding: Float32 little-endian; empty: only the engine has the face, as Rekognition, which hands out none.
        face_id: Last part of the face's resource name; empty when imported: the server derives it.
        box: Where the face was in its photograph; None: there was none.
        quality: Quality of the face in its photograph; None: there was no photograph.
        create_time: When it was enrolled, UTC; None when imported: now.
        engine: The engine that enrolled it; ignored when imported.
        model_version: The engine's face model; ignored when imported.
    """

    encoding: bytes
    face_id: str = ""
    box: Box | None = None
    quality: FaceQuality | None = None
    create_time: datetime | None = None
    engine: str = ""
    model_version: str = ""


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """A person with their faces, and what holds for them.

    Attributes:
        person: Resource name, "people/{person}".
        display_name: Name to show to people.
        labels: Free key-value pairs.
        create_time: When the person was added, UTC; None when imported: now.
        faces: Oldest first.
        consents: Imported for a person who is new only.
        block_reason: Why the person is blocked, which may be empty; None: they are not. Imported like the consents.
        block_time: When the block began, UTC.
    """

    person: str
    display_name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    create_time: datetime | None = None
    faces: tuple[FaceEncoding, ...] = ()
    consents: tuple[Consent, ...] = ()
    block_reason: str | None = None
    block_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class ImportedPerson:
    """What became of a person who was imported.

    Attributes:
        person: Resource name, "people/{person}".
        created: Whether they were added; False: they existed, or were refused.
        added_faces: Number of faces added.
        known_faces: Number of faces that were stored already.
        reason: Why they, or their faces, were refused: ALREADY_EXISTS, PERSON_ERASED, ENCODING_OF_OTHER_MODEL,
            FACE_TAKEN or CONSENT_MISSING; empty: they were not.
        message: The same in words for people.
    """

    person: str
    created: bool
    added_faces: int
    known_faces: int
    reason: str
    message: str


def batches(records: Iterable[PersonRecord]) -> Iterator[list[PersonRecord]]:
    """Yields the records in pieces that one call of `import_people` takes, in order.

    A person with more faces than a call takes is divided: the parts have the same person, in different pieces.
    """
    batch: list[PersonRecord] = []
    faces = 0
    for record in records:
        for part in _parts(record):
            if len(batch) == MOST_PEOPLE or faces + len(part.faces) > MOST_FACES:
                yield batch
                batch, faces = [], 0
            batch.append(part)
            faces += len(part.faces)
    if batch:
        yield batch


def _parts(record: PersonRecord) -> Iterator[PersonRecord]:
    if len(record.faces) <= MOST_FACES:
        yield record
        return
    for begin in range(0, len(record.faces), MOST_FACES):
        yield PersonRecord(
            record.person,
            record.display_name,
            record.labels,
            record.create_time,
            record.faces[begin : begin + MOST_FACES],
            record.consents,
            record.block_reason,
            record.block_time,
        )
