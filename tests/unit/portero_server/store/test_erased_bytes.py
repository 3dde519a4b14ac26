"""What is erased from an SQLite database is not left in the free pages of its file."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.detection.detections import FaceQuality
from portero_server.domain.people.people import FaceEnrollment
from portero_server.store.consents import ConsentStore
from portero_server.store.database import Database
from portero_server.store.erasures import ErasureStore
from portero_server.store.people import PeopleStore
from tests.support.store.commits import BOX, at
from tests.support.time.virtual_time import ManualClock

NAME = "Remembered Byte by Byte"
QUALITY = FaceQuality(1.0, 1.0, 1.0, 1.0)


def _bytes_on_disk(file: Path) -> bytes:
    """Returns the file and its write-ahead log, once what is in the log has been moved to the file."""
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    connection.close()
    return b"".join(each.read_bytes() for each in sorted(file.parent.glob(f"{file.name}*")))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_every_writer_overwrites_what_it_deletes(database: Database) -> None:
    """The connection that writes is told to, whatever the library was built with."""

    async def unit(connection: AsyncConnection) -> int:
        return int((await connection.exec_driver_sql("PRAGMA secure_delete")).scalar_one())

    assert await database.run(unit) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_erased_bytes_are_gone_from_the_file(database: Database, tmp_path: Path) -> None:
    """Neither the name nor a piece of the embedding of an erased person is in the file; others are."""
    clock = ManualClock()
    people, consents, erasures = (
        PeopleStore(database, clock),
        ConsentStore(database, clock),
        ErasureStore(database, clock),
    )
    draw = random.Random(8)
    embeddings: dict[str, bytes] = {}
    for number in range(40):
        person_id = f"p{number}"
        embeddings[person_id] = draw.randbytes(512)
        await people.create(person_id, f"{NAME} {number:02}", {"class": "3b"})
        await people.add_face(
            FaceEnrollment(f"f{number}", person_id, BOX, QUALITY, "local", "1", embeddings[person_id], None, at(0))
        )
    file = tmp_path / "portero.db"
    before = _bytes_on_disk(file)
    assert all(embedding in before for embedding in embeddings.values())
    gone = [f"p{number}" for number in range(5, 40, 3)]
    for person_id in gone:
        await consents.block(person_id, "asked at the desk")
        begun = await erasures.begin(person_id)
        await erasures.scrub(begun)
        await erasures.faces_forgotten(begun, [face.face_id for face in await erasures.faces_left(begun)])
        await erasures.finish(begun.erasure_id)
    after = _bytes_on_disk(file)
    for person_id, embedding in embeddings.items():
        name = f"{NAME} {int(person_id[1:]):02}".encode()
        pieces = [embedding[start : start + 16] for start in range(0, 512, 16)]
        if person_id in gone:
            assert name not in after
            assert not any(piece in after for piece in pieces)
        else:
            assert name in after
            assert embedding in after


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_log_is_emptied_after_an_erasure(database: Database, tmp_path: Path) -> None:
    """Nothing of the person is in the file or its log while the server still runs, and the receipt says since when."""
    clock = ManualClock()
    people, erasures = PeopleStore(database, clock), ErasureStore(database, clock)
    receipt = await _erased(people, erasures)
    log = tmp_path / "portero.db-wal"
    assert NAME.encode() in log.read_bytes()
    assert (await erasures.get(receipt)).overwritten_at is None
    clock.advance(7)
    assert await erasures.overwrite() == 0
    told = await erasures.get(receipt)
    assert told.overwritten_at == clock.now()
    assert told.sound
    assert not any(NAME.encode() in each.read_bytes() for each in tmp_path.glob("portero.db*"))  # noqa: ASYNC240
    clock.advance(7)
    assert await erasures.overwrite() == 0
    assert (await erasures.get(receipt)).overwritten_at == told.overwritten_at


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_long_read_puts_the_emptying_off(database: Database) -> None:
    """While somebody reads an older state nothing waits and nothing is claimed; the next round does it."""
    clock = ManualClock()
    people, erasures = PeopleStore(database, clock), ErasureStore(database, clock)
    await people.create("eve", "Eve", {})

    async def while_reading(connection: AsyncConnection) -> str:
        await connection.exec_driver_sql("SELECT count(*) FROM people")
        receipt = await _erased(people, erasures)
        assert await erasures.overwrite() == 1
        assert (await erasures.get(receipt)).overwritten_at is None
        return receipt

    receipt = await database.read(while_reading)
    assert await erasures.overwrite() == 0
    assert (await erasures.get(receipt)).overwritten_at == clock.now()


async def test_a_database_server_keeps_its_files_to_itself(database: Database) -> None:
    """On MySQL nothing is claimed of bytes on disk; on SQLite the receipt has a time. Neither waits for anything."""
    clock = ManualClock()
    people, erasures = PeopleStore(database, clock), ErasureStore(database, clock)
    receipt = await _erased(people, erasures)
    assert await erasures.overwrite() == 0
    told = (await erasures.get(receipt)).overwritten_at
    assert told == (clock.now() if database.dialect == "sqlite" else None)


async def _erased(people: PeopleStore, erasures: ErasureStore) -> str:
    await people.create("ana", NAME, {})
    begun = await erasures.begin("ana")
    await erasures.scrub(begun)
    assert (await erasures.finish(begun.erasure_id)).finished_at is not None
    return begun.erasure_id
