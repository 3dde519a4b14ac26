"""Stored faces and those of the collection are compared twice; what is stored nowhere is removed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence

from portero_server.domain.people.people import GalleryFace
from portero_server.engines.kept_faces import KeptFace, image_id
from portero_server.gallery.reconcile import reconcile_faces

ANA = GalleryFace("f1", "ana", None, "x1")
BEN = GalleryFace("f2", "ben", None, "x2")


def _kept(face: GalleryFace) -> KeptFace:
    return KeptFace(str(face.external_id), image_id(face.person_id, face.face_id))


class _Both:
    """A collection and a database; `later` is stored between two comparisons."""

    def __init__(self, kept: Iterable[KeptFace], stored: Iterable[GalleryFace], later: GalleryFace | None = None):
        self.kept = list(kept)
        self.stored = list(stored)
        self.later = later
        self.slept = 0.0

    async def list_faces(self) -> Sequence[KeptFace]:
        """Returns the collection."""
        return tuple(self.kept)

    async def remove_orphans(self, faces: Iterable[KeptFace]) -> None:
        """Removes from the collection."""
        gone = list(faces)
        self.kept = [face for face in self.kept if face not in gone]

    async def gallery(self, engine: str) -> AsyncIterator[GalleryFace]:
        """Yields what is stored."""
        assert engine == "rekognition"
        for face in self.stored:
            yield face

    async def sleep(self, seconds: float) -> None:
        """Passes time."""
        self.slept += seconds
        if self.later is not None:
            self.stored.append(self.later)


async def _audited(both: _Both, *, repair: bool) -> str:
    return await reconcile_faces(both, both, repair=repair, sleep=both.sleep)


async def test_an_orphan_is_told_and_only_removed_on_request() -> None:
    """Checking changes nothing; repairing removes what no row names and leaves other programs' faces alone."""
    foreign = KeptFace("x9", "somebody-else's")
    both = _Both([_kept(ANA), _kept(BEN), foreign], [ANA])
    report = await _audited(both, repair=False)
    assert "orphaned: 1 faces" in report
    assert "faces repair` removes them" in report
    assert "foreign: 1 faces" in report
    assert len(both.kept) == 3
    assert "removed" in await _audited(both, repair=True)
    assert both.kept == [_kept(ANA), foreign]


async def test_a_lost_face_is_named_so_that_it_can_be_enrolled_again() -> None:
    """A stored face that the collection does not hold cannot be repaired, only told."""
    both = _Both([], [ANA])
    report = await _audited(both, repair=True)
    assert "lost: 1 stored faces" in report
    assert "people/ana/faces/f1" in report


async def test_an_enrollment_under_way_is_no_orphan() -> None:
    """A face that is stored between the two comparisons is left where it is."""
    both = _Both([_kept(ANA), _kept(BEN)], [ANA], later=BEN)
    assert "orphaned: 0 faces" in await _audited(both, repair=True)
    assert both.slept > 0
    assert len(both.kept) == 2


async def test_equal_galleries_are_compared_once() -> None:
    """When nothing differs nobody waits."""
    both = _Both([_kept(ANA)], [ANA])
    assert "orphaned: 0 faces" in await _audited(both, repair=True)
    assert both.slept == 0
