"""Erasures end, whatever fails in the middle, and streams forget who was erased."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from portero_server.domain.detection.detections import FaceQuality
from portero_server.domain.people.people import FaceEnrollment
from portero_server.domain.people.photos import SETTLES_AFTER
from portero_server.domain.recording.review_pictures import PictureOutcome
from portero_server.domain.recording.sightings import CommitResult, StreamCommit
from portero_server.domain.streams.messages import TrackUpdate
from portero_server.domain.tracking.track import TrackState
from portero_server.engines.base import GalleryFace, Identification
from portero_server.engines.kept_faces import KeptFace, image_id
from portero_server.errors import EngineUnavailable, NotFound
from portero_server.gallery.mirror import GalleryMirror
from portero_server.gallery.photo_vault import PhotoVault
from portero_server.gallery.snapshots import SnapshotVault
from portero_server.privacy.erasure import Eraser
from portero_server.privacy.name_revocation import NameRevocation
from portero_server.store.consents import ConsentStore
from portero_server.store.database import Database
from portero_server.store.erasures import ErasureStore
from portero_server.store.people import PeopleStore
from portero_server.telemetry.metrics import Metrics
from portero_server.vault.sealing import PhotoSeal
from tests.support.server.export_house import DAY, ExportHouse
from tests.support.server.photo_vault import KEY, Vault, keeping, vault_in
from tests.support.server.picky_engine import PickyEngine
from tests.support.server.snapshot_house import SnapshotHouse
from tests.support.server.stream_harness import MemoryStore, face, looked, named, stream_harness
from tests.support.store.commits import BOX, at
from tests.support.time.virtual_time import ManualClock, in_virtual_time


class KeepingEngine(PickyEngine):
    """Keeps faces itself, as a collection does.

    Attributes:
        kept: What it keeps, by its own name of the face.
    """

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, KeptFace] = {}

    async def remove(self, faces: Iterable[GalleryFace]) -> None:
        """Forgets faces."""
        removed = list(faces)
        await super().remove(removed)
        for each in removed:
            self.kept.pop(each.external_id or "", None)

    async def list_faces(self) -> Sequence[KeptFace]:
        """Returns everything it keeps."""
        return list(self.kept.values())

    async def remove_orphans(self, faces: Iterable[KeptFace]) -> None:
        """Forgets faces that are stored nowhere."""
        for each in faces:
            del self.kept[each.external_id]


@dataclass(frozen=True, slots=True)
class Office:
    """An eraser and what it works on."""

    eraser: Eraser
    engine: KeepingEngine
    people: PeopleStore
    mirror: GalleryMirror
    vault: Vault
    database: Database
    clock: ManualClock


@pytest.fixture
async def office(database: Database, tmp_path: Path) -> AsyncIterator[Office]:
    """An eraser, Ana with one stored face, and a face of hers that an enrollment left behind."""
    engine, clock = KeepingEngine(), ManualClock()
    people = PeopleStore(database, clock)
    mirror = GalleryMirror(engine, people, refresh=5)
    await mirror.load()
    quality = FaceQuality(1.0, 1.0, 1.0, 1.0)
    await people.create("ana", "Ana", {})
    vector = b"\0" * 12
    await people.add_face(FaceEnrollment("f1", "ana", BOX, quality, "scripted", "colors-v1", vector, "x1", at(0)))
    await mirror.apply()
    for external_id, face_id, person_id in (("x1", "f1", "ana"), ("x2", "f2", "ana"), ("x3", "f3", "anabel")):
        engine.kept[external_id] = KeptFace(external_id, image_id(person_id, face_id))
    vault = vault_in(tmp_path / "photos", database, clock)
    eraser = _eraser(database, engine, people, mirror, vault.vault)
    yield Office(eraser, engine, people, mirror, vault, database, clock)
    await vault.vault.aclose()


def _eraser(
    database: Database,
    engine: KeepingEngine,
    people: PeopleStore,
    mirror: GalleryMirror,
    vault: PhotoVault | None,
    snapshots: SnapshotVault | None = None,
) -> Eraser:
    return Eraser(
        ErasureStore(database, people._clock),
        database,
        engine,
        mirror,
        NameRevocation(lambda: (), people.display_names, interval=5),
        Metrics(version="0", engine="scripted").privacy,
        keeper=engine,
        vault=vault,
        snapshots=snapshots,
        interval=5,
    )


async def test_an_erasure_takes_the_engines_faces_too(office: Office) -> None:
    """Stored faces and those an interrupted enrollment left go from the engine; a similar name stays."""
    receipt = await office.eraser.erase("ana")
    assert receipt.sound
    assert receipt.counts["engine_faces"] == 2
    assert set(office.engine.kept) == {"x3"}
    assert office.engine.found == set()
    assert (await office.eraser.verify("ana")).clean


async def test_an_engine_that_is_away_is_asked_again(office: Office) -> None:
    """While the engine fails there is no receipt and the proof says what is left; afterward any server finishes."""
    office.engine.failing["remove"] = EngineUnavailable("away")
    begun = await office.eraser.erase("ana")
    assert begun.finished_at is None
    found = await office.eraser.verify("ana")
    assert not found.clean
    assert {each.place: each.rows for each in found.remains}["faces the engine keeps"] == 2
    del office.engine.failing["remove"]
    await office.eraser.round()
    assert (await office.eraser.get(begun.erasure_id)).sound
    await office.eraser.erase("ana")
    # Once more: the gallery of this server learns the change that it could not apply.
    assert (await office.eraser.verify("ana")).clean


async def test_a_vault_that_is_away_is_asked_again(office: Office) -> None:
    """While a photo cannot be deleted there is no receipt and the proof names it; afterward it is gone and counted."""
    await _keep_photo(office)
    office.vault.place.refused = {"delete"}
    begun = await office.eraser.erase("ana")
    assert (begun.finished_at, len(office.vault.objects())) == (None, 1)
    found = await office.eraser.verify("ana")
    assert {each.place: each.rows for each in found.remains}["photos.person_id"] == 1
    office.vault.place.refused = set()
    await office.eraser.round()
    receipt = await office.eraser.get(begun.erasure_id)
    assert (receipt.sound, receipt.counts["photos"], office.vault.objects()) == (True, 1, [])
    assert (await office.eraser.verify("ana")).clean


async def test_snapshots_are_gone_before_there_is_a_receipt(office: Office, tmp_path: Path) -> None:
    """The proof names what is left; a file without a row, which may be anybody's, goes with the erasure."""
    house = SnapshotHouse(office.database, office.clock, tmp_path / "snapshots")
    await house.seen_by.open_door("ben")
    await house.seen_by.seen("t1", person_id="ana")
    await house.seen_by.seen("t2", person_id="ben", seconds=900)
    for track_id, seconds in (("t1", 0), ("t2", 900)):
        assert await house.keep(track_id, taken_at=at(seconds)) is PictureOutcome.KEPT
    sighting_id, kept = await house.sighting(1), await house.sighting(0)
    eraser = _eraser(office.database, office.engine, office.people, office.mirror, office.vault.vault, house.vault)
    house.place.broken = True
    begun = await eraser.erase("ana")
    assert (begun.finished_at, await house.shown(sighting_id)) == (None, 0)
    house.place.broken = False
    house.place.put("f" * 32, b"stray")
    found = await eraser.verify("ana")
    assert {each.place: each.rows for each in found.remains} == {
        "erasures.person_id": 1,
        "snapshots that are still to be deleted": 1,
        "snapshots that are nobody's": 1,
    }
    await eraser.round()
    receipt = await eraser.get(begun.erasure_id)
    assert (receipt.sound, receipt.counts["snapshots"], len(house.files())) == (True, 2, 2)
    assert (await eraser.verify("ana")).clean
    assert await house.shown(kept) == 2


async def test_the_proof_waits_for_exported_days(office: Office, tmp_path: Path) -> None:
    """The receipt counts them; until a server has written them again, the proof is not clean."""
    house = ExportHouse(office.database, office.clock, tmp_path / "exports")
    await house.seen("t1", 0, "ana")
    export = house.scheduled()
    office.clock.advance(DAY)
    await export.round()
    assert house.people() == {"ana"}
    receipt = await office.eraser.erase("ana")
    assert (receipt.sound, receipt.counts["exported_days"]) == (True, 1)
    found = await office.eraser.verify("ana")
    assert {each.place: each.rows for each in found.remains} == {
        "days of exports that are still to be written again": 1
    }
    office.clock.advance(1)
    await export.round()
    assert (await office.eraser.verify("ana")).clean
    assert house.people() == {""}


async def test_a_server_without_snapshots_leaves_them_to_another(office: Office, tmp_path: Path) -> None:
    """The receipt waits for one that has the folder."""
    house = SnapshotHouse(office.database, office.clock, tmp_path / "snapshots")
    await house.seen_by.open_door()
    await house.seen_by.seen("t1", person_id="ana")
    assert await house.keep("t1") is PictureOutcome.KEPT
    begun = await office.eraser.erase("ana")
    assert (begun.finished_at, len(house.files())) == (None, 2)
    await house.vault.round()
    await office.eraser.round()
    assert ((await office.eraser.get(begun.erasure_id)).sound, house.files()) == (True, set())


async def test_a_photo_without_a_row_is_found_by_its_seal(office: Office) -> None:
    """As after a restore of an older backup: the proof finds the person's object, and an erasure deletes only that."""
    seal = PhotoSeal([KEY])
    names = {person_id: digit * 32 for person_id, digit in (("ana", "a"), ("anabel", "b"))}
    for person_id, name in names.items():
        office.vault.place.put(name, seal.seal(person_id, name, b"photo"))
    office.vault.place.put("c" * 32, b"damaged")
    receipt = await office.eraser.erase("ana")
    assert receipt.counts["photos"] == 1
    assert office.vault.objects() == [names["anabel"], "c" * 32]
    office.vault.place.put(names["ana"], seal.seal("ana", names["ana"], b"photo"))
    found = await office.eraser.verify("ana")
    assert [(each.place, each.rows) for each in found.remains] == [("photos the vault keeps", 1)]


async def test_a_server_without_the_vault_leaves_its_photos_to_another(office: Office, database: Database) -> None:
    """It writes no receipt, however often it looks; a server that has the vault finishes."""
    await _keep_photo(office)
    without = _eraser(database, office.engine, office.people, office.mirror, None)
    begun = await without.erase("ana")
    await without.round()
    assert (await without.get(begun.erasure_id)).finished_at is None
    await office.eraser.round()
    assert (await without.get(begun.erasure_id)).sound
    assert office.vault.objects() == []


async def test_a_photo_on_its_way_holds_the_receipt_back(office: Office) -> None:
    """Until its object cannot come any more there is no receipt, since it might come after it."""
    office.vault.place.refused = {"put"}
    await _keep_photo(office)
    begun = await office.eraser.erase("ana")
    assert begun.finished_at is None
    office.clock.advance(SETTLES_AFTER.total_seconds())
    await office.eraser.round()
    assert (await office.eraser.get(begun.erasure_id)).sound


async def _keep_photo(office: Office) -> None:
    await ConsentStore(office.database, office.clock).record(keeping("ana", office.clock))
    await office.vault.vault.keep("ana", "f1", b"photo")


async def test_nobody_is_proven_erased_who_was_not(office: Office) -> None:
    """The proof is only for those who were erased."""
    with pytest.raises(NotFound):
        await office.eraser.verify("ana")


@in_virtual_time
async def test_a_stream_forgets_whom_it_may_not_name() -> None:
    """Whoever is blocked while before the camera becomes a stranger within a round, and is told as one."""
    allowed = {"ana": "Ana"}

    async def names(ids: Collection[str]) -> Mapping[str, str]:
        return {each: allowed[each] for each in ids if each in allowed}

    async with stream_harness({1: looked(face()), 2: looked(face())}, lambda crop: _answer("ana")) as at_door:
        name_revocation = NameRevocation(at_door.streams.name_holders, names, interval=5)
        session = await at_door.open()
        async with asyncio.TaskGroup() as group:
            group.create_task(at_door.listen(session))
            run = group.create_task(session.run())
            at_door.send(session, 1, 2)
            await asyncio.sleep(1)
            await name_revocation.catch_up()
            assert _states(at_door.said)[-1] == (TrackState.CONFIRMED, "ana")
            allowed.clear()
            await name_revocation.catch_up()
            assert not set().union(*(each.people for each in at_door.streams.name_holders()))
            session.finish()
            await run
        assert _states(at_door.said)[-2:] == [(TrackState.REVISED, None), (TrackState.CLOSED, None)]


@in_virtual_time
async def test_news_of_whom_the_store_does_not_name_are_a_strangers() -> None:
    """When the commit finds that somebody was erased meanwhile, the bridge is not told the name either."""

    class Forbidding(MemoryStore):
        async def commit(self, commits: Sequence[StreamCommit]) -> CommitResult:
            result = await super().commit(commits)
            told = frozenset().union(*(commit.told for commit in commits))
            return CommitResult(result.superseded, result.sighting_of, result.last_position, told)

    async with stream_harness(
        {1: looked(face()), 2: looked(face())}, lambda crop: _answer("ana"), store=Forbidding()
    ) as at_door:
        session = await at_door.open()
        async with asyncio.TaskGroup() as group:
            group.create_task(at_door.listen(session))
            at_door.send(session, 1, 2)
            session.finish()
            await session.run()
        assert {person for _, person in _states(at_door.said)} == {None}


async def _answer(person_id: str) -> Identification:
    return named(person_id)


def _states(said: Sequence[object]) -> list[tuple[TrackState, str | None]]:
    return [
        (each.state, None if each.named is None else each.named.match.person_id)
        for each in said
        if isinstance(each, TrackUpdate)
    ]
