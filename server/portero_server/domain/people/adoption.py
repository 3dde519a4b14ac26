"""Decides whose the faces are that another program put into the engine's collection.

Each ExternalImageId is one person. A face is adopted where it is, under the engine's own id of it; so adopting it again
changes nothing, and nobody's photograph is needed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from portero_server.domain.people.collection import KeptFace, parsed_image_id
from portero_server.domain.people.people import FaceEnrollment, FaceModel, Person
from portero_server.domain.people.transfer import NO_BOX, NO_QUALITY, StoredPeople
from portero_server.errors import InvalidInput

MOST_FACES = 1000
"""Most faces of one request: a page of Rekognition's ListFaces, and one transaction."""
NAME_LABEL = "external-image-id"
"""Label of an adopted person: the ExternalImageId of their faces, by which later ones find them."""
FACE_LABEL = "rekognition-face-id"
"""Label of a person adopted from a face without an ExternalImageId."""

_FACE_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_PLAIN = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_LONGEST_NAME = 200
"""Of a display name and of a label."""
_DIGEST, _LONGEST_SLUG = 10, 52


class AdoptionOutcome(Enum):
    """What became of a face."""

    ADOPTED = "adopted"
    """It is the person's now, or would be."""
    KNOWN = "known"
    """It was the person's before, adopted or enrolled."""
    REFUSED = "refused"
    """It is nobody's."""


@dataclass(frozen=True, slots=True)
class AdoptedFace:
    """A face and what became of it; the reasons are those of the contract.

    Attributes:
        face_id: The engine's (Rekognition's FaceId).
        outcome: What became of it.
        name: What the other program called it (ExternalImageId); None: it did not.
        person_id: Whose it is, or would be; empty: nobody's.
        created: Whether the person is added with it.
        reason, message: Why it was refused.
    """

    face_id: str
    outcome: AdoptionOutcome
    name: str | None = None
    person_id: str = ""
    created: bool = False
    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class AdoptionPlan:
    """What to store, and what to tell of each face, in order."""

    people: tuple[Person, ...]
    faces: tuple[FaceEnrollment, ...]
    outcomes: tuple[AdoptedFace, ...]


@dataclass(frozen=True, slots=True)
class Adoptee:
    """The person that a face of the collection is adopted as: id, display name, and the label that tells who it is."""

    person_id: str
    display_name: str
    label: tuple[str, str]


def checked_face_ids(face_ids: Sequence[str]) -> tuple[str, ...]:
    """Returns the face ids of a request.

    Raises:
        InvalidInput: There are none or too many, one is no FaceId, or one comes twice.
    """
    if not 1 <= len(face_ids) <= MOST_FACES:
        raise InvalidInput("face_ids", f"face_ids must have 1 to {MOST_FACES} entries; send the others after them")
    seen: dict[str, int] = {}
    for index, face_id in enumerate(face_ids):
        if not _FACE_ID.fullmatch(face_id):
            raise InvalidInput(f"face_ids[{index}]", f"face_ids[{index}] must be a FaceId: a UUID in lower case")
        if (first := seen.setdefault(face_id, index)) != index:
            raise InvalidInput(f"face_ids[{index}]", f"face_ids[{index}] is the same face as face_ids[{first}]")
    return tuple(face_ids)


def adoptee_of(face: KeptFace) -> Adoptee:
    """Returns whom a face is adopted as.

    An ExternalImageId that is a valid id stays as it is. Any other one is made one, with a digest of it behind, so that
    two that differ in case or punctuation only are two people.
    """
    name = face.image_id
    if name is None:
        return Adoptee(f"face-{face.external_id}", f"Face {face.external_id[:8]}", (FACE_LABEL, face.external_id))
    return Adoptee(_person_id_of(name), name, (NAME_LABEL, name))


def adopted_ids(labels: Mapping[str, str]) -> frozenset[str]:
    """Returns the person ids as which faces of the collection are adopted that these labels of a person tell of."""
    found = set()
    if NAME_LABEL in labels:
        found.add(_person_id_of(labels[NAME_LABEL]))
    if FACE_LABEL in labels:
        found.add(f"face-{labels[FACE_LABEL]}")
    return frozenset(found)


def related_ids(face: KeptFace) -> tuple[str, ...]:
    """Returns the ids under which a face of the collection may be stored: the engine's, and ours if we named it."""
    own = parsed_image_id(face.image_id)
    return (face.external_id,) if own is None else (face.external_id, own[1])


def plan_adoption(
    face_ids: Sequence[str],
    kept: Mapping[str, KeptFace],
    stored: StoredPeople,
    model: FaceModel,
    now: datetime,
    *,
    unnamed: bool,
    consent_required: bool,
) -> AdoptionPlan:
    """Decides what is stored of the faces of a request. Planned again once it is stored, it adds nothing.

    Args:
        face_ids: Of the request, each once.
        kept: Those of them that the collection holds, by id.
        stored: What is stored of these faces, and of the people whom they may become.
        model: Engine and face model of the collection.
        now: UTC.
        unnamed: Whether faces without an ExternalImageId are adopted too.
        consent_required: Whether faces are only stored of people with a valid consent.
    """
    planning = _Planning(stored, now, unnamed=unnamed, consent_required=consent_required)
    outcomes = tuple(planning.decide(face_id, kept.get(face_id)) for face_id in face_ids)
    faces = tuple(_enrollment(each, model, now) for each in outcomes if each.outcome is AdoptionOutcome.ADOPTED)
    return AdoptionPlan(tuple(planning.people.values()), faces, outcomes)


class _Planning:
    """The people whom a request adds so far."""

    def __init__(self, stored: StoredPeople, now: datetime, *, unnamed: bool, consent_required: bool) -> None:
        self.people: dict[str, Person] = {}
        self._stored = stored
        self._now = now
        self._unnamed = unnamed
        self._consent_required = consent_required

    def decide(self, face_id: str, face: KeptFace | None) -> AdoptedFace:
        """Returns what becomes of a face, and notes the person to add."""
        if face is None:
            return _refused(face_id, None, "NOT_IN_COLLECTION", "the collection in use does not hold this face")
        name = face.image_id
        if (owner := next(filter(None, map(self._stored.faces.get, related_ids(face))), None)) is not None:
            return AdoptedFace(face_id, AdoptionOutcome.KNOWN, name, owner)
        if face.external_id in self._stored.leaving:
            return _refused(
                face_id, name, "FACE_DELETED", "the face was deleted here, and is about to leave the collection"
            )
        if refusal := self._unusable(face):
            return _refused(face_id, name, *refusal)
        wanted = adoptee_of(face)
        if refusal := self._untakable(wanted):
            return _refused(face_id, name, *refusal)
        created = self._add(wanted)
        if self._consent_required and wanted.person_id not in self._stored.consented:
            message = f"people/{wanted.person_id} has no valid consent: record one and adopt the face again"
            return AdoptedFace(
                face_id, AdoptionOutcome.REFUSED, name, wanted.person_id, created, "CONSENT_MISSING", message
            )
        return AdoptedFace(face_id, AdoptionOutcome.ADOPTED, name, wanted.person_id, created)

    def _unusable(self, face: KeptFace) -> tuple[str, str] | None:
        if parsed_image_id(face.image_id) is not None:
            return (
                "NAMED_BY_PORTERO",
                "Portero put this face there, and it is stored nowhere: see `portero faces check`",
            )
        if face.image_id is None and not self._unnamed:
            return "UNNAMED", "the face has no ExternalImageId, so nothing says whose it is"
        if len(face.image_id or "") > _LONGEST_NAME:
            return "NAME_TOO_LONG", f"the ExternalImageId has more than {_LONGEST_NAME} characters"
        return None

    def _untakable(self, wanted: Adoptee) -> tuple[str, str] | None:
        stored, person = self._stored, f"people/{wanted.person_id}"
        if wanted.person_id in stored.erased:
            return "PERSON_ERASED", f"somebody of the id {person} was erased; delete the face from the collection"
        if (kept_id := stored.merged.get(wanted.person_id)) is not None:
            return "PERSON_MERGED", f"{person} was merged into people/{kept_id}, who is the same person"
        key, value = wanted.label
        added = self.people.get(wanted.person_id)
        labels = stored.labels.get(wanted.person_id) if added is None else added.labels
        if labels is not None and labels.get(key) != value:
            return "ALREADY_EXISTS", (
                f"{person} is somebody already; if it is the same person, give them the label {key}={value}"
            )
        return None

    def _add(self, wanted: Adoptee) -> bool:
        if wanted.person_id in self._stored.names or wanted.person_id in self.people:
            return False
        key, value = wanted.label
        self.people[wanted.person_id] = Person(
            wanted.person_id, wanted.display_name, self._now, self._now, {key: value}
        )
        return True


def _person_id_of(name: str) -> str:
    if _PLAIN.fullmatch(name):
        return name
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_LONGEST_SLUG].strip("-")
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]
    return f"{slug}-{digest}" if slug else digest


def _refused(face_id: str, name: str | None, reason: str, message: str) -> AdoptedFace:
    return AdoptedFace(face_id, AdoptionOutcome.REFUSED, name, reason=reason, message=message)


def _enrollment(adopted: AdoptedFace, model: FaceModel, now: datetime) -> FaceEnrollment:
    return FaceEnrollment(
        # Which marks it as adopted; see `collection.is_adopted`.
        face_id=adopted.face_id,
        person_id=adopted.person_id,
        box=NO_BOX,
        quality=NO_QUALITY,
        engine=model.engine,
        model_version=model.version,
        embedding=None,
        external_id=adopted.face_id,
        created_at=now,
    )
