"""Faces the database and the collection do not agree on: left by a crash between the two, or by other hands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from portero_server.engines.base import GalleryFace
from portero_server.engines.rekognition.answers import CollectionFace, image_id, parsed_image_id


@dataclass(frozen=True, slots=True)
class GalleryDifference:
    """What to repair.

    Attributes:
        lost: Stored, but not in the collection: never found. Enroll these people again.
        orphaned: In the collection, but not stored: may be found, but name nobody. Remove them.
        foreign: In the collection under a name that is not ours: another program uses it. Left alone.
    """

    lost: tuple[GalleryFace, ...]
    orphaned: tuple[CollectionFace, ...]
    foreign: tuple[CollectionFace, ...]


def compare_gallery(stored: Iterable[GalleryFace], kept: Iterable[CollectionFace]) -> GalleryDifference:
    """Compares the stored faces with those of the collection.

    An enrollment under way is in the collection before it is stored and looks orphaned; compare twice, and repair
    what both comparisons find.

    Args:
        stored: Faces that the database holds of this engine.
        kept: Faces as `RekognitionEngine.list_faces` gives them.
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
