"""Whether an engine's collection holds the faces that the database says it does, and what repairs it.

A collection is what an engine keeps itself (Rekognition's). Adding a face to it and storing the face are two steps, and
the collection can be deleted, emptied, replaced or shared without this server being asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum

from portero_server.domain.people.people import FaceModel

_OURS = "portero:"
"""Begins every name we give, so that faces of other programs in the same collection are never touched."""


@dataclass(frozen=True, slots=True)
class KeptFace:
    """A face in the engine's own collection.

    Attributes:
        external_id: The engine's name of it (Rekognition's FaceId).
        image_id: What we called it when it was put in (Rekognition's ExternalImageId); None: somebody else put it in.
        user_id: Of the user of the collection whose face it is; None: nobody's. Not part of what the face is.
    """

    external_id: str
    image_id: str | None
    user_id: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class StoredFace:
    """A face of the database, as far as it tells which face of the collection it is."""

    face_id: str
    person_id: str
    model_version: str
    external_id: str | None


@dataclass(frozen=True, slots=True)
class CollectionCount:
    """What an engine tells of its collection without listing it: how many faces, and the version of the face model."""

    faces: int
    model_version: str


class CollectionState(Enum):
    """How the collection and the database agree; of several that hold, the first in this order."""

    LOST = "lost"
    """There is no collection: nobody is recognized, and nobody can be enrolled."""
    EMPTIED = "emptied"
    """The collection holds none of the stored faces: nobody is recognized."""
    OTHER_MODEL = "other_model"
    """People have faces, and none of the face model in use: they are not recognized."""
    INCOMPLETE = "incomplete"
    """Some of the stored faces are not in the collection, and are not recognized."""
    FOREIGN = "foreign"
    """The collection holds faces under this service's names that are stored nowhere."""
    SOUND = "sound"


class Remedy(Enum):
    """What makes collection and database agree again."""

    CREATE = "create"
    """Create the collection."""
    TEACH = "teach"
    """Enroll the people concerned again, from photographs."""
    REMOVE_FOREIGN = "remove_foreign"
    """Remove the faces that are stored nowhere."""


@dataclass(frozen=True, slots=True)
class CollectionTruth:
    """How the collection and the database agree, and how many faces are concerned.

    Attributes:
        state: The worst of what is wrong.
        model: Engine and face model in use.
        stored: Faces of that model in the database.
        kept: Faces in the collection; None: there is no collection.
        missing: Faces of that model in the database, and not in the collection.
        foreign: Faces in the collection under names that this service gives, and not in the database.
        others: Faces in the collection that another program put in. They are nobody here, and are left alone.
        other_models: Faces of people who have none of the model in use.
    """

    state: CollectionState
    model: FaceModel
    stored: int
    kept: int | None
    missing: int = 0
    foreign: int = 0
    others: int = 0
    other_models: int = 0

    @property
    def repairs(self) -> tuple[Remedy, ...]:
        """What is to be done, in this order."""
        return (
            *((Remedy.CREATE,) if self.kept is None else ()),
            *((Remedy.TEACH,) if self.missing or self.other_models else ()),
            *((Remedy.REMOVE_FOREIGN,) if self.foreign else ()),
        )

    @property
    def words(self) -> str:
        """What is so and what to do, in one line."""
        said = [*_facts(self)]
        if self.repairs:
            return f"{', and '.join(said)}: {', and '.join(_REMEDIES[repair] for repair in self.repairs)}"
        return f"all {self.stored} stored faces are there"


@dataclass(frozen=True, slots=True)
class CollectionDifference:
    """What differs between the stored faces and those of the collection.

    Attributes:
        kept: Faces in the collection; None: there is no collection.
        stored: Stored faces of the model in use.
        missing: Those of them that are not in the collection.
        foreign: Faces of the collection under names that this service gives, and stored nowhere.
        others: How many faces another program put in.
        other_models: How many faces people have who have none of the model in use.
    """

    kept: int | None
    stored: int
    missing: frozenset[StoredFace]
    foreign: frozenset[KeptFace]
    others: int
    other_models: int

    @property
    def differs(self) -> bool:
        """Whether a face is on one side only."""
        return bool(self.missing or self.foreign)

    def also(self, later: CollectionDifference) -> CollectionDifference:
        """Returns a later comparison, without what this one did not find.

        An enrollment under way is in the collection before it is stored, and a deletion leaves the database first: both
        look like a difference for a moment.
        """
        return CollectionDifference(
            later.kept,
            later.stored,
            later.missing & self.missing,
            later.foreign & self.foreign,
            later.others,
            later.other_models,
        )

    def truth(self, model: FaceModel) -> CollectionTruth:
        """Returns how many faces of each kind there are, and the state that follows."""
        return judge(
            model,
            stored=self.stored,
            kept=self.kept,
            missing=len(self.missing),
            foreign=len(self.foreign),
            others=self.others,
            other_models=self.other_models,
        )


def compare(
    version: str | None, stored: Iterable[StoredFace], kept: Iterable[KeptFace] | None, other_models: int = 0
) -> CollectionDifference:
    """Compares the stored faces with those of the collection.

    Args:
        version: Version of the face model in use; None: all of them count.
        stored: Faces that the database holds of this engine, of whatever model.
        kept: Faces of the collection; None: there is no collection.
        other_models: Faces of people who have none of the model in use.
    """
    rows = list(stored)
    adopted = {row.face_id for row in rows if is_adopted(row.face_id, row.external_id)}
    held = {replace(face, image_id=None) if _as_adopted(face, adopted) else face for face in kept or ()}
    # The name counts as much as the id: a face that answers to somebody else's name is not the stored one. An adopted
    # face keeps the name that another program gave it.
    names = {row: _kept_of(row, adopted) for row in rows}
    current = [row for row in rows if version in (None, row.model_version)]
    strays = held.difference(names.values())
    foreign = frozenset(face for face in strays if parsed_image_id(face.image_id) is not None)
    return CollectionDifference(
        kept=None if kept is None else len(held),
        stored=len(current),
        missing=frozenset(row for row in current if names[row] not in held),
        foreign=foreign,
        others=len(strays) - len(foreign),
        other_models=other_models,
    )


def judge(
    model: FaceModel,
    *,
    stored: int,
    kept: int | None,
    missing: int = 0,
    foreign: int = 0,
    others: int = 0,
    other_models: int = 0,
) -> CollectionTruth:
    """Returns the state that follows from how many faces differ; see `CollectionTruth`."""
    holds = (
        (kept is None, CollectionState.LOST),
        (bool(stored) and missing == stored, CollectionState.EMPTIED),
        (bool(other_models), CollectionState.OTHER_MODEL),
        (bool(missing), CollectionState.INCOMPLETE),
        (bool(foreign), CollectionState.FOREIGN),
    )
    state = next((state for applies, state in holds if applies), CollectionState.SOUND)
    return CollectionTruth(state, model, stored, kept, missing, foreign, others, other_models)


@dataclass(frozen=True, slots=True)
class Known:
    """What the last comparison found, and when it was made, UTC."""

    truth: CollectionTruth
    compared_at: datetime


def must_compare(
    known: Known | None, model: FaceModel, stored: int, kept: int | None, now: datetime, every: timedelta
) -> bool:
    """Returns whether the faces must be listed and compared, or the counts say that all is as it was.

    Args:
        known: What was found last; None: nothing yet.
        model: Engine and face model in use.
        stored: Faces of that model in the database now.
        kept: Faces in the collection now; None: there is no collection.
        now: UTC.
        every: How often they are compared whatever the counts say.
    """
    if known is None or known.truth.model != model or not timedelta() <= now - known.compared_at < every:
        return True
    then = known.truth
    if kept is None or then.kept is None or then.state is not CollectionState.SOUND:
        # Whoever was taught since is one less of those who are missed.
        return (kept, stored) != (then.kept, then.stored)
    # Whoever was enrolled or deleted since changed both counts alike.
    return kept - stored != then.kept - then.stored


def image_id(person_id: str, face_id: str) -> str:
    """Returns the name of a face in the collection (ExternalImageId), which depends only on person and face."""
    return f"{_OURS}{person_id}.{face_id}"


def parsed_image_id(name: str | None) -> tuple[str, str] | None:
    """Returns (person_id, face_id) of a face named by `image_id`, or None if another program named it."""
    # A person's identifier cannot hold a dot.
    person_id, dot, face_id = (name or "").removeprefix(_OURS).partition(".")
    return (person_id, face_id) if name and name.startswith(_OURS) and person_id and dot and face_id else None


def is_adopted(face_id: str, external_id: str | None) -> bool:
    """Returns whether a stored face is one that another program put into the collection.

    Such a face has the engine's id of it for its own. That of an enrolled one is derived from its photograph.
    """
    return face_id == external_id


def user_id(person_id: str) -> str:
    """Returns the name of a person in the collection (UserId), where their faces are searched as one."""
    return f"{_OURS}{person_id}"


def parsed_user_id(name: str | None) -> str | None:
    """Returns the person_id of a user named by `user_id`, or None if another program named it."""
    return (name.removeprefix(_OURS) or None) if name and name.startswith(_OURS) else None


_REMEDIES = {
    Remedy.CREATE: "`portero faces repair` creates it",
    Remedy.TEACH: "`portero faces repair --photos FOLDER` teaches them again",
    Remedy.REMOVE_FOREIGN: "`portero faces repair --remove-foreign` removes what is stored nowhere",
}


def _as_adopted(face: KeptFace, adopted: Collection[str]) -> bool:
    return face.external_id in adopted and parsed_image_id(face.image_id) is None


def _kept_of(row: StoredFace, adopted: Collection[str]) -> KeptFace:
    name = None if row.face_id in adopted else image_id(row.person_id, row.face_id)
    return KeptFace(row.external_id or "", name)


def _facts(truth: CollectionTruth) -> Iterable[str]:
    if truth.kept is None:
        yield "the collection does not exist"
    if truth.missing:
        yield f"{truth.missing} of {truth.stored} stored faces are not in the collection"
    if truth.other_models:
        yield f"{truth.other_models} faces are of people who have none of the face model in use"
    if truth.foreign:
        yield f"{truth.foreign} faces of the collection are stored nowhere"
