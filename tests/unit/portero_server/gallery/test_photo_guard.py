"""No call is paid for a photograph that would teach a poor face: Rekognition, simulated, counts what it is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from portero_server.domain.detection.photo_advice import PhotoAdvice, PhotoFlaw
from portero_server.engines.base import PhotoRefused
from portero_server.engines.rekognition.engine import RekognitionEngine
from portero_server.engines.rekognition.options import RekognitionOptions
from portero_server.engines.scripted import PatchDetector
from portero_server.errors import FailedPrecondition, InvalidInput
from portero_server.gallery.findings import GalleryCheck
from portero_server.gallery.mirror import GalleryMirror
from portero_server.gallery.photo_guard import PhotoGuard
from portero_server.gallery.service import Gallery
from portero_server.store.database import Database
from portero_server.store.look_alikes import LookAlikeStore
from portero_server.store.people import PeopleStore
from portero_server.store.uncompared_faces import UncomparedFaceStore
from tests.support.images.patch_photos import ANA, BOB, COUSIN_OF_ANA, photo
from tests.support.server.simulated_rekognition import CountingGate, client_of, simulated
from tests.support.time.virtual_time import ManualClock


@dataclass
class Desk:
    """A gallery that Rekognition keeps, with Ana and without any face.

    Attributes:
        gate: Counts paid calls.
        told: What was wrong with photographs that were to be enrolled.
    """

    engine: RekognitionEngine
    gate: CountingGate
    people: PeopleStore
    pairs: LookAlikeStore
    waiting: UncomparedFaceStore
    told: list[PhotoAdvice] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.mirror = GalleryMirror(self.engine, self.people, refresh=5)
        self.check = GalleryCheck(self.engine, self.people, self.pairs, self.waiting)
        guard = PhotoGuard(PatchDetector(), self.told.append)
        self.gallery = Gallery(self.engine, self.people, self.mirror, ManualClock(), guard=guard, check=self.check)


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    """The gallery, with the simulator behind it."""
    async with simulated() as simulation:
        gate, clock = CountingGate(), ManualClock()
        options = RekognitionOptions(create_collection=True)
        engine = RekognitionEngine(client_of(simulation.url), "staff", gate, threads=4, options=options)
        await engine.check()
        waiting = UncomparedFaceStore(database, clock)
        desk = Desk(engine, gate, PeopleStore(database, clock), LookAlikeStore(database, clock), waiting)
        await desk.gallery.create("ana", "Ana", {})
        yield desk
        await engine.aclose()


@pytest.mark.parametrize(
    ("image", "reason", "flaw"),
    [
        (photo(), "NO_FACE", PhotoFlaw.NO_FACE),
        (photo(ANA, BOB), "SEVERAL_FACES", PhotoFlaw.SEVERAL_FACES),
        (photo(ANA, side=15), "LOW_QUALITY", PhotoFlaw.TOO_SMALL),
    ],
    ids=["no-face", "two-faces", "too-small"],
)
async def test_a_bad_photograph_costs_nothing(desk: Desk, image: bytes, reason: str, flaw: PhotoFlaw) -> None:
    """It is refused by name with what to do, counted, and no call is made."""
    with pytest.raises(PhotoRefused) as caught:
        await desk.gallery.enroll("ana", image)
    assert (caught.value.field, caught.value.reason) == ("image", reason)
    assert [(each.flaw, each.refused) for each in desk.told] == [(flaw, True)]
    assert desk.told[0].text in caught.value.message
    assert desk.gate.operations == []
    assert await desk.people.list_faces("ana", 10) == []


async def test_a_poor_photograph_is_learned_with_a_warning(desk: Desk) -> None:
    """What is only poor is told and paid for once, however often the same photograph comes."""
    warnings: list[PhotoAdvice] = []
    first = await desk.gallery.enroll("ana", photo(ANA, side=35), warn=warnings.append)
    assert [(each.flaw, each.refused) for each in warnings] == [(PhotoFlaw.TOO_SMALL, False)]
    assert await desk.gallery.enroll("ana", photo(ANA, side=35)) == first
    assert desk.gate.operations.count("IndexFaces") == 1
    assert len(await desk.people.list_faces("ana", 10)) == 1


async def test_trying_a_photograph_stores_and_costs_nothing(desk: Desk) -> None:
    """The same is said of it as an enrollment would say, with the place of the face, and nothing is counted."""
    poor = await desk.gallery.check_photo(photo(ANA, side=35))
    assert (poor.reason, [each.flaw for each in poor.warnings]) == ("", [PhotoFlaw.TOO_SMALL])
    assert poor.face is not None
    assert (await desk.gallery.check_photo(photo(ANA, BOB))).reason == "SEVERAL_FACES"
    with pytest.raises(InvalidInput):
        await desk.gallery.check_photo(b"GIF89a")
    assert (desk.gate.operations, desk.told) == ([], [])
    assert await desk.people.list_faces("ana", 10) == []


async def test_without_a_guard_the_engine_decides(desk: Desk) -> None:
    """The engine is asked about every photograph, and nobody can say beforehand what it will say."""
    open_gallery = Gallery(desk.engine, desk.people, desk.mirror, ManualClock())
    with pytest.raises(PhotoRefused):
        await open_gallery.enroll("ana", photo())
    assert desk.gate.operations == ["IndexFaces"]
    with pytest.raises(FailedPrecondition) as caught:
        await open_gallery.check_photo(photo(ANA))
    assert caught.value.reason == "NO_ENROLL_GUARD"


async def test_a_look_alike_costs_one_comparison_and_is_kept(desk: Desk) -> None:
    """Rekognition is asked once whom a face is like; who is alike is warned of and stored as a pair."""
    await desk.gallery.enroll("ana", photo(ANA))
    await desk.gallery.create("cousin", "Cousin", {})
    face = await desk.gallery.enroll("cousin", photo(COUSIN_OF_ANA))
    asked = len(desk.gate.operations)
    [like] = await desk.check.enrolled(face, None)
    assert (like.candidate.person_id, like.same) == ("ana", False)
    assert desk.gate.operations[asked:] == ["SearchFaces"]
    [pair] = await desk.pairs.list(10)
    assert pair[:2] == ("ana", "cousin")
    assert pair.similarity == pytest.approx(like.candidate.similarity)
