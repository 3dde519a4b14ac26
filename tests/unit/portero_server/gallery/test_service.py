"""People and faces between store and engine, where either may fail in the middle."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from portero_server.domain.cameras import Lane
from portero_server.domain.people.people import FaceEnrollment
from portero_server.engines.base import CallContext, PhotoRefused
from portero_server.errors import EngineUnavailable, InvalidInput, NotFound, StoreUnavailable
from portero_server.gallery.mirror import GalleryMirror
from portero_server.gallery.service import Gallery, face_id_of
from portero_server.store.database import Database
from portero_server.store.people import PeopleStore
from tests.support.images.patch_photos import ANA, BOB, photo
from tests.support.server.picky_engine import PickyEngine
from tests.support.time.virtual_time import ManualClock

_AWAY = EngineUnavailable("away")


class FailingStore(PeopleStore):
    """Fails to add faces while told so."""

    failing = False

    async def add_face(self, face: FaceEnrollment, *, instead_of: FaceEnrollment | None = None) -> FaceEnrollment:
        """Adds a face, or fails."""
        if self.failing:
            raise StoreUnavailable("the database does not answer")
        return await super().add_face(face, instead_of=instead_of)


@dataclass(frozen=True, slots=True)
class Home:
    """A gallery and what is behind it."""

    gallery: Gallery
    mirror: GalleryMirror
    engine: PickyEngine
    people: FailingStore

    async def stored_faces(self, person_id: str = "ana") -> list[str]:
        """Returns the ids of a person's stored faces."""
        return [face.face_id for face in await self.people.list_faces(person_id, 100)]


@pytest.fixture
async def home(database: Database) -> Home:
    """A gallery with Ana and without any face."""
    engine, clock = PickyEngine(), ManualClock()
    people = FailingStore(database, clock)
    mirror = GalleryMirror(engine, people, refresh=5)
    await mirror.load()
    gallery = Gallery(engine, people, mirror, clock, new_id=lambda: "made-up")
    await gallery.create("ana", "Ana", {})
    return Home(gallery, mirror, engine, people)


async def test_enrolled_face_is_stored_and_findable(home: Home) -> None:
    """After enrollment the store and the engine agree."""
    face = await home.gallery.enroll("ana", photo(ANA))
    assert await home.stored_faces() == [face.face_id]
    assert home.engine.found == {face.face_id}


async def test_enrollment_takes_the_first_lane_and_the_callers_deadline(home: Home) -> None:
    """Somebody waits for an enrollment, so it goes before doors and classes, and not after its deadline."""
    await home.gallery.enroll("ana", photo(ANA), deadline=17.5)
    assert home.engine.contexts == [CallContext(None, Lane.CHECK_IN, 17.5)]


async def test_store_that_fails_leaves_nothing_half_known(home: Home) -> None:
    """When the face cannot be stored nobody finds it, and the same photo sent again makes one face."""
    home.people.failing = True
    with pytest.raises(StoreUnavailable):
        await home.gallery.enroll("ana", photo(ANA))
    await home.mirror.apply()
    assert home.engine.found == set()
    home.people.failing = False
    face = await home.gallery.enroll("ana", photo(ANA))
    assert await home.stored_faces() == [face.face_id]


async def test_engine_that_fails_after_the_store_is_made_good(home: Home) -> None:
    """A stored face that the engine could not take is answered, and findable with the next change applied."""
    home.engine.failing["add"] = _AWAY
    face = await home.gallery.enroll("ana", photo(ANA))
    assert home.engine.found == set()
    home.engine.failing.clear()
    await home.mirror.apply()
    assert home.engine.found == {face.face_id}


async def test_person_who_goes_while_the_engine_learns_leaves_no_face(home: Home) -> None:
    """An enrollment overtaken by the person's deletion is refused, and the engine forgets what it learned."""
    home.engine.meanwhile["learn"] = lambda: home.gallery.delete("ana")
    with pytest.raises(NotFound):
        await home.gallery.enroll("ana", photo(ANA))
    assert home.engine.forgotten == [face_id_of("ana", photo(ANA), "scripted/colors-v1")]
    assert home.engine.found == set()


async def test_engine_that_does_not_forget_hides_no_refusal(home: Home) -> None:
    """When the engine cannot even forget, the caller still hears that the person is gone."""
    home.engine.meanwhile["learn"] = lambda: home.gallery.delete("ana")
    home.engine.failing["remove"] = _AWAY
    with pytest.raises(NotFound):
        await home.gallery.enroll("ana", photo(ANA))


async def test_unknown_person_costs_no_call(home: Home) -> None:
    """Nothing is learned for somebody who does not exist."""
    with pytest.raises(NotFound):
        await home.gallery.enroll("bob", photo(ANA))
    assert home.engine.contexts == []


async def test_refused_photo_leaves_nothing(home: Home) -> None:
    """A photo with two faces is refused by the engine and stored nowhere."""
    with pytest.raises(PhotoRefused) as caught:
        await home.gallery.enroll("ana", photo(ANA, BOB))
    assert caught.value.reason == "SEVERAL_FACES"
    assert await home.stored_faces() == []


async def test_photo_enrolled_twice_at_once_is_one_face(home: Home) -> None:
    """Two enrollments of one photo at the same time end in the same face."""
    first, second = await asyncio.gather(*(home.gallery.enroll("ana", photo(ANA)) for _ in range(2)))
    assert first == second
    assert await home.stored_faces() == [first.face_id]


async def test_deleted_face_comes_back_only_when_enrolled_again(home: Home) -> None:
    """A deletion that the engine has still to hear of is applied before the same photo is learned anew."""
    face = await home.gallery.enroll("ana", photo(ANA))
    home.engine.failing["remove"] = _AWAY
    await home.gallery.delete_face("ana", face.face_id)
    with pytest.raises(EngineUnavailable):
        await home.gallery.enroll("ana", photo(ANA))
    assert len(home.engine.contexts) == 1
    home.engine.failing.clear()
    assert (await home.gallery.enroll("ana", photo(ANA))).face_id == face.face_id
    assert home.engine.forgotten == [face.face_id]
    assert home.engine.found == {face.face_id}


async def test_deleted_person_is_forgotten_by_a_later_process(home: Home) -> None:
    """A process that starts after a deletion does not know the faces, whatever the first one left undone."""
    await home.gallery.enroll("ana", photo(ANA))
    home.engine.failing["remove"] = _AWAY
    await home.gallery.delete("ana")
    later = PickyEngine()
    await GalleryMirror(later, home.people, refresh=5).load()
    assert later.found == set()


async def test_hanging_up_between_store_and_engine_is_made_good(home: Home) -> None:
    """An enrollment whose caller goes away after the commit is findable with the next change applied."""
    adding = asyncio.Event()

    async def wait() -> None:
        adding.set()
        await asyncio.Event().wait()

    home.engine.meanwhile["add"] = wait
    enrollment = asyncio.create_task(home.gallery.enroll("ana", photo(ANA)))
    await adding.wait()
    enrollment.cancel()
    with pytest.raises(asyncio.CancelledError):
        await enrollment
    home.engine.meanwhile.clear()
    await home.mirror.apply()
    assert [*home.engine.found] == await home.stored_faces() != []


async def test_person_without_an_id_gets_a_made_up_one(home: Home) -> None:
    """An empty id is replaced by a new one."""
    assert (await home.gallery.create("", "Bob", {})).person_id == "made-up"


async def test_long_search_text_is_refused(home: Home) -> None:
    """A search text longer than any name names the field and the limit."""
    with pytest.raises(InvalidInput, match="200"):
        await home.gallery.list(10, None, "x" * 201)


def test_face_id_tells_person_photo_and_model_apart() -> None:
    """The id of a face depends on each of the three, and on nothing else."""
    same = face_id_of("ana", b"photo", "engine/1")
    others = {face_id_of("bob", b"photo", "engine/1"), face_id_of("ana", b"other", "engine/1")}
    others.add(face_id_of("ana", b"photo", "engine/2"))
    assert same == face_id_of("ana", b"photo", "engine/1")
    assert len(others | {same}) == 4
