"""What is erased from an SQLite database is not left in the free pages of its file."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.detections import FaceQuality
from portero_server.domain.people import FaceEnrollment
from portero_server.store.consents import ConsentStore
from portero_server.store.database import Database
from portero_server.store.erasures import ErasureStore
from portero_server.store.people import PeopleStore
from tests.fakes.store_commits import BOX, at
from tests.fakes.virtual_time import ManualClock

NAME = "Remembered Byte by Byte"
QUALITY = FaceQuality(1.0, 1.0, 1.0, 1.0)


def _bytes_on_disk(file: Path) -> bytes:
    """Gives the file and its write-ahead log, once what is in the log has been moved to the file."""
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
