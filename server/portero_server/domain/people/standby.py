"""A second collection beside the one in use: filled before a switch, kept after it, dropped by command."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from portero_server.domain.people.people import FaceModel
from portero_server.errors import FailedPrecondition, InvalidInput

_COLLECTION = re.compile(r"[a-zA-Z0-9_.-]{1,190}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+){1,3}-[0-9]{1,2}")
_MARK = re.compile(r"@([0-9]+)(?:\+|$)")
KEEPER = "rekognition"
"""The engine whose faces are in collections."""
FIRST = 1
"""Number of the collection that the settings name, whose faces bear no mark."""


class CollectionRole(Enum):
    """What a collection is for now."""

    IN_USE = "in_use"
    """It is searched."""
    PREPARING = "preparing"
    """It is being filled, and has never been in use."""
    KEPT = "kept"
    """It was in use before the last switch, and is kept up to date for the way back."""
    DROPPING = "dropping"
    """It is being removed, with its faces."""
    DROPPED = "dropped"
    """It is gone; its number is not used again."""


STANDING_BY = (CollectionRole.PREPARING, CollectionRole.KEPT, CollectionRole.DROPPING)
"""Roles of a collection beside the one in use that still holds faces."""


@dataclass(frozen=True, slots=True)
class CollectionPlace:
    """Where a collection is.

    Attributes:
        number: Which of the collections that this database has ever used.
        collection_id: Its name there.
        region: AWS region; empty: that of the settings.
    """

    number: int
    collection_id: str
    region: str = ""

    def marked(self, version: str) -> str:
        """Returns the model version of this collection's faces: faces of two collections are never compared."""
        return version if self.number == FIRST else f"{version}@{self.number}"


def number_of(model_version: str) -> int:
    """Returns the number of the collection that faces of a model version are in."""
    found = _MARK.search(model_version)
    return FIRST if found is None else int(found[1])


@dataclass(frozen=True, slots=True)
class GalleryCollection:
    """A collection and its role.

    Attributes:
        place: Where it is.
        role: What it is for.
        model_version: Its face model, without a mark.
        created_at: When it got a number, UTC.
        switched_at: When it was last put in use, or taken out of it, UTC; None: never.
    """

    place: CollectionPlace
    role: CollectionRole
    model_version: str
    created_at: datetime
    switched_at: datetime | None = None


def is_of(model: FaceModel, collection: GalleryCollection | None) -> bool:
    """Returns whether faces of a model are in a collection; None: there is none."""
    if collection is None or model.engine != KEEPER:
        return False
    return number_of(model.version) == collection.place.number


@dataclass(frozen=True, slots=True)
class Sides:
    """The collection in use, and the one that stands by (None: there is none)."""

    in_use: GalleryCollection
    standby: GalleryCollection | None = None


@dataclass(frozen=True, slots=True)
class StandbyCounts:
    """How far the collection that stands by agrees with the one in use.

    Attributes:
        faces, people: In the standby, and people who have a face there.
        missing_faces: Faces in use whose photograph has taught the standby none.
        missing_people: People with faces in use who have none in the standby.
    """

    faces: int
    people: int
    missing_faces: int
    missing_people: int


def checked_collection_id(value: str) -> str:
    """Returns the name of a collection. Raises InvalidInput."""
    if not _COLLECTION.fullmatch(value):
        raise InvalidInput("collection", "collection must be 1 to 190 of the characters a-z, A-Z, 0-9, _ . and -")
    return value


def checked_region(value: str) -> str:
    """Returns an AWS region, or an empty text. Raises InvalidInput."""
    if value and not (_REGION.fullmatch(value) and len(value) <= 63):
        raise InvalidInput("region", "region must be an AWS region, as eu-west-1, or empty for that of the server")
    return value


def refuse_switch(counts: StandbyCounts, kept: int | None, missing: int, *, allow_missing: bool) -> None:
    """Raises an error unless the collection that stands by may be put in use.

    Args:
        counts: What is stored of it.
        kept: How many faces it holds; None: it does not exist.
        missing: How many of its stored faces it does not hold.
        allow_missing: Whether people may become unknown by it.

    Raises:
        FailedPrecondition: It may not; says why and what to do.
    """
    if kept is None:
        raise FailedPrecondition(
            "the collection that stands by does not exist any more: `portero faces prepare` makes and fills it again",
            reason="STANDBY_LOST",
        )
    if missing:
        raise FailedPrecondition(
            f"the collection that stands by has lost {missing} of its {counts.faces} faces: `portero faces prepare` "
            "teaches them again",
            reason="STANDBY_INCOMPLETE",
        )
    if counts.missing_people and not allow_missing:
        raise FailedPrecondition(
            f"{counts.missing_people} people who are recognized now have no face in the collection that stands by: "
            "`portero faces prepare` teaches those whose photos the vault keeps, enroll the others again, or switch "
            "with --allow-missing",
            reason="STANDBY_INCOMPLETE",
        )
