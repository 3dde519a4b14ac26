"""Erasing a person: everything written goes, nothing comes back, and the receipt says so."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import String, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.detection.detections import FaceQuality, Match
from portero_server.domain.people.look_alikes import FacePair
from portero_server.domain.people.people import FaceEnrollment
from portero_server.domain.people.privacy import Consent, ErasedFace, Erasure
from portero_server.domain.recording.resuming import OpenTrack
from portero_server.domain.streams.frames import FrameOutcome
from portero_server.errors import FailedPrecondition, NotFound
from portero_server.store.commit.recording import Recording
from portero_server.store.consents import ConsentStore
from portero_server.store.database import Database
from portero_server.store.erasures import ErasureStore
from portero_server.store.look_alikes import LookAlikeStore
from portero_server.store.people import PeopleStore
from portero_server.store.remains import IMPERSONAL, KEPT_ON_PURPOSE, remains_of, searched_columns
from portero_server.store.schema import erasures as erasures_table
from portero_server.store.schema import metadata
from portero_server.store.sightings import SightingFilter, SightingStore
from portero_server.store.streams import StreamStore
from tests.support.store.commits import BOX, at, commit_of, decided, decision, recognition, seen
from tests.support.time.virtual_time import ManualClock

OPEN = OpenTrack("door.e1.3.0", 3, at(1), 9, at(2), BOX, 4, True, 0, 1, 0.75, Match("ana", 0.75, 0.25))
REQUEST = "6a5f1c1e-8d6b-4c7e-9a38-0c7d0c3a1f55"


@pytest.fixture
def erasures(database: Database, clock: ManualClock) -> ErasureStore:
    """Erasures of the database."""
    return ErasureStore(database, clock)


@pytest.fixture
def consents(database: Database, clock: ManualClock) -> ConsentStore:
    """Consents of the database."""
    return ConsentStore(database, clock)


def _face(person_id: str, face_id: str, external_id: str | None = None) -> FaceEnrollment:
    quality = FaceQuality(1.0, 1.0, 1.0, 1.0)
    return FaceEnrollment(face_id, person_id, BOX, quality, "rekognition", "7.0", b"\0\0\0\0", external_id, at(0))


def consent(person_id: str = "ana", consent_id: str = "c1", **changes: object) -> Consent:
    """A consent given at eight."""
    given = Consent(consent_id, person_id, "attendance", "2026-01", "desk", "Eva Luz", at(0), at(0))
    return replace(given, **changes)  # type: ignore[arg-type]  # fields of Consent


async def known_everywhere(
    database: Database, people: PeopleStore, consents: ConsentStore, streams: StreamStore, recording: Recording
) -> None:
    """Writes Ana into every place that can hold her, and Ben beside her."""
    for person_id in ("ana", "ben"):
        await people.create(person_id, person_id.title(), {"class": "3b"}, REQUEST if person_id == "ana" else None)
        await people.add_face(_face(person_id, f"f-{person_id}", f"x-{person_id}"))
        await consents.record(consent(person_id, f"c-{person_id}"))
        await consents.block(person_id, "asked at the desk")
        await consents.unblock(person_id)
    await LookAlikeStore(database, ManualClock()).add([FacePair("ana", "ben", "f-ana", "f-ben", 0.5)])
    stream = await streams.open("door", "e1", "s1")
    commit = commit_of(
        stream,
        decided("door.e1.3.0", "ana", 1, 2),
        decided("door.e1.4.0", "ben", 1, 2),
        sequence=9,
        recognitions=[
            replace(recognition("r1", "door.e1.3.0", "ana"), decision=decision(("ana", 0.75), ("ben", 0.5))),
            replace(recognition("r2", "door.e1.4.0", "ben"), decision=decision(("ben", 0.75))),
        ],
    )
    await recording.commit([replace(commit, open_tracks=(OPEN,), outcomes={FrameOutcome.WITH_FACES: 9})])
    await consents.block("ana", "asked at the desk")


async def erased(erasures: ErasureStore, person_id: str = "ana") -> Erasure:
    """Erases a person to the end, the engine being quick."""
    begun = await erasures.begin(person_id)
    await erasures.scrub(begun)
    await erasures.faces_forgotten(begun, [face.face_id for face in await erasures.faces_left(begun)])
    return await erasures.finish(begun.erasure_id)


async def test_an_erased_person_stands_nowhere(
    database: Database,
    people: PeopleStore,
    consents: ConsentStore,
    streams: StreamStore,
    recording: Recording,
    erasures: ErasureStore,
    sightings: SightingStore,
) -> None:
    """Every column that named the person no longer does, others stay, and a sound receipt counts what went."""
    await known_everywhere(database, people, consents, streams, recording)
    assert {each.place.partition(".")[0] for each in await remains_of(database, "ana")} == {
        "people",
        "faces",
        "look_alikes",
        "gallery_changes",
        "consents",
        "people_blocks",
        "requests",
        "sightings",
        "recognitions",
        "decision_candidates",
        "streams",
    }
    receipt = await erased(erasures)
    assert await remains_of(database, "ana") == []
    assert receipt.sound
    assert receipt.person_id is None
    assert dict(receipt.counts) == {
        "people": 1,
        "faces": 1,
        "look_alikes": 1,
        "photos": 0,
        "consents": 1,
        "people_blocks": 1,
        "review_pictures": 0,
        "snapshots": 0,
        "decision_candidates": 1,
        "subscription_people": 0,
        "sighting_reviews": 0,
        "attendance_memberships": 0,
        "attendance_excuses": 0,
        "attendance_notices": 0,
        "attendance_corrections": 0,
        "api_key_people": 0,
        "attendance_records": 0,
        "attendance_changes": 0,
        "merged_people": 0,
        "visitors": 0,
        "sightings": 1,
        "recognitions": 1,
        "open_tracks": 1,
        "engine_faces": 1,
    }
    assert sorted(s.display_name for s in await sightings.list(SightingFilter(), 10)) == ["", "Ben"]
    assert (await people.get("ben")).face_count == 1
    assert await erasures.begin("ana") == receipt == await erasures.of_person("ana")


async def test_a_sighting_of_an_erased_person_is_no_strangers(
    database: Database,
    people: PeopleStore,
    consents: ConsentStore,
    streams: StreamStore,
    recording: Recording,
    erasures: ErasureStore,
    sightings: SightingStore,
) -> None:
    """It names nobody, and says that somebody was erased, so that nobody is alerted of a stranger there."""
    await known_everywhere(database, people, consents, streams, recording)
    before = {each.sighting_id: each.person_id for each in await sightings.list(SightingFilter(), 10)}
    await erased(erasures)
    after = {each.sighting_id: each for each in await sightings.list(SightingFilter(), 10)}
    assert {person_id: (after[key].person_id, after[key].erased) for key, person_id in before.items()} == {
        "ana": (None, True),
        "ben": ("ben", False),
    }


async def test_a_receipt_that_was_changed_is_not_sound(
    database: Database, people: PeopleStore, erasures: ErasureStore
) -> None:
    """Whoever edits what was removed breaks the digest."""
    await people.create("ana", "Ana", {})
    receipt = await erased(erasures)

    async def edit(connection: AsyncConnection) -> None:
        await connection.execute(update(erasures_table).values(counts='{"people": 2}'))

    await database.run(edit)
    assert not (await erasures.get(receipt.erasure_id)).sound


async def test_an_erased_id_is_never_given_out_again(people: PeopleStore, erasures: ErasureStore) -> None:
    """Neither a new request nor a late repetition of the old one brings the person back."""
    await people.create("ana", "Ana", {}, REQUEST, "what was asked for")
    await erased(erasures)
    with pytest.raises(FailedPrecondition, match="was erased") as caught:
        await people.create("ana", "Ana", {})
    assert caught.value.reason == "PERSON_ERASED"
    with pytest.raises(NotFound):
        await people.create("made-up", "Ana", {}, REQUEST)
    assert await people.list(10) == []


async def test_nobody_unknown_is_erased(erasures: ErasureStore) -> None:
    """A person of whom nothing is stored cannot be erased, nor has a receipt."""
    with pytest.raises(NotFound):
        await erasures.begin("ana")
    with pytest.raises(NotFound):
        await erasures.of_person("ana")


async def test_a_deleted_person_leaves_a_name_that_can_be_erased(
    database: Database,
    people: PeopleStore,
    streams: StreamStore,
    recording: Recording,
    erasures: ErasureStore,
    sightings: SightingStore,
) -> None:
    """Deleting keeps past sightings as they were; erasing afterward takes the name from them too."""
    await people.create("ana", "Ana", {})
    await recording.commit([commit_of(await streams.open("door", "e1", "s1"), decided("t1", "ana", 1))])
    await people.delete("ana")
    assert [each.display_name for each in await sightings.list(SightingFilter(), 10)] == ["Ana"]
    assert (await erased(erasures)).sound
    assert await remains_of(database, "ana") == []


async def test_an_answer_that_was_on_its_way_names_nobody(
    database: Database,
    people: PeopleStore,
    streams: StreamStore,
    recording: Recording,
    erasures: ErasureStore,
    sightings: SightingStore,
) -> None:
    """What is committed after the erasure began is a stranger's, and the stream is told whom not to name."""
    await people.create("ana", "Ana", {})
    stream = await streams.open("door", "e1", "s1")
    await recording.commit([commit_of(stream, decided("t1", "ana", 1, 2))])
    begun = await erasures.begin("ana")
    late = commit_of(
        stream,
        seen("t1", 4),
        decided("t2", "ana", 3, 4),
        sequence=9,
        recognitions=[recognition("r2", "t2", "ana")],
    )
    result = await recording.commit([replace(late, open_tracks=(OPEN,), told=frozenset({"ana"}))])
    assert result.unnamed == {"ana"}
    await erasures.scrub(begun)
    assert (await erasures.finish(begun.erasure_id)).sound
    # Sent again by a spool, long afterward: the same keys, still nobody's.
    await recording.commit([commit_of(stream, decided("t1", "ana", 1, 5), decided("t2", "ana", 3, 4))])
    assert await remains_of(database, "ana") == []
    assert [(each.person_id, each.track_count) for each in await sightings.list(SightingFilter(), 10)] == [
        (None, 1)
    ] * 2


async def test_commits_that_race_with_an_erasure_bring_nobody_back(
    database: Database, people: PeopleStore, streams: StreamStore, recording: Recording, erasures: ErasureStore
) -> None:
    """Whatever the order in which commits and erasures of twelve people meet, no name is left."""
    everybody = [f"p{number}" for number in range(12)]
    for person_id in everybody:
        await people.create(person_id, person_id.title(), {})
    doors = [await streams.open(f"door-{number}", "e1", f"s{number}") for number in range(4)]

    async def walk(door: int) -> None:
        for turn in range(3):
            for number, person_id in enumerate(everybody):
                tracks = decided(f"{door}.{number}", person_id, 1, 2 + turn), seen(f"{door}.{number}", 3 + turn)
                answer = recognition(f"{door}.{number}.{turn}", f"{door}.{number}", person_id)
                await recording.commit([commit_of(doors[door], *tracks, recognitions=[answer])])

    async def erase() -> list[Erasure]:
        return [await erased(erasures, person_id) for person_id in everybody]

    async with asyncio.TaskGroup() as group:
        erasing = group.create_task(erase())
        for door in range(4):
            group.create_task(walk(door))
    assert all(receipt.sound for receipt in erasing.result())
    assert [await remains_of(database, person_id) for person_id in everybody] == [[]] * 12


async def test_an_erasure_waits_for_the_engine(people: PeopleStore, erasures: ErasureStore) -> None:
    """While an engine has still to forget a face there is no receipt, and any server finds the erasure unfinished."""
    await people.create("ana", "Ana", {})
    await people.add_face(_face("ana", "f1", "x1"))
    await people.add_face(_face("ana", "f2"))
    begun = await erasures.begin("ana")
    await erasures.scrub(begun)
    assert (await erasures.finish(begun.erasure_id)).finished_at is None
    assert [each.erasure_id for each in await erasures.unfinished(10)] == [begun.erasure_id]
    assert await erasures.faces_left(begun) == [ErasedFace("f1", "rekognition", "x1")]
    await erasures.faces_forgotten(begun, ["f1"], extra=2)
    await erasures.faces_forgotten(begun, ["f1"])
    finished = await erasures.finish(begun.erasure_id)
    assert finished.counts["engine_faces"] == 3
    assert await erasures.unfinished(10) == []


def test_every_text_column_is_searched_or_known_to_be_impersonal() -> None:
    """A new column of text must be told to name people or not, and no exception outlives its column."""
    searched = {f"{column.table.name}.{column.name}" for column in searched_columns()}
    assert {"people.display_name", "people.labels", "sightings.person_id", "streams.open_tracks"} <= searched
    assert "consents.guardian" in searched
    columns = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if table.name not in KEPT_ON_PURPOSE and (isinstance(column.type, String) or column.name == "labels")
    }
    assert searched | IMPERSONAL == columns
    assert not searched & IMPERSONAL
