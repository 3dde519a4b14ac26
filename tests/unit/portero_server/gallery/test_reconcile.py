"""Stored faces and those of the collection are compared twice; what is stored nowhere is removed."""

from __future__ import annotations

from portero_server.domain.people.collection import KeptFace, StoredFace
from portero_server.gallery.reconcile import reconcile_faces
from tests.support.server.kept_collection import KeptCollection, kept_face

ANA = StoredFace("f1", "ana", "7.0", "x1")
BEN = StoredFace("f2", "ben", "7.0", "x2")


class _Both(KeptCollection):
    """A collection and a database; `later` is stored between two comparisons."""

    slept = 0.0
    later: StoredFace | None = None

    async def sleep(self, seconds: float) -> None:
        """Passes time."""
        self.slept += seconds
        if self.later is not None:
            self.stored.append(self.later)


async def _audited(both: _Both, *, repair: bool) -> str:
    return await reconcile_faces(both, both, repair=repair, sleep=both.sleep)


async def test_a_foreign_face_is_told_and_only_removed_on_request() -> None:
    """Checking changes nothing; repairing removes what no row names and leaves other programs' faces alone."""
    other = KeptFace("x9", "somebody-else's")
    both = _Both([kept_face(ANA), kept_face(BEN), other], [ANA])
    report = await _audited(both, repair=False)
    assert "foreign: 1 faces" in report
    assert "faces repair` removes them" in report
    assert "others: 1 faces" in report
    assert len(both.kept or ()) == 3
    assert "removed" in await _audited(both, repair=True)
    assert both.kept == [kept_face(ANA), other]


async def test_a_missing_face_is_named_so_that_it_can_be_taught_again() -> None:
    """A stored face that the collection does not hold is told with whose it is and what teaches it."""
    both = _Both([], [ANA])
    report = await _audited(both, repair=True)
    assert "missing: 1 stored faces" in report
    assert "--photos" in report
    assert "people/ana/faces/f1" in report


async def test_a_collection_that_is_gone_is_told() -> None:
    """Without a collection the report says so, and every stored face is missing."""
    report = await _audited(_Both(None, [ANA, BEN]), repair=False)
    assert "does not exist" in report
    assert "missing: 2" in report


async def test_an_enrollment_under_way_is_not_foreign() -> None:
    """A face that is stored between the two comparisons is left where it is."""
    both = _Both([kept_face(ANA), kept_face(BEN)], [ANA])
    both.later = BEN
    assert "foreign: 0 faces" in await _audited(both, repair=True)
    assert both.slept > 0
    assert len(both.kept or ()) == 2


async def test_equal_galleries_are_compared_once() -> None:
    """When nothing differs nobody waits."""
    both = _Both([kept_face(ANA)], [ANA])
    assert "foreign: 0 faces" in await _audited(both, repair=True)
    assert both.slept == 0
