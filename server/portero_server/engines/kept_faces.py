"""Faces that an engine stores itself: how they are named, and how they are compared with the stored enrollments.

Adding a face to the engine and storing it are two steps: a crash in between, or other programs, can make the two sides
differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from portero_server.engines.base import GalleryFace

_OURS = "portero:"
"""Begins every name we give, so that faces of other programs in the same collection are never touched."""


@dataclass(frozen=True, slots=True)
class KeptFace:
    """A face in the engine's own collection.

    Attributes:
        external_id: The engine's name of it (Rekognition's FaceId).
        image_id: What we called it when it was put in (Rekognition's ExternalImageId); None: somebody else put it in.
    """

    external_id: str
    image_id: str | None


@runtime_checkable
class FaceKeeper(Protocol):
    """An engine that stores faces itself and can list them."""

    async def list_faces(self) -> Sequence[KeptFace]:
        """Returns every face in its collection."""
        ...

    async def remove_orphans(self, faces: Iterable[KeptFace]) -> None:
        """Removes faces that are not stored in the database."""
        ...


@dataclass(frozen=True, slots=True)
class GalleryDifference:
    """How the engine's collection differs from the stored faces, by the repair needed.

    Attributes:
        lost: Stored, but not in the collection: never found. Enroll these people again.
        orphaned: In the collection, but not stored: may be found, but name nobody. Remove them.
        foreign: In the collection under a name that is not ours: another program uses it. Left alone.
    """

    lost: tuple[GalleryFace, ...]
    orphaned: tuple[KeptFace, ...]
    foreign: tuple[KeptFace, ...]


def compare_gallery(stored: Iterable[GalleryFace], kept: Iterable[KeptFace]) -> GalleryDifference:
    """Compares the stored faces with those of the collection.

    An enrollment in progress is in the collection before it is stored, and looks orphaned: compare twice, and repair
    only what both comparisons find.

    Args:
        stored: Faces that the database holds of this engine.
        kept: Faces as `FaceKeeper.list_faces` gives them.
    """
    # The name counts as much as the id: a face that answers to somebody else's name is not the stored one.
    named = {(face.external_id, image_id(face.person_id, face.face_id)): face for face in stored}
    held = {(face.external_id, face.image_id): face for face in kept}
    strays = [face for key, face in held.items() if key not in named]
    return GalleryDifference(
        lost=tuple(face for key, face in named.items() if key not in held),
        orphaned=tuple(face for face in strays if parsed_image_id(face.image_id) is not None),
        foreign=tuple(face for face in strays if parsed_image_id(face.image_id) is None),
    )


def image_id(person_id: str, face_id: str) -> str:
    """Returns the name of a face in the collection (ExternalImageId), which depends only on person and face."""
    return f"{_OURS}{person_id}.{face_id}"


def parsed_image_id(name: str | None) -> tuple[str, str] | None:
    """Returns (person_id, face_id) of a face named by `image_id`, or None if another program named it."""
    # A person's identifier cannot hold a dot.
    person_id, dot, face_id = (name or "").removeprefix(_OURS).partition(".")
    return (person_id, face_id) if name and name.startswith(_OURS) and person_id and dot and face_id else None
