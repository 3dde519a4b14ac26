"""Rows of the vault's photos on both databases: what waits, what is due, and what retention marks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portero_server.domain.detection.detections import FaceQuality
from portero_server.domain.people.people import FaceEnrollment
from portero_server.domain.people.photos import SETTLES_AFTER, Keeping, PhotoState
from portero_server.domain.people.privacy import Purpose
from portero_server.errors import NotFound
from portero_server.store.consents import ConsentStore
from portero_server.store.database import Database
from portero_server.store.erasures import ErasureStore
from portero_server.store.people import PeopleStore
from portero_server.store.photos import PhotoStore
from portero_server.store.retention import RetentionStore
from tests.support.server.photo_vault import keeping
from tests.support.store.commits import BOX, at
from tests.support.time.virtual_time import ManualClock

DIGEST = "ab" * 32


@pytest.fixture
async def photos(database: Database, people: PeopleStore, clock: ManualClock) -> PhotoStore:
    """Photos of Ana, who has two faces and lets her photos be kept."""
    await people.create("ana", "Ana", {})
    for face_id in ("f1", "f2"):
        quality = FaceQuality(1.0, 1.0, 1.0, 1.0)
        await people.add_face(FaceEnrollment(face_id, "ana", BOX, quality, "local", "m1", b"\0" * 4, None, at(0)))
    await ConsentStore(database, clock).record(keeping("ana", clock))
    return PhotoStore(database, clock)


async def _keep(photos: PhotoStore, photo_id: str, face_id: str = "f1", digest: str = DIGEST) -> None:
    assert await photos.begin(photo_id, "ana", face_id, digest) is None
    assert await photos.complete(photo_id, "ana") is Keeping.KEPT


async def test_a_photo_is_kept_once_and_follows_the_face_that_it_taught_last(photos: PhotoStore) -> None:
    """The same photo of another face model is the same photo, and then belongs to that face."""
    await _keep(photos, "p1")
    assert await photos.begin("p2", "ana", "f2", DIGEST) is Keeping.KNOWN
    kept = await photos.get("p1")
    assert kept is not None
    assert (kept.face_id, kept.taught_by, kept.consented) == ("f2", ("local", "m1"), True)
    await photos.taught("p1", "f1")
    assert [each.face_id for each in await photos.page(10)] == ["f1"]


@pytest.mark.parametrize("which", ["f1", "f2", "f3"])
async def test_the_faces_of_one_photo_go_together(photos: PhotoStore, people: PeopleStore, which: str) -> None:
    """Whichever of three models is named, none of what the photo taught is left; other photos' faces stay."""
    quality = FaceQuality(1.0, 1.0, 1.0, 1.0)
    for face_id in ("f3", "f4"):
        await people.add_face(FaceEnrollment(face_id, "ana", BOX, quality, "local", "m3", b"\0" * 4, None, at(0)))
    await _keep(photos, "p1", "f1")
    for face_id in ("f2", "f3"):
        assert await photos.taught("p1", face_id)
    await people.delete_face("ana", which)
    assert [face.face_id for face in await people.list_faces("ana", 10)] == ["f4"]


async def test_of_two_writes_of_one_photo_the_first_stays(photos: PhotoStore) -> None:
    """The one that completes later is told to delete its object, which is not due before its write is over."""
    for photo_id in ("p1", "p2"):
        assert await photos.begin(photo_id, "ana", "f1", DIGEST) is None
    assert await photos.complete("p2", "ana") is Keeping.KEPT
    assert await photos.complete("p1", "ana") is Keeping.KNOWN
    assert (await photos.counts())[PhotoState.DELETING] == 1
    assert await photos.due(10) == []


async def test_nothing_begins_without_person_face_or_consent(
    photos: PhotoStore, database: Database, clock: ManualClock
) -> None:
    """A face that went meanwhile keeps no photo; an expired consent keeps none either."""
    for person_id, face_id in (("ben", "f1"), ("ana", "f9")):
        with pytest.raises(NotFound):
            await photos.begin("p1", person_id, face_id, DIGEST)
    await ConsentStore(database, clock).withdraw("ana", None)
    assert await photos.begin("p1", "ana", "f1", DIGEST) is Keeping.NO_CONSENT
    assert sum((await photos.counts()).values()) == 0


async def test_a_deleted_face_takes_its_photo_and_no_other(photos: PhotoStore, people: PeopleStore) -> None:
    """The photo of the other face stays; what is to be deleted is due at once, since its object is settled."""
    await _keep(photos, "p1", "f1")
    await _keep(photos, "p2", "f2", "cd" * 32)
    await people.delete_face("ana", "f1")
    assert await photos.due(10) == ["p1"]
    assert await photos.due(10, "ben") == []
    assert [each.photo_id for each in await photos.page(10)] == ["p2"]
    assert await photos.known(["p1", "p2", "p3"]) == {"p1", "p2"}
    await photos.forget(["p1"])
    assert await photos.known(["p1", "p2", "p3"]) == {"p2"}


async def test_a_face_that_is_learned_anew_keeps_its_photo(photos: PhotoStore, people: PeopleStore) -> None:
    """Replacing a face that the engine lost is no deletion."""
    await _keep(photos, "p1")
    lost = await people.get_face("ana", "f1")
    await people.add_face(
        FaceEnrollment("f1", "ana", BOX, lost.quality, "local", "m1", None, "x", at(1)), instead_of=lost
    )
    kept = await photos.get("p1")
    assert kept is not None
    assert kept.external_id == "x"


async def test_what_was_never_finished_expires(photos: PhotoStore, clock: ManualClock) -> None:
    """A pending photo is left alone while its object may come, and is then due."""
    await photos.begin("p1", "ana", "f1", DIGEST)
    assert await photos.expire(10) == 0
    clock.advance(SETTLES_AFTER.total_seconds())
    assert await photos.expire(10) == 1
    assert await photos.due(10) == ["p1"]


async def test_retention_has_old_photos_deleted(photos: PhotoStore, database: Database, clock: ManualClock) -> None:
    """Photos past their time are marked in batches, and count as overdue until their objects are gone."""
    for number in range(3):
        await _keep(photos, f"p{number}", digest=f"{number}" * 64)
    clock.advance(timedelta(days=10).total_seconds())
    await _keep(photos, "new", digest="e" * 64)
    retention, before = RetentionStore(database, clock, batch=2), clock.now() - timedelta(days=5)
    assert retention.steps(Purpose.PHOTOS) == 1
    assert await retention.remove_some(Purpose.PHOTOS, 0, before) == (2, True)
    assert await retention.remove_some(Purpose.PHOTOS, 0, before) == (1, False)
    assert await retention.oldest(Purpose.PHOTOS, before) is not None
    await photos.forget(await photos.due(10))
    assert await retention.oldest(Purpose.PHOTOS, before) is None
    assert [each.photo_id for each in await photos.page(10)] == ["new"]


async def test_an_erasure_ends_when_no_photo_is_left(
    photos: PhotoStore, database: Database, clock: ManualClock
) -> None:
    """Its receipt counts the photos, and is not written before their rows are gone."""
    await _keep(photos, "p1")
    erasures = ErasureStore(database, clock)
    begun = await erasures.begin("ana")
    assert (begun.counts["photos"], (await erasures.finish(begun.erasure_id)).finished_at) == (1, None)
    assert await photos.due(10, "ana") == ["p1"]
    await photos.forget(["p1"])
    assert (await erasures.finish(begun.erasure_id)).sound
