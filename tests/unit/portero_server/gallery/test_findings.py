"""The gallery is looked through for faces of another model, and for one face under two names."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, cast

import pytest

from portero_server.domain.people.look_alikes import FindingKind, GalleryFinding
from portero_server.engines.base import CallContext, EngineTraits, GalleryFace, LearnedFace, Pixels, SimilarPeople
from portero_server.engines.scripted import ScriptedEngine
from portero_server.errors import EngineError, EngineUnavailable, PorteroError
from portero_server.gallery.findings import GalleryCheck
from portero_server.gallery.mirror import GalleryMirror
from portero_server.gallery.service import Gallery
from portero_server.store.consents import ConsentStore
from portero_server.store.database import Database
from portero_server.store.faults import StoreRefused
from portero_server.store.look_alikes import LookAlikeStore
from portero_server.store.people import PeopleStore
from portero_server.store.uncompared_faces import UncomparedFaceStore
from tests.support.images.patch_photos import ANA, BOB, COUSIN_OF_ANA, NEARLY_ANA, photo
from tests.support.time.virtual_time import ManualClock, in_virtual_time


class AnotherModel(ScriptedEngine):
    """The same engine after its model was changed."""

    @property
    def traits(self) -> EngineTraits:
        """Another version."""
        return replace(super().traits, model_version="colors-v2")

    async def learn(self, image: Pixels, person_id: str, face_id: str, context: CallContext) -> LearnedFace:
        """Learns with that version."""
        return replace(await super().learn(image, person_id, face_id, context), model_version="colors-v2")


class Home:
    """A gallery of three people: Ana, Anna with the same face, and Bob."""

    def __init__(self, database: Database, engine: ScriptedEngine) -> None:
        self.engine, clock = engine, ManualClock()
        self.people = PeopleStore(database, clock)
        self.consents = ConsentStore(database, clock)
        mirror = GalleryMirror(engine, self.people, refresh=5)
        self.pairs = LookAlikeStore(database, clock)
        self.waiting = UncomparedFaceStore(database, clock)
        self.clock, self.counts = clock, list[int]()
        self.check = GalleryCheck(engine, self.people, self.pairs, self.waiting, tell_waiting=self.counts.append)
        self.gallery = Gallery(engine, self.people, mirror, clock, check=self.check)

    async def settle(self) -> None:
        """Enrolls them."""
        for person_id, color in (("ana", ANA), ("anna", ANA), ("bob", BOB)):
            await self.gallery.create(person_id, person_id.title(), {})
            await self.gallery.enroll(person_id, photo(color))

    async def findings(self, limit: int = 10) -> list[GalleryFinding]:
        """Goes through all pages."""
        found: list[GalleryFinding] = []
        after: str | None = None
        while True:
            page, after = await self.check.page(limit, after, None)
            found += page
            if after is None:
                return found


@pytest.fixture
async def home(database: Database) -> Home:
    """The gallery with everybody in it."""
    made = Home(database, ScriptedEngine())
    await made.settle()
    return made


@pytest.mark.parametrize("limit", [1, 2, 3, 10])
async def test_a_pair_is_told_once_whatever_the_pages(home: Home, limit: int) -> None:
    """Ana and Anna are one finding, by the name that comes first, and Bob none."""
    [finding] = await home.findings(limit)
    assert (finding.person_id, finding.kind) == ("ana", FindingKind.LOOK_ALIKE)
    assert finding.look_alike is not None
    assert (finding.look_alike.candidate.person_id, finding.look_alike.display_name) == ("anna", "Anna")
    assert finding.look_alike.candidate.similarity > 0.99


async def test_a_page_is_never_too_long(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for many people at once gets fewer, and the rest on the next page."""
    monkeypatch.setattr("portero_server.gallery.findings.MOST_PEOPLE", 2)
    assert (await home.check.page(1000, None, None))[1] == "anna"
    assert len(await home.findings(1000)) == 1


async def test_an_enrollment_knows_whom_the_face_is_like(home: Home) -> None:
    """The other person of the same face is told by name, and nobody for a face of its own."""
    [anna] = await home.gallery.list_faces("anna", 10, None)
    [bob] = await home.gallery.list_faces("bob", 10, None)
    [like] = await home.check.look_alikes(anna, None)
    assert (like.candidate.person_id, like.display_name) == ("ana", "Ana")
    assert await home.check.look_alikes(bob, None) == []


async def test_who_is_blocked_is_told_to_nobody(home: Home) -> None:
    """A face never leads to somebody who may not be recognized."""
    await home.consents.block("anna", "asked for it")
    assert await home.findings() == []
    [face] = await home.gallery.list_faces("ana", 10, None)
    assert await home.check.look_alikes(face, None) == []


async def test_people_of_another_model_are_told(home: Home, database: Database) -> None:
    """After the model was changed, everybody with faces is outdated until enrolled again; who has none is not."""
    changed = Home(database, AnotherModel())
    await changed.gallery.create("dora", "Dora", {})
    kinds = [(finding.person_id, finding.kind) for finding in await changed.findings(2)]
    assert kinds == [(person, FindingKind.OUTDATED_FACES) for person in ("ana", "anna", "bob")]
    await changed.gallery.enroll("bob", photo(BOB))
    assert [finding.person_id for finding in await changed.findings()] == ["ana", "anna"]


async def test_who_is_alike_is_kept_as_a_pair_and_told_as_no_finding(home: Home) -> None:
    """A similar face is told as easily confused, and is no finding; all pairs are kept, whoever may be named."""
    await home.consents.block("anna", "asked for it")
    await home.gallery.create("cousin", "Cousin", {})
    face = await home.gallery.enroll("cousin", photo(COUSIN_OF_ANA))
    [like] = await home.check.enrolled(face, None)
    assert (like.candidate.person_id, like.display_name, like.same) == ("ana", "Ana", False)
    assert await home.findings() == []
    assert {pair[:2] for pair in await home.pairs.list(10)} == {("ana", "anna"), ("ana", "cousin"), ("anna", "cousin")}
    told, last = await home.check.pairs(10, None)
    assert [(each.pair.first_person_id, each.second_name) for each in told] == [("ana", "Cousin")]
    assert last is None


async def test_pairs_come_in_pages(home: Home) -> None:
    """Each page says after which pair the next one begins, also where nobody on it may be named."""
    await home.gallery.create("cousin", "Cousin", {})
    await home.check.enrolled(await home.gallery.enroll("cousin", photo(COUSIN_OF_ANA)), None)
    await home.check.look_alikes((await home.gallery.list_faces("anna", 1, None))[0], None)
    await home.consents.block("anna", "asked for it")
    told, after = [], None
    for _ in range(3):
        page, last = await home.check.pairs(1, after)
        told += [each.pair[:2] for each in page]
        after = last[:2] if last else None
    assert (told, after) == ([("ana", "cousin")], None)


async def test_pairs_are_made_anew_when_a_face_is_removed(home: Home) -> None:
    """The pair goes with the face that made it, unless another face of the person is alike too."""
    await home.check.page(10, None, None)
    [pair] = await home.pairs.list(10)
    assert pair[:2] == ("ana", "anna")
    first = (await home.gallery.list_faces("ana", 1, None))[0].face_id
    other = await home.gallery.enroll("ana", photo(NEARLY_ANA))
    await home.gallery.delete_face("ana", first)
    [again] = await home.pairs.list(10)
    assert again[:2] == ("ana", "anna")
    assert 0.9 < again.similarity < pair.similarity
    await home.gallery.delete_face("ana", other.face_id)
    assert await home.pairs.list(10) == []


async def _away(*arguments: object) -> SimilarPeople:
    raise EngineUnavailable("away")


async def test_an_engine_that_cannot_compare_keeps_no_face(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A face is removed although nobody can say whom the others are like; these are compared later."""
    await home.check.page(10, None, None)
    first = (await home.gallery.list_faces("ana", 1, None))[0].face_id
    await home.gallery.enroll("ana", photo(NEARLY_ANA))
    with monkeypatch.context() as patched:
        patched.setattr(home.engine, "similar", _away)
        await home.gallery.delete_face("ana", first)
    assert await home.pairs.list(10) == []
    home.clock.advance(60)
    await home.check.compare_waiting()
    assert [each[:2] for each in await home.pairs.list(10)] == [("ana", "anna")]


async def test_an_enrollment_that_could_not_be_compared_is_later(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The face waits from the moment that it is stored, whatever ends the server, and once compared waits no more."""
    assert await home.waiting.count() == 3
    monkeypatch.setattr(home.engine, "similar", _away)
    home.clock.advance(60)
    with pytest.raises(EngineUnavailable):
        await home.check.compare_waiting()
    monkeypatch.undo()
    await home.check.compare_waiting()
    assert (await home.pairs.list(10), home.counts) == ([], [3, 3])
    home.clock.advance(60)
    await home.check.compare_waiting()
    assert [each[:2] for each in await home.pairs.list(10)] == [("ana", "anna")]
    assert home.counts == [3, 3, 0]


async def test_a_face_that_cannot_be_compared_at_all_holds_up_no_other(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits no more; the others are compared."""
    compare, (ana,) = home.engine.similar, await home.gallery.list_faces("ana", 1, None)

    async def refuse(face: GalleryFace, most: int, context: CallContext) -> SimilarPeople:
        if face.face_id == ana.face_id:
            raise EngineError("it is no face of this engine")
        return await compare(face, most, context)

    monkeypatch.setattr(home.engine, "similar", refuse)
    home.clock.advance(60)
    await home.check.compare_waiting()
    assert home.counts == [0]
    assert [each[:2] for each in await home.pairs.list(10)] == [("ana", "anna")]


@in_virtual_time
async def test_no_error_ends_the_comparing() -> None:
    """Whatever the engine or the database says, the server goes on, and tries again after a minute."""
    errors, rounds = [EngineUnavailable("away"), StoreRefused("too long"), PorteroError("odd")], list[int]()

    class Failing:
        async def claim(self, limit: int, waited: object) -> list[object]:
            rounds.append(limit)
            raise errors[len(rounds) % len(errors)]

        async def count(self) -> int:
            return 1

    nothing = cast("Any", None)
    working = asyncio.create_task(GalleryCheck(nothing, nothing, nothing, cast("Any", Failing())).run())
    await asyncio.sleep(4 * 60 + 1)
    assert (len(rounds), working.done()) == (4, False)
    working.cancel()


async def test_one_that_is_compared_at_once_does_not_wait(home: Home) -> None:
    """Nor one of another model, with which nothing is compared any more."""
    for person_id in ("ana", "bob"):
        await home.check.enrolled((await home.gallery.list_faces(person_id, 1, None))[0], None)
    assert await home.waiting.count() == 1
    changed = GalleryCheck(AnotherModel(), home.people, home.pairs, home.waiting)
    home.clock.advance(60)
    await changed.compare_waiting()
    assert await home.waiting.count() == 0
    assert [each[:2] for each in await home.pairs.list(10)] == [("ana", "anna")]
