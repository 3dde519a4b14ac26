"""Faces that an engine keeps itself: their names, and comparing them with what is stored."""

from __future__ import annotations

from portero_server.engines.base import GalleryFace
from portero_server.engines.kept_faces import KeptFace, compare_gallery, image_id, parsed_image_id


def test_names_in_the_collection_are_read_back() -> None:
    """A face's name tells person and face again; names of other programs tell nothing."""
    assert parsed_image_id(image_id("ana-rojas", "f.1")) == ("ana-rojas", "f.1")
    assert [parsed_image_id(name) for name in (None, "photo.jpg", "portero:", "portero:ana")] == [None] * 4


def _stored(person: str, external_id: str | None) -> GalleryFace:
    return GalleryFace("1", person, None, external_id)


def test_galleries_are_compared_by_id_and_name() -> None:
    """A face is sound when id and name agree; the rest is lost, orphaned, or another program's."""
    stored = [_stored("ana", "a"), _stored("bob", "b"), _stored("eva", "e"), _stored("zoe", None)]
    kept = [
        KeptFace("a", "portero:ana.1"),
        KeptFace("b", "portero:somebody.1"),
        KeptFace("c", "portero:gone.1"),
        KeptFace("x", "photo.jpg"),
        KeptFace("y", None),
    ]

    difference = compare_gallery(stored, kept)

    assert [face.person_id for face in difference.lost] == ["bob", "eva", "zoe"]
    assert [face.external_id for face in difference.orphaned] == ["b", "c"]
    assert [face.external_id for face in difference.foreign] == ["x", "y"]


def test_galleries_that_agree_need_no_repair() -> None:
    """When both sides hold the same faces there is no difference."""
    difference = compare_gallery([_stored("ana", "a")], [KeptFace("a", "portero:ana.1")])

    assert (difference.lost, difference.orphaned, difference.foreign) == ((), (), ())
