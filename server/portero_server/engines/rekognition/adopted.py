"""Whose the faces of the collection are: by the name that we gave them, or as the database says of adopted ones."""

from __future__ import annotations

from collections.abc import Iterable

from portero_server.domain.people.collection import is_adopted
from portero_server.engines.base import GalleryFace
from portero_server.engines.kept_faces import parsed_image_id


class FaceNames:
    """Names the faces of a collection; those of other programs that were not adopted are nobody's."""

    def __init__(self) -> None:
        self._adopted: dict[str, str] = {}

    def add(self, faces: Iterable[GalleryFace]) -> None:
        """Takes in stored faces; of those that we named, nothing has to be remembered."""
        self._adopted.update(_adopted(faces))

    def remove(self, faces: Iterable[GalleryFace]) -> None:
        """Forgets faces; unknown ones are ignored."""
        for face in faces:
            self._adopted.pop(face.external_id or "", None)

    def load(self, faces: Iterable[GalleryFace]) -> None:
        """Replaces all faces."""
        self._adopted = _adopted(faces)

    def of(self, external_id: str, image_id: str | None) -> tuple[str, str] | None:
        """Returns (person_id, face_id) of a face of the collection; None: it is nobody's here.

        Args:
            external_id: Rekognition's FaceId.
            image_id: Its ExternalImageId; None: it has none.
        """
        if (named := parsed_image_id(image_id)) is not None:
            return named
        person_id = self._adopted.get(external_id)
        return None if person_id is None else (person_id, external_id)


def _adopted(faces: Iterable[GalleryFace]) -> dict[str, str]:
    return {face.face_id: face.person_id for face in faces if is_adopted(face.face_id, face.external_id)}
