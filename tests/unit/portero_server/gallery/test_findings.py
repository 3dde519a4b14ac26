"""The gallery is looked through for faces of another model, and for one face under two names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portero_server.domain.people.look_alikes import FindingKind, GalleryFinding
from portero_server.engines.base import CallContext, EngineTraits, LearnedFace, Pixels
from portero_server.engines.scripted import ScriptedEngine
from portero_server.gallery.findings import GalleryCheck
from portero_server.gallery.mirror import GalleryMirror
from portero_server.gallery.service import Gallery
from portero_server.store.consents import ConsentStore
from portero_server.store.database import Database
from portero_server.store.people import PeopleStore
from tests.support.images.patch_photos import ANA, BOB, photo
from tests.support.time.virtual_time import ManualClock


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
        self.gallery = Gallery(engine, self.people, mirror, clock)
        self.check = GalleryCheck(engine, self.people)

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
