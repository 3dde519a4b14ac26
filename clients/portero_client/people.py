"""Known people and their enrolled faces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from portero_client.detections import Box, Candidate, FaceQuality


@dataclass(frozen=True, slots=True)
class Person:
    """A person of the gallery.

    Attributes:
        name: Resource name, "people/{person}".
        display_name: Name to show to people, 1 to 200 characters.
        labels: Free key-value pairs for integrations (room, class, customer number), at most 32.
        face_count: Number of enrolled faces; the server counts them, an update ignores it.
        create_time: When the person was added, UTC.
        update_time: When display name or labels were last changed, UTC; enrolling a face leaves it as it is.
        blocked: Whether no face is recognized as theirs because they are blocked; an update ignores it.
        without_consent: The same, because they need a consent and have no valid one.
    """

    name: str
    display_name: str
    labels: Mapping[str, str]
    face_count: int
    create_time: datetime
    update_time: datetime
    blocked: bool = False
    without_consent: bool = False


@dataclass(frozen=True, slots=True)
class FaceEnrollment:
    """One photograph from which a person's face was enrolled.

    Attributes:
        name: Resource name, "people/{person}/faces/{face}".
        box: Where the face was in the photograph, in ratios of its sides.
        quality: How well the face could be recognized in the photograph.
        engine: Name of the engine that enrolled it ("local", "rekognition").
        model_version: The engine's face model; faces of different models cannot be compared.
        create_time: When the face was enrolled, UTC.
    """

    name: str
    box: Box
    quality: FaceQuality
    engine: str
    model_version: str
    create_time: datetime


@dataclass(frozen=True, slots=True)
class MergedPerson:
    """A person with whom another one was merged, and what became theirs.

    Attributes:
        person: Who stays, as stored now.
        faces: Number of faces that became theirs.
        photos: Number of photos of the vault that became theirs.
        dropped_photos: Number of photos that are deleted instead: missing, damaged, or the same as one of the person.
        sightings: Number of sightings that became theirs.
        joined_sightings: Number of sightings that are part of another one now.
        reviews: Number of reviews that became theirs.
        consents: Number of consents that became theirs.
        ended_consents: Number of consents that ended, since the other had withdrawn theirs later.
        attendance_records: Number of attendance records that became theirs.
    """

    person: Person
    faces: int
    photos: int
    dropped_photos: int
    sightings: int
    joined_sightings: int
    reviews: int
    consents: int
    ended_consents: int
    attendance_records: int


class PhotoFlaw(Enum):
    """What is wrong with a photograph; UNSPECIFIED is a flaw that this client does not know."""

    UNSPECIFIED = "unspecified"
    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    TOO_SMALL = "too_small"
    TURNED_AWAY = "turned_away"
    BLURRED = "blurred"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    UNEVEN_LIGHT = "uneven_light"
    CUT_OFF = "cut_off"


@dataclass(frozen=True, slots=True)
class PhotoAdvice:
    """One flaw of a photograph.

    Attributes:
        flaw: Which.
        refused: Whether the photograph is refused for it; else it is taken, with a warning.
        text: What is wrong and what to do, in words for people.
    """

    flaw: PhotoFlaw
    refused: bool
    text: str


@dataclass(frozen=True, slots=True)
class EnrolledFace(FaceEnrollment):
    """A face that was just enrolled.

    Attributes:
        look_alikes: Other people whose enrolled faces are so like it that they may be the same person under another
            name, best first. It is enrolled all the same.
        confusable: Other people whose faces are less like it, and alike enough to be taken for each other, best first.
        advice: What is poor about the photograph; empty: nothing, or it was enrolled before.
    """

    look_alikes: tuple[Candidate, ...]
    confusable: tuple[Candidate, ...] = ()
    advice: tuple[PhotoAdvice, ...] = ()


@dataclass(frozen=True, slots=True)
class PhotoCheck:
    """What the server says of a photograph before the engine is asked.

    Attributes:
        reason: Reason with which it would refuse to enroll it: NO_FACE, SEVERAL_FACES or LOW_QUALITY; empty: it would
            not. The engine may still refuse it.
        advice: What is wrong with it, with what it is refused for first; empty: nothing.
        box: Where the face is; None: there is none, or there are several.
        quality: Quality of the face; None as of the box.
    """

    reason: str
    advice: tuple[PhotoAdvice, ...]
    box: Box | None
    quality: FaceQuality | None


@dataclass(frozen=True, slots=True)
class ConfusablePair:
    """Two people who may be taken for each other; between them a name needs a larger margin.

    Attributes:
        first_person, second_person: Resource names, "people/{person}", in their order.
        first_display_name, second_display_name: Their display names.
        similarity: Of their two most similar faces, 0..1.
        find_time: When they were found to be alike, UTC.
    """

    first_person: str
    first_display_name: str
    second_person: str
    second_display_name: str
    similarity: float
    find_time: datetime


class GalleryFindingKind(Enum):
    """What may be wrong with a person; UNSPECIFIED is a kind that this client does not know.

    OUTDATED_FACES: no face is of the model in use, so nobody is recognized as them; enroll them again.
    LOOK_ALIKE: another person has much the same face: one person under two names, or twins.
    """

    UNSPECIFIED = "unspecified"
    OUTDATED_FACES = "outdated_faces"
    LOOK_ALIKE = "look_alike"


class CollectionState(Enum):
    """How the engine's collection and the stored faces agree; UNSPECIFIED is one that this client does not know.

    LOST: there is no collection: nobody is recognized, and nobody can be enrolled.
    EMPTIED: it holds none of the stored faces: nobody is recognized.
    OTHER_MODEL: people have faces, and none of the face model in use: they are not recognized.
    INCOMPLETE: some of the stored faces are not in it, and are not recognized.
    FOREIGN: it holds faces under the service's names that are stored nowhere.
    """

    UNSPECIFIED = "unspecified"
    SOUND = "sound"
    LOST = "lost"
    EMPTIED = "emptied"
    OTHER_MODEL = "other_model"
    INCOMPLETE = "incomplete"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class FacesReport:
    """What a comparison of the engine's collection with the stored faces found.

    Attributes:
        state: The worst of what is wrong.
        engine: The engine in use.
        model_version: Its face model.
        stored_faces: Stored faces of that model.
        kept_faces: Faces in the collection; 0 if it does not exist.
        missing_faces: Stored faces of that model that are not in the collection.
        foreign_faces: Faces in the collection under the service's names that are stored nowhere.
        others_faces: Faces in the collection that other programs put in; they are left alone.
        other_models_faces: Stored faces of people who have none of the model in use.
        compare_time: When they were compared, UTC.
        advice: What is so and what to do, in one line for people.
    """

    state: CollectionState
    engine: str
    model_version: str
    stored_faces: int
    kept_faces: int
    missing_faces: int
    foreign_faces: int
    others_faces: int
    other_models_faces: int
    compare_time: datetime
    advice: str


@dataclass(frozen=True, slots=True)
class FacesRepair:
    """What a repair did.

    Attributes:
        report: What is so afterward.
        created: Whether the collection did not exist and was created.
        removed_faces: Number of foreign faces removed.
    """

    report: FacesReport
    created: bool
    removed_faces: int


@dataclass(frozen=True, slots=True)
class UnrecognizedPerson:
    """A person with stored faces, some or all of which the engine does not have; enroll them again.

    Attributes:
        person: Resource name, "people/{person}".
        display_name: Their display name.
        missing_faces: Resource names of the faces that the engine has lost.
        kept_face_count: Number of their faces of the model in use that the engine has.
        other_model: Whether all their faces are of another face model than the one in use.
    """

    person: str
    display_name: str
    missing_faces: tuple[str, ...]
    kept_face_count: int
    other_model: bool


@dataclass(frozen=True, slots=True)
class GalleryFinding:
    """Something of the gallery to look into.

    Attributes:
        person: Resource name, "people/{person}".
        display_name: Their display name.
        kind: What it is.
        look_alike: The other person, of LOOK_ALIKE; else None. Each pair is told once.
    """

    person: str
    display_name: str
    kind: GalleryFindingKind
    look_alike: Candidate | None
