"""The collection in use, the one that stands by, and faces that other programs put there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class CollectionRole(Enum):
    """What a collection is for."""

    UNSPECIFIED = "unspecified"
    """A role of a newer server."""
    IN_USE = "in_use"
    """It is searched."""
    PREPARING = "preparing"
    """It stands by: it is being filled, and has never been in use."""
    KEPT = "kept"
    """It stands by: it was in use before the last switch, and is kept up to date for the way back."""
    DROPPING = "dropping"
    """It is being removed."""


@dataclass(frozen=True, slots=True)
class GalleryCollection:
    """A collection that the server uses, or used.

    Attributes:
        number: Its number; 1 is the collection of the settings.
        collection: Its name in the engine.
        region: AWS region; empty: that of the server's settings.
        role: What it is for.
        model_version: Its face model.
        switch_time: When it was last put in use, or taken out of it; None: never.
    """

    number: int
    collection: str
    region: str
    role: CollectionRole
    model_version: str
    switch_time: datetime | None


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """How live searches of the collection that stands by agreed with those of the one in use.

    Attributes:
        same: Both named the same person.
        other: Each named somebody else.
        only_in_use: Only the collection in use named somebody.
        only_standby: Only the standby named somebody.
        neither: Neither named anybody.
        unasked: The standby was not asked, or gave no answer.
        advice: Whether to switch, in one line.
    """

    same: int
    other: int
    only_in_use: int
    only_standby: int
    neither: int
    unasked: int
    advice: str


@dataclass(frozen=True, slots=True)
class GalleryCollections:
    """The collection in use, and the one that stands by.

    Attributes:
        in_use: The one that is searched.
        standby: The other one; None: there is none.
        standby_faces: Faces in the standby.
        standby_people: People who have a face there.
        missing_faces: Faces in use whose photograph has taught the standby none.
        missing_people: People with faces in use who have none in the standby: a switch would make them unknown.
        shadow: How live searches of both agreed; None: none stands by.
    """

    in_use: GalleryCollection
    standby: GalleryCollection | None
    standby_faces: int
    standby_people: int
    missing_faces: int
    missing_people: int
    shadow: ShadowReport | None


class AdoptionOutcome(Enum):
    """What became of a face of the collection."""

    UNSPECIFIED = "unspecified"
    """An outcome of a newer server."""
    ADOPTED = "adopted"
    """It is the person's now; of a dry run: it would be."""
    KNOWN = "known"
    """It was the person's before, adopted or enrolled."""
    REFUSED = "refused"
    """It is nobody's."""


@dataclass(frozen=True, slots=True)
class AdoptedFace:
    """A face that another program put into the collection, and what became of it.

    Attributes:
        face_id: The engine's id of the face (Rekognition's FaceId).
        outcome: What became of it.
        external_image_id: The name that the other program gave it; empty: none.
        person: Resource name of the person whose face it is, or would be; empty: nobody's.
        created: Whether the person was added with it; of a dry run: would be.
        reason: Why it was refused, as a code for programs such as UNNAMED; else empty.
        message: The same in words for people.
    """

    face_id: str
    outcome: AdoptionOutcome
    external_image_id: str
    person: str
    created: bool
    reason: str
    message: str
