"""Faces and pairs of faces go over, and every server's gallery follows."""

from __future__ import annotations

from portero_server.domain.cameras import Lane
from portero_server.domain.people.look_alikes import FacePair
from portero_server.engines.base import CallContext, GalleryFace
from portero_server.engines.scripted import ScriptedEngine
from portero_server.gallery.mirror import GalleryMirror
from portero_server.store.look_alikes import LookAlikeStore
from tests.support.store.enrolled_twice import EnrolledTwice, face_of


async def test_pairs_name_who_stays(house: EnrolledTwice) -> None:
    """Who was like the other one is like who stays, and nobody is like themselves; the first id comes first."""
    pairs = LookAlikeStore(house.database, house.clock)
    await pairs.add(
        [
            FacePair("ana", "anna", "f-ana", "f-anna", 0.9),
            FacePair("ana", "ben", "f-ana", "f-ben", 0.5),
            FacePair("anna", "ben", "f-anna", "f-ben", 0.6),
        ]
    )
    await house.merges.merge("ben", "anna")
    assert [tuple(each)[:3] for each in await pairs.list(10)] == [("ana", "ben", 0.9)]
    assert [each.face_id for each in await pairs.partners("f-anna", 10)] == ["f-ana"]


async def test_pairs_that_were_found_before_a_merge_name_who_stays(house: EnrolledTwice) -> None:
    """A comparison under way stores them after it; her own two faces are no pair."""
    pairs = LookAlikeStore(house.database, house.clock)
    await house.merges.merge("ben", "anna")
    await pairs.add([FacePair("anna", "ben", "f-anna", "f-ben", 0.6), FacePair("ana", "anna", "f-ana", "f-anna", 0.9)])
    assert [tuple(each)[:3] for each in await pairs.list(10)] == [("ana", "ben", 0.9)]


async def test_another_server_learns_whose_the_faces_are(house: EnrolledTwice) -> None:
    """Whether it had applied the faces before or not, it finds who stays."""
    engine, late = ScriptedEngine(), ScriptedEngine()
    mirror = GalleryMirror(engine, house.people, refresh=5)
    behind = GalleryMirror(late, house.people, refresh=5)
    await mirror.load()
    await house.merges.merge("ana", "anna")
    await mirror.apply()
    await behind.apply()
    for each in (engine, late):
        for number, (face_id, person_id) in enumerate((("f-ana", "ana"), ("f-anna", "ana"), ("f-ben", "ben"))):
            probe = GalleryFace("probe", "nobody", face_of("nobody", number).embedding, None)
            best = (await each.similar(probe, 1, CallContext(None, Lane.CHECK_IN))).candidates[0]
            assert (best.person_id, best.face_id) == (person_id, face_id)
