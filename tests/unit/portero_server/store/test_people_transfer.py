"""Many people stored and read at once, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portero_server.domain.people.people import FaceModel
from portero_server.domain.people.privacy import Block, Consent
from portero_server.domain.people.transfer import FaceRecord, PersonRecord
from portero_server.store.consents import ConsentStore
from portero_server.store.database import Database
from portero_server.store.erasures import ErasureStore
from portero_server.store.people import PeopleStore
from portero_server.store.people_transfer import PeopleTransferStore
from tests.support.store.commits import BOX, at
from tests.support.time.virtual_time import ManualClock

_MODEL = FaceModel("local", "m1")


@pytest.fixture
def transfer(database: Database, people: PeopleStore, clock: ManualClock) -> PeopleTransferStore:
    """A store of people by the hundred."""
    return PeopleTransferStore(database, people, clock)


def _record(number: int, faces: int = 1) -> PersonRecord:
    person_id = f"p-{number:04}"
    return PersonRecord(
        person_id,
        f"Núñez '{number}' \\",
        {"room": str(number), "x": "'\""},
        at(1),
        tuple(
            FaceRecord(bytes([number % 256, face]) + bytes(range(256)) * 2, box=BOX, created_at=at(face))
            for face in range(faces)
        ),
    )


async def test_what_is_added_is_read_as_it_was(
    transfer: PeopleTransferStore, people: PeopleStore, database: Database, clock: ManualClock
) -> None:
    """Names, labels, times, encodings, consents and blocks of several hundred people come back, page by page."""
    consent = Consent("c1", "p-0000", "entry", "1", "paper", "Eva", at(0), at(1), at(9), at(2))
    records = [_record(number, faces=1 + number % 3) for number in range(250)]
    records[0] = replace(records[0], consents=(consent,), block=Block("asked", at(3)))
    outcomes = await transfer.add(records, _MODEL)
    assert all(each.created and not each.reason for each in outcomes)
    first = await transfer.read(100)
    rest = await transfer.read(1000, first[-1].person.person_id)
    found = [*first, *rest]
    assert [each.person.person_id for each in found] == [record.person_id for record in records]
    for record, stored in zip(records, found, strict=True):
        person = stored.person
        assert (person.display_name, person.labels, person.created_at) == (record.display_name, record.labels, at(1))
        told = [(face.embedding, face.box, face.created_at) for face in stored.faces]
        assert told == [(face.embedding, face.box, face.created_at) for face in record.faces]
    assert (found[0].consents, found[0].block) == ([consent], Block("asked", at(3)))
    # Other servers follow by the change log, and find people by name.
    changes = await people.gallery_changes(0, 1000)
    assert [change.face.face_id for change in changes] == [face.face_id for each in found for face in each.faces]
    assert all(change.added and change.face.embedding for change in changes)
    assert len(await people.list(10, display_name_contains="NÚÑEZ '17'")) == 1
    again = await transfer.add(records, _MODEL)
    assert [(each.created, each.added_faces, each.reason) for each in again] == [(False, 0, "")] * 250
    assert await people.gallery_position() == len(changes)


async def test_who_may_not_be_added_is_not(
    transfer: PeopleTransferStore, people: PeopleStore, database: Database, clock: ManualClock
) -> None:
    """Another name, an erased id and another person's face are refused alone, and the others are stored."""
    await people.create("p-0001", "Somebody else", {})
    await people.create("p-0002", "Cy", {})
    erasures = ErasureStore(database, clock)
    await erasures.begin("p-0002")
    await transfer.add([_record(3)], _MODEL)
    [taken] = await transfer.read(10, "p-0002")
    stolen = replace(_record(4), faces=(FaceRecord(b"12345678", taken.faces[0].face_id),))
    outcomes = await transfer.add([_record(1), _record(2), stolen, _record(5)], _MODEL)
    assert [each.reason for each in outcomes] == ["ALREADY_EXISTS", "PERSON_ERASED", "FACE_TAKEN", ""]
    assert [person.person_id for person in await people.list(10)] == ["p-0001", "p-0003", "p-0005"]


async def test_deleting_a_person_ends_a_consent_that_an_import_does_not_revive(
    database: Database, clock: ManualClock
) -> None:
    """Whoever was deleted and is imported again must agree again, where that is required."""
    people = PeopleStore(database, clock, consent_required=True)
    transfer = PeopleTransferStore(database, people, clock, consent_required=True)
    now = clock.now()
    record = replace(_record(1), consents=(Consent("c1", "p-0001", "entry", "1", "paper", "", now, now),))
    assert [each.added_faces for each in await transfer.add([record], _MODEL)] == [1]
    await people.delete("p-0001")
    clock.advance(1)
    [outcome] = await transfer.add([record], _MODEL)
    assert (outcome.created, outcome.reason) == (True, "CONSENT_MISSING")
    assert not (await ConsentStore(database, clock).of("p-0001")).recognizable
