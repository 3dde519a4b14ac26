"""Whatever happens to the collection is told within a minute, by one of several servers, with free calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from prometheus_client import generate_latest

from portero_server.domain.people.collection import CollectionState, KeptFace, StoredFace
from portero_server.domain.people.people import FaceModel
from portero_server.errors import EngineUnavailable
from portero_server.gallery.collection_watch import CollectionWatch
from portero_server.telemetry.metrics import Metrics
from tests.support.server.kept_collection import KeptCollection, kept_face
from tests.support.time.virtual_time import in_virtual_time, run_in_virtual_time, running_clock

ANA, BEN, EVA = (StoredFace("1", person, "7.0", person[0]) for person in ("ana", "ben", "eva"))
STRAY = KeptFace("s", "portero:gone.1")
MINUTE = 60.0


def _world() -> KeptCollection:
    return KeptCollection([kept_face(ANA), kept_face(BEN)], [ANA, BEN])


def _watch(world: KeptCollection, *, metrics: Metrics | None = None, own: bool = False) -> CollectionWatch:
    metrics = metrics or Metrics(version="0", engine="rekognition")
    return CollectionWatch(
        None if own else world,
        lambda: FaceModel("rekognition", world.version),
        world,
        running_clock(),
        metrics.gallery.known,
        interval=30,
        compare_interval=3600,
    )


@asynccontextmanager
async def _running(*watches: CollectionWatch) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(watch.run()) for watch in watches]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _lose(world: KeptCollection) -> None:
    world.kept = None


def _empty(world: KeptCollection) -> None:
    world.kept = []


def _replace_model(world: KeptCollection) -> None:
    # Somebody made the collection anew, with the face model of today: what is stored is of the one before.
    world.kept, world.version, world.other_models = [], "8.0", 2


def _halve(world: KeptCollection) -> None:
    world.kept = [kept_face(ANA)]


def _add_foreign(world: KeptCollection) -> None:
    assert world.kept is not None
    world.kept.append(STRAY)


@pytest.mark.parametrize(
    ("happens", "state", "missing", "foreign"),
    [
        (_lose, CollectionState.LOST, 2, 0),
        (_empty, CollectionState.EMPTIED, 2, 0),
        (_replace_model, CollectionState.OTHER_MODEL, 0, 0),
        (_halve, CollectionState.INCOMPLETE, 1, 0),
        (_add_foreign, CollectionState.FOREIGN, 0, 1),
    ],
)
def test_each_trouble_is_told_within_a_minute_and_so_is_its_end(
    happens: Callable[[KeptCollection], None], state: CollectionState, missing: int, foreign: int
) -> None:
    """Metrics and the line of /readyz say what is so, on every server, and that it is sound again after a repair."""

    async def run() -> None:
        world, metrics = _world(), Metrics(version="0", engine="rekognition")
        watch, other = _watch(world, metrics=metrics), _watch(world)
        async with _running(watch, other):
            await asyncio.sleep(100)
            assert (watch.note, other.note) == (None, None)
            happens(world)
            await asyncio.sleep(MINUTE)
            for each in (watch, other):
                assert each.note is not None
                assert each.note.startswith(f"gallery {state.name}: ")
            shown = generate_latest(metrics.registry).decode()
            assert f'portero_gallery_state{{state="{state.value}"}} 1.0' in shown
            assert 'portero_gallery_state{state="sound"} 0.0' in shown
            assert f"portero_gallery_missing_faces {missing}.0" in shown
            assert f"portero_gallery_foreign_faces {foreign}.0" in shown
            world.other_models = 0
            world.stored = [StoredFace("1", face.person_id, world.version, face.external_id) for face in (ANA, BEN)]
            world.kept = [kept_face(face) for face in world.stored]
            await asyncio.sleep(MINUTE)
            assert (watch.note, other.note) == (None, None)
            assert 'portero_gallery_state{state="sound"} 1.0' in generate_latest(metrics.registry).decode()

    run_in_virtual_time(run())


@in_virtual_time
async def test_trouble_that_is_there_at_the_start_is_told_at_once() -> None:
    """A server that starts with an emptied collection says so after the pause between two comparisons."""
    world = _world()
    world.kept = []
    watch = _watch(world)
    async with _running(watch):
        await asyncio.sleep(11)
        assert watch.note is not None
        assert "EMPTIED" in watch.note
        assert "2 of 2" in watch.note


@in_virtual_time
async def test_faces_that_no_search_finds_are_made_searchable() -> None:
    """At the start, even where nothing is to be compared, and with each comparison."""
    world = _world()
    async with _running(_watch(world)):
        await asyncio.sleep(20)
        world.unsearched = 2
        await asyncio.sleep(3600)
        assert world.unsearched == 0
    world.unsearched = 3
    async with _running(_watch(world)):
        await asyncio.sleep(20)
        assert world.unsearched == 0


@in_virtual_time
async def test_what_is_so_is_told_although_faces_cannot_be_made_searchable() -> None:
    """Missing permissions for that do not hide that the collection is empty."""
    world = _world()
    world.kept = []

    async def refuse() -> int:
        raise EngineUnavailable("not allowed")

    world.complete = refuse  # type: ignore[method-assign]  # an engine that may not
    watch = _watch(world)
    async with _running(watch):
        await asyncio.sleep(11)
        assert "EMPTIED" in (watch.note or "")


@in_virtual_time
async def test_a_sign_of_loss_is_looked_into_at_once() -> None:
    """A search without a collection does not wait for the next turn, and a thousand of them cost a look or two."""
    world = _world()
    watch = _watch(world)
    async with _running(watch):
        await asyncio.sleep(12)
        world.kept = None
        looked = world.counts
        for _ in range(1000):
            world.tell()
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.1)
        assert watch.note is not None
        assert "LOST" in watch.note
        assert world.counts - looked <= 4


@in_virtual_time
async def test_a_sign_right_after_another_servers_look_is_looked_into_too() -> None:
    """What is lost just after a look is found ten seconds later, not at the next turn."""
    world = _world()
    first, second = _watch(world), _watch(world)
    async with _running(first, second):
        await asyncio.sleep(31)
        world.kept = None
        second.suspect()
        await asyncio.sleep(11)
        assert second.note is not None


@in_virtual_time
async def test_enrollments_are_no_trouble_and_the_faces_are_listed_once_an_hour() -> None:
    """While people come and go on both sides one server describes the collection twice a minute, and lists it once."""
    world = _world()
    watches = [_watch(world) for _ in range(3)]
    async with _running(*watches):
        await asyncio.sleep(1)
        for number in range(119):
            world.enroll(StoredFace("1", f"p{number}", "7.0", f"x{number}"))
            await asyncio.sleep(30)
            assert [watch.note for watch in watches] == [None] * 3
        assert world.listings == 1
        assert 110 <= world.counts <= 130
        await asyncio.sleep(60)
        assert world.listings == 2


@in_virtual_time
async def test_a_swap_that_leaves_the_number_is_found_within_the_hour() -> None:
    """One face lost and a foreign one added keep the count, and are told by the next comparison."""
    world = _world()
    watch = _watch(world)
    async with _running(watch):
        await asyncio.sleep(1)
        world.kept = [kept_face(ANA), STRAY]
        await asyncio.sleep(3700)
        assert watch.note is not None
        assert "INCOMPLETE" in watch.note
        assert "stored nowhere" in watch.note


@in_virtual_time
async def test_an_enrollment_under_way_is_no_foreign_face() -> None:
    """A face that is in the collection for some seconds before it is stored is not told as foreign."""
    world = _world()
    watch = _watch(world)
    async with _running(watch):
        await asyncio.sleep(29)
        assert world.kept is not None
        world.kept.append(kept_face(EVA))
        await asyncio.sleep(5)
        world.stored.append(EVA)
        await asyncio.sleep(300)
        assert watch.note is None
        assert world.listings > 1


@in_virtual_time
async def test_an_engine_that_is_away_changes_nothing_and_is_asked_again() -> None:
    """What was known stays known while the engine does not answer; afterward the truth is told."""
    world = _world()
    watch = _watch(world)
    async with _running(watch):
        await asyncio.sleep(1)
        world.failing, world.kept = EngineUnavailable("away"), []
        await asyncio.sleep(600)
        assert not watch.note
        world.failing = None
        await asyncio.sleep(MINUTE)
        assert watch.note is not None


@in_virtual_time
async def test_a_gallery_of_our_own_is_sound_but_for_other_models() -> None:
    """Of an engine whose gallery is the database's nothing is missing; people of another model are told."""
    world = _world()
    world.kept = None
    watch = _watch(world, own=True)
    async with _running(watch):
        await asyncio.sleep(1)
        assert not watch.note
        world.other_models = 3
        await asyncio.sleep(3700)
        assert "OTHER_MODEL" in str(watch.note)
        assert (world.counts, world.listings) == (0, 0)


@in_virtual_time
async def test_what_is_known_is_asked_for_without_looking() -> None:
    """Whoever asks gets what the last comparison found; only the first question has the faces compared."""
    world = _world()
    watch = _watch(world)
    assert (await watch.known()).truth.state is CollectionState.SOUND
    assert (await watch.known()).truth.stored == 2
    assert world.listings == 1


@in_virtual_time
async def test_foreign_faces_are_removed_and_no_others() -> None:
    """What two comparisons find stored nowhere goes; enrolled faces and other programs' stay."""
    world = _world()
    other = KeptFace("o", "photo.jpg")
    world.kept = [kept_face(ANA), kept_face(BEN), STRAY, other]
    assert await _watch(world).remove_foreign() == 1
    assert world.kept == [kept_face(ANA), kept_face(BEN), other]
    assert await _watch(world, own=True).remove_foreign() == 0
