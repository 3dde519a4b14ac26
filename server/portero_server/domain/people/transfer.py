"""Decides what of people and faces that come as data is stored, without a photograph being looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from unicodedata import normalize

from portero_server.domain.detection.detections import FaceQuality
from portero_server.domain.detection.geometry import Box
from portero_server.domain.people.people import FaceEnrollment, FaceModel, Person
from portero_server.domain.people.privacy import Block, Consent
from portero_server.errors import InvalidInput

MOST_PEOPLE = 500
"""Most people of one request: one transaction, which others wait for."""
MOST_FACES = 2000
"""Most faces of one request; of 512 numbers each they are 4 MiB."""

NO_BOX, NO_QUALITY = Box(0.0, 0.0, 0.0, 0.0), FaceQuality(0.0, 0.0, 0.0, 0.0)
"""Of a face without a photograph."""


@dataclass(frozen=True, slots=True)
class FaceRecord:
    """A face to store: its encoding, and what is known of its photograph.

    Attributes:
        embedding: Float32 little-endian.
        face_id: Empty: derived from person, encoding and model.
        created_at: UTC; None: now.
    """

    embedding: bytes
    face_id: str = ""
    box: Box = NO_BOX
    quality: FaceQuality = NO_QUALITY
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """A person to store, checked, with what holds for them if they are new.

    Attributes:
        fault: Why an encoding cannot be of the model; empty: all may be.
    """

    person_id: str
    display_name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    created_at: datetime | None = None
    faces: tuple[FaceRecord, ...] = ()
    consents: tuple[Consent, ...] = ()
    block: Block | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class StoredPeople:
    """What is stored of those whom a request names.

    Attributes:
        names: Display names of those who exist, by id.
        erased: Ids of people who were erased.
        merged: Ids of people who turned out to be somebody else, and who they are.
        consented: Ids of those who exist and have a valid consent.
        consents: Ids of consents that are stored, also of somebody who was deleted since.
        faces: Whose the faces are that exist, by face id.
        labels: Labels of those who exist, by id.
        leaving: Engines' ids of those of the faces that were deleted here, and that an engine has yet to remove.
    """

    names: Mapping[str, str]
    erased: Collection[str]
    consented: Collection[str]
    consents: Collection[str]
    faces: Mapping[str, str]
    merged: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    leaving: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class ImportedPerson:
    """What became of a person; the reasons are those of the contract."""

    person_id: str
    created: bool = False
    added_faces: int = 0
    known_faces: int = 0
    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class PeopleImportPlan:
    """What to store, and what to tell of each person, in the order of the request."""

    people: tuple[Person, ...]
    faces: tuple[FaceEnrollment, ...]
    consents: tuple[Consent, ...]
    blocks: Mapping[str, Block]
    outcomes: tuple[ImportedPerson, ...]


def checked_size(records: Sequence[PersonRecord]) -> None:
    """Checks how much a request asks for.

    Raises:
        InvalidInput: It has too many people or faces, or a person twice.
    """
    if len(records) > MOST_PEOPLE:
        raise InvalidInput("people", f"people must have at most {MOST_PEOPLE} entries; send the others after them")
    if (count := sum(len(record.faces) for record in records)) > MOST_FACES:
        raise InvalidInput("people", f"people must have at most {MOST_FACES} faces together, not {count}")
    seen: dict[str, int] = {}
    for index, record in enumerate(records):
        if (first := seen.setdefault(record.person_id, index)) != index:
            raise InvalidInput(
                f"people[{index}].person.name", f"people[{index}] is the same person as people[{first}]: join the two"
            )


def face_id_of_encoding(person_id: str, embedding: bytes, model: FaceModel) -> str:
    """Returns the id of a face without a photograph, which depends only on person, encoding and model."""
    parts = (person_id.encode(), f"{model.engine}/{model.version}".encode(), hashlib.sha256(embedding).digest())
    return hashlib.sha256(b"encoding\0" + b"\0".join(parts)).hexdigest()[:32]


def named_faces(record: PersonRecord, model: FaceModel) -> dict[str, FaceRecord]:
    """Returns the faces of a person by id; the same encoding twice is one face."""
    faces: dict[str, FaceRecord] = {}
    for face in record.faces:
        faces.setdefault(face.face_id or face_id_of_encoding(record.person_id, face.embedding, model), face)
    return faces


def plan_people(
    records: Sequence[PersonRecord], stored: StoredPeople, model: FaceModel, now: datetime, *, consent_required: bool
) -> PeopleImportPlan:
    """Decides what of a request is stored.

    Whoever exists under the same name only gets the faces that they lack. Planned again once the plan is stored, the
    same request adds nothing.

    Args:
        records: Of the request, each person once.
        stored: What is stored of them.
        model: What the encodings are of.
        now: Dates what has no time of its own.
        consent_required: Whether faces are only stored of people with a valid consent.
    """
    people: list[Person] = []
    faces: list[FaceEnrollment] = []
    consents: list[Consent] = []
    blocks: dict[str, Block] = {}
    outcomes: list[ImportedPerson] = []
    taken = dict(stored.faces)
    for record in records:
        own = named_faces(record, model)
        if refusal := _refusal(record, own, stored, taken):
            outcomes.append(ImportedPerson(record.person_id, reason=refusal[0], message=refusal[1]))
            continue
        created = record.person_id not in stored.names
        agreed = record.person_id in stored.consented
        if created:
            added_at = record.created_at or now
            people.append(Person(record.person_id, record.display_name, added_at, now, record.labels))
            consents += (own_consents := _new_consents(record, stored))
            if record.block is not None:
                blocks[record.person_id] = record.block
            agreed = any(consent.allows_recognition(now) for consent in own_consents)
        if own and consent_required and not agreed:
            message = f"people/{record.person_id} has no valid consent: record one and import the faces again"
            outcomes.append(
                ImportedPerson(record.person_id, created=created, reason="CONSENT_MISSING", message=message)
            )
            continue
        new = {face_id: face for face_id, face in own.items() if face_id not in taken}
        taken |= dict.fromkeys(new, record.person_id)
        faces += [_enrollment(record.person_id, face_id, face, model, now) for face_id, face in new.items()]
        outcomes.append(
            ImportedPerson(
                record.person_id, created=created, added_faces=len(new), known_faces=len(record.faces) - len(new)
            )
        )
    return PeopleImportPlan(tuple(people), tuple(faces), tuple(consents), blocks, tuple(outcomes))


def _new_consents(record: PersonRecord, stored: StoredPeople) -> list[Consent]:
    """Returns the consents to store; one that was withdrawn when the person was deleted stays so."""
    return [consent for consent in record.consents if consent.consent_id not in stored.consents]


def _refusal(
    record: PersonRecord, own: Mapping[str, FaceRecord], stored: StoredPeople, taken: Mapping[str, str]
) -> tuple[str, str] | None:
    """Returns why nothing of a person is stored: reason and message; None: it is."""
    person = f"people/{record.person_id}"
    if record.person_id in stored.erased:
        return "PERSON_ERASED", f"somebody of the id {person} was erased; choose another id"
    if (kept_id := stored.merged.get(record.person_id)) is not None:
        return "PERSON_MERGED", f"{person} was merged into people/{kept_id}, who is the same person"
    name = stored.names.get(record.person_id)
    if name is not None and normalize("NFC", name) != normalize("NFC", record.display_name):
        return "ALREADY_EXISTS", f"{person} belongs to somebody with another name; choose another id"
    if record.fault:
        return "ENCODING_OF_OTHER_MODEL", f"{person} was left out: {record.fault}"
    if any(taken.get(face_id, record.person_id) != record.person_id for face_id in own):
        return "FACE_TAKEN", f"{person} was left out: a face of theirs has the id of another person's face"
    return None


def _enrollment(person_id: str, face_id: str, face: FaceRecord, model: FaceModel, now: datetime) -> FaceEnrollment:
    return FaceEnrollment(
        face_id=face_id,
        person_id=person_id,
        box=face.box,
        quality=face.quality,
        engine=model.engine,
        model_version=model.version,
        embedding=face.embedding,
        external_id=None,
        created_at=face.created_at or now,
    )
