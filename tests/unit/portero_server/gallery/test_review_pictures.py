"""Pictures wait in memory, few and not for long, and are stored when their sighting turns out to be doubtful."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest

from portero_server.domain.recording.review_pictures import PictureOutcome, PictureRank
from portero_server.errors import FailedPrecondition, NotFound, StoreUnavailable
from portero_server.gallery import waiting_pictures
from portero_server.gallery.review_pictures import PictureKeeper, PictureReader
from portero_server.store.faults import StoreRefused
from portero_server.store.review_pictures import PicturesHeld, SealedPicture
from portero_server.telemetry.metrics import Metrics
from portero_server.vault.sealing import PictureSeal
from portero_server.vision.jpeg import decode_color
from tests.support.server.picture_house import KEY, SPAN, face_picture
from tests.support.store.commits import at
from tests.support.time.virtual_time import ManualClock, in_virtual_time, running_clock

_UNSTORED = PictureOutcome.UNSTORED


class Place:
    """Stores pictures of the tracks that a test names; a track that it does not name has no sighting.

    Attributes:
        refusals: Why the picture of a track is not kept; None: it is.
        kept: What was stored, by track.
        broken: What every call raises.
    """

    def __init__(self) -> None:
        self.refusals: dict[str, PictureOutcome | None] = {}
        self.kept: dict[str, SealedPicture] = {}
        self.broken: Exception | None = None

    async def refusal(self, track_id: str, taken_at: datetime) -> PictureOutcome | None:
        """Returns what the test said."""
        if self.broken is not None:
            raise self.broken
        return self.refusals.get(track_id, _UNSTORED)

    async def keep(self, picture: SealedPicture) -> PictureOutcome:
        """Stores a picture."""
        self.kept[picture.track_id] = picture
        return PictureOutcome.KEPT

    async def get(self, sighting_id: str) -> SealedPicture | None:
        """Returns the picture of the track of this name."""
        return self.kept.get(sighting_id)

    async def held(self) -> PicturesHeld:
        """Returns how many there are."""
        if self.broken is not None:
            raise self.broken
        return PicturesHeld(len(self.kept), sum(len(each.sealed) for each in self.kept.values()))


class Scene:
    """What takes pictures, and where they go."""

    def __init__(self, clock: ManualClock | None = None, *, most_bytes: int = 10**9) -> None:
        self.clock = clock or ManualClock()
        self.place = Place()
        self.metrics = Metrics(version="0", engine="scripted")
        self.seal = PictureSeal([KEY])
        self.keeper = PictureKeeper(
            self.place,
            self.seal,
            self.clock,
            self.metrics.pictures,
            least_side=32,
            most_side=64,
            most_bytes=most_bytes,
        )

    def counted(self, outcome: PictureOutcome) -> float:
        """Returns how many pictures came to this."""
        labels = {"outcome": outcome.value}
        return self.metrics.registry.get_sample_value("portero_review_pictures_offered_total", labels) or 0

    @property
    def waiting(self) -> float | None:
        """The bytes that wait."""
        return self.metrics.registry.get_sample_value("portero_review_pictures_waiting_bytes")


async def test_the_best_picture_of_a_track_is_stored_sealed_when_it_has_left() -> None:
    """Not before its sighting is stored, small, and nothing of it waits any longer."""
    scene = Scene()
    scene.place.refusals["t1"] = None
    for picture in (face_picture(0.4, 0.2), face_picture(0.5, 0.1, taken_at=at(3)), face_picture(0.0, 1.0)):
        scene.keeper.offer("t1", picture)
    await scene.keeper.round()
    assert scene.place.kept == {}
    scene.keeper.closed("t1")
    await scene.keeper.round()
    stored = scene.place.kept["t1"]
    assert (stored.rank, stored.taken_at) == (PictureRank(0.5, 0.1), at(3))
    assert b"\xff\xd8" not in stored.sealed[:30]
    assert decode_color(scene.seal.open("t1", stored.sealed)).shape == (64, 64, 3)
    assert (scene.counted(PictureOutcome.KEPT), scene.waiting) == (1, 0)


async def test_somebody_who_stays_has_a_picture_after_half_a_minute() -> None:
    """A better one later takes its turn."""
    scene = Scene()
    scene.place.refusals["t1"] = None
    scene.keeper.offer("t1", face_picture(0.4))
    scene.clock.advance(30)
    await scene.keeper.round()
    assert scene.place.kept["t1"].rank.similarity == 0.4
    scene.keeper.offer("t1", face_picture(0.5))
    scene.keeper.closed("t1")
    await scene.keeper.round()
    assert scene.place.kept["t1"].rank.similarity == 0.5


async def test_a_picture_without_a_sighting_is_given_up() -> None:
    """After half a minute of waiting for it, without a word to the database."""
    scene = Scene()
    scene.keeper.offer("t1", face_picture())
    scene.keeper.closed("t1")
    scene.clock.advance(29)
    await scene.keeper.round()
    assert scene.waiting
    scene.clock.advance(1)
    scene.place.broken = StoreUnavailable("no answer")
    await scene.keeper.round()
    assert (scene.counted(_UNSTORED), scene.waiting) == (1, 0)


@pytest.mark.parametrize("outcome", [PictureOutcome.CLEAR, PictureOutcome.FORBIDDEN, PictureOutcome.WITHHELD])
async def test_what_may_not_be_kept_is_neither_encoded_nor_kept(outcome: PictureOutcome) -> None:
    """It is counted by its reason."""
    scene = Scene()
    scene.place.refusals["t1"] = outcome
    scene.keeper.offer("t1", face_picture())
    scene.keeper.closed("t1")
    await scene.keeper.round()
    assert (scene.place.kept, scene.counted(outcome), scene.waiting) == ({}, 1, 0)


async def test_small_faces_and_those_beyond_the_bounds_are_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A better picture of a track takes the place of the one before, and so its bytes."""
    size = face_picture().size
    scene = Scene(most_bytes=2 * size)
    scene.keeper.offer("t1", face_picture(side=62))
    assert (scene.counted(PictureOutcome.SMALL), scene.waiting) == (1, 0)
    scene.keeper.offer("t1", face_picture(0.1))
    scene.keeper.offer("t2", face_picture(0.1))
    scene.keeper.offer("t3", face_picture(0.9))
    scene.keeper.offer("t2", face_picture(0.2))
    assert (scene.counted(PictureOutcome.DROPPED), scene.waiting) == (1, 2 * size)
    monkeypatch.setattr(waiting_pictures, "MOST_WAITING", 1)
    scene.keeper.drop("t1")
    scene.keeper.offer("t4", face_picture(0.9))
    assert (scene.counted(PictureOutcome.DROPPED), scene.waiting) == (2, size)


async def test_a_dropped_picture_is_not_stored_though_it_was_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its track turned out to be somebody's who may not be named while it was being sealed."""
    scene = Scene()
    scene.place.refusals["t1"] = None
    scene.keeper.offer("t1", face_picture())
    scene.keeper.closed("t1")
    seal = scene.seal.seal

    def sealing(track_id: str, picture: bytes) -> bytes:
        scene.keeper.drop(track_id)
        return seal(track_id, picture)

    monkeypatch.setattr(scene.seal, "seal", sealing)
    await scene.keeper.round()
    assert scene.place.kept == {}
    scene.keeper.drop("t1")
    assert scene.waiting == 0


async def test_what_the_database_refuses_is_a_picture_less() -> None:
    """Others are not kept waiting for it; while it does not answer at all, pictures wait."""
    scene = Scene()
    scene.keeper.offer("t1", face_picture())
    scene.keeper.closed("t1")
    scene.place.broken = StoreUnavailable("no answer")
    with pytest.raises(StoreUnavailable):
        await scene.keeper.round()
    assert scene.waiting
    scene.place.broken = StoreRefused("too long")
    await scene.keeper.round()
    assert (scene.counted(PictureOutcome.FAILED), scene.waiting) == (1, 0)


@in_virtual_time
async def test_the_work_goes_on_by_itself() -> None:
    """It wakes for a picture, for its sighting, and once a second while one waits; it counts what is stored."""
    scene = Scene(running_clock())
    scene.place.broken = StoreUnavailable("no answer")
    working = asyncio.create_task(scene.keeper.run())
    scene.keeper.offer("t1", face_picture())
    scene.keeper.closed("t1")
    await asyncio.sleep(3)
    scene.place.broken = None
    scene.place.refusals["t1"] = None
    scene.keeper.notify(1)
    await asyncio.sleep(1.5)
    assert list(scene.place.kept) == ["t1"]
    await asyncio.sleep(120)
    assert scene.metrics.registry.get_sample_value("portero_review_pictures_stored") == 1
    size = len(scene.place.kept["t1"].sealed)
    assert scene.metrics.registry.get_sample_value("portero_review_pictures_stored_bytes") == size
    working.cancel()


@in_virtual_time
async def test_a_database_that_refuses_does_not_end_the_work() -> None:
    """The server goes on without counting what is stored, and keeps the next picture."""
    scene = Scene(running_clock())
    scene.place.broken = StoreRefused("no such table")
    working = asyncio.create_task(scene.keeper.run())
    await asyncio.sleep(3)
    scene.place.broken, scene.place.refusals["t1"] = None, None
    scene.keeper.offer("t1", face_picture())
    scene.keeper.closed("t1")
    await asyncio.sleep(1.5)
    assert list(scene.place.kept) == ["t1"]
    working.cancel()


async def _stored(scene: Scene) -> None:
    scene.place.refusals["t1"] = None
    scene.keeper.offer("t1", face_picture())
    scene.keeper.closed("t1")
    await scene.keeper.round()
    kept = scene.place.kept["t1"]
    scene.place.kept["t1"] = SealedPicture("t1", kept.rank, kept.taken_at, kept.sealed, scene.clock.now())


@pytest.mark.parametrize(
    ("seal", "reason"), [(None, "PICTURES_OFF"), (PictureSeal([b"o" * 32]), "PICTURE_OF_OTHER_KEY")]
)
async def test_a_server_without_the_key_shows_nothing(seal: PictureSeal | None, reason: str) -> None:
    """It says whether it has none, or another one."""
    scene = Scene()
    await _stored(scene)
    with pytest.raises(FailedPrecondition) as caught:
        await PictureReader(scene.place, seal, scene.metrics.pictures, span=SPAN).show("t1")
    assert caught.value.reason == reason


async def test_a_picture_is_shown_with_the_end_of_its_time() -> None:
    """A sighting without one is not found."""
    scene = Scene()
    await _stored(scene)
    reader = PictureReader(scene.place, scene.seal, scene.metrics.pictures, span=SPAN)
    shown = await reader.show("t1")
    assert (shown.jpeg[:2], shown.taken_at, shown.expires_at) == (b"\xff\xd8", at(0), scene.clock.now() + SPAN)
    with pytest.raises(NotFound) as caught:
        await reader.show("t2")
    assert caught.value.reason == "NO_PICTURE"
