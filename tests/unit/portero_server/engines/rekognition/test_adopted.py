"""Whose the faces of the collection are."""

from __future__ import annotations

from portero_server.engines.base import GalleryFace
from portero_server.engines.rekognition.adopted import FaceNames

_ADOPTED = GalleryFace("x", "ana", None, "x")
_ENROLLED = GalleryFace("f1", "eva", None, "y")


def test_adopted_faces_are_named_by_the_database_and_ours_by_their_name() -> None:
    """A name that we gave says whose a face is; what another program called an adopted one does not matter."""
    names = FaceNames()
    names.load([_ADOPTED, _ENROLLED])
    assert names.of("x", "photo.jpg") == names.of("x", None) == ("ana", "x")
    assert names.of("y", "portero:eva.f1") == ("eva", "f1")
    assert names.of("y", None) is None
    assert names.of("z", "photo.jpg") is None


def test_faces_come_and_go() -> None:
    """A removed face is nobody's at once; a load forgets what was there before."""
    names = FaceNames()
    names.add([_ADOPTED])
    names.remove([GalleryFace("", "", None, "x"), _ENROLLED, GalleryFace("z", "zoe", None, None)])
    assert names.of("x", None) is None
    names.add([_ADOPTED])
    names.load([])
    assert names.of("x", None) is None
