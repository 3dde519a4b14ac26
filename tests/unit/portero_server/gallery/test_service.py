"""People and faces between store and engine, where either may fail in the middle."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from portero_server.domain.cameras import Lane
from portero_server.domain.people.people import FaceEnrollment
from portero_server.engines.base import CallContext, GalleryFace, LearnedFace, PhotoRefused, Pixels
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

    async def add_face(
        self, face: FaceEnrollment, *, instead_of: FaceEnrollment | None = None, compared: bool = True
    ) -> FaceEnrollment:
        """Adds a face, or fails."""
        if self.failing:
            raise StoreUnavailable("the database does not answer")
        return await super().add_face(face, instead_of=instead_of, compared=compared)


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


class KeepingEngine(PickyEngine):
    """Keeps faces itself, each time under a new name of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: set[str] = set()
        self._learned = itertools.count(1)

    async def learn(self, image: Pixels, person_id: str, face_id: str, context: CallContext) -> LearnedFace:
        """Learns a face and keeps it."""
        learned = await super().learn(image, person_id, face_id, context)
        external_id = f"x{next(self._learned)}"
        self.kept.add(external_id)
        return replace(learned, external_id=external_id)

    async def remove(self, faces: Iterable[GalleryFace]) -> None:
        """Forgets faces."""
        removed = list(faces)
        await super().remove(removed)
        self.kept -= {str(face.external_id) for face in removed}

    async def held(self, external_ids: Collection[str]) -> frozenset[str]:
        """Returns those that it keeps, or fails."""
        if (failure := self.failing.get("held")) is not None:
            raise failure
        return frozenset(self.kept.intersection(external_ids))


@dataclass(frozen=True, slots=True)
class KeepingHome:
    """A gallery whose engine keeps faces itself; `told` has what was said of losses."""

    gallery: Gallery
    engine: KeepingEngine
    people: FailingStore
    told: list[str]

    async def stored_faces(self) -> list[str]:
        """Returns the ids of Ana's stored faces."""
        return [face.face_id for face in await self.people.list_faces("ana", 100)]


@pytest.fixture
async def keeping(database: Database) -> KeepingHome:
    """A gallery whose engine keeps faces itself, with Ana and without any face."""
    engine, clock = KeepingEngine(), ManualClock()
    people = FailingStore(database, clock)
    mirror = GalleryMirror(engine, people, refresh=5)
    await mirror.load()
    told: list[str] = []
    keeper: Any = engine
    gallery = Gallery(engine, people, mirror, clock, keeper=keeper, tell_loss=lambda: told.append("loss"))
    await gallery.create("ana", "Ana", {})
    return KeepingHome(gallery, engine, people, told)


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


async def test_a_photo_whose_face_the_engine_lost_is_learned_again(keeping: KeepingHome) -> None:
    """After the collection was emptied the same photo teaches the face again, under the same id."""
    first = await keeping.gallery.enroll("ana", photo(ANA))
    assert await keeping.gallery.enroll("ana", photo(ANA)) == first
    assert len(keeping.engine.contexts) == 1
    keeping.engine.kept.clear()
    again = await keeping.gallery.enroll("ana", photo(ANA))
    assert again.face_id == first.face_id
    assert again.external_id != first.external_id
    assert await keeping.people.get_face("ana", first.face_id) == again
    assert await keeping.stored_faces() == [first.face_id]
    assert keeping.engine.kept == {again.external_id}
    assert keeping.engine.found == {first.face_id}
    assert keeping.told == ["loss"]
    await keeping.gallery.delete_face("ana", again.face_id)
    assert keeping.engine.kept == set()


async def test_a_lost_face_taught_twice_at_once_is_one_face(keeping: KeepingHome) -> None:
    """Two enrollments of the photo of a lost face end in one face that the engine has."""
    await keeping.gallery.enroll("ana", photo(ANA))
    keeping.engine.kept.clear()
    await asyncio.gather(*(keeping.gallery.enroll("ana", photo(ANA)) for _ in range(2)))
    [face_id] = await keeping.stored_faces()
    stored = await keeping.people.get_face("ana", face_id)
    assert stored.external_id in keeping.engine.kept
    assert keeping.engine.found == {face_id}


async def test_an_engine_that_cannot_say_whether_it_has_a_face_leaves_it_open(keeping: KeepingHome) -> None:
    """When the engine does not answer, nobody is told that the face is there, and nothing is changed."""
    first = await keeping.gallery.enroll("ana", photo(ANA))
    keeping.engine.failing["held"] = _AWAY
    with pytest.raises(EngineUnavailable):
        await keeping.gallery.enroll("ana", photo(ANA))
    assert await keeping.people.get_face("ana", first.face_id) == first


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
