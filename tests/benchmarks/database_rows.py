"""Durable rows a second through the store's group commit, against a hand-written loop of multi-row INSERTs.

    python -m tests.benchmarks.database_rows [--full]

Both write the same recognitions, as many in a batch, each batch its own commit at full durability. Ours does more: it
fences and moves the streams and looks for sightings in the same transaction. It runs on the event loop of the server.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pymysql
import uvloop

from portero_server.clock import SystemClock
from portero_server.domain.recording.sightings import Recognition, StreamCommit, StreamRow
from portero_server.domain.streams.frames import FrameOutcome
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.migrations import migrate
from portero_server.store.streams import StreamStore
from tests.benchmarks.database import durable_mariadb, statements
from tests.benchmarks.results import begun
from tests.support.store.mariadb import MariaDB

_STREAMS = 16
_COLUMNS = (
    "recognition_id, stream_id, track_id, sequence, captured_at, engine, outcome, person_id, similarity, margin, "
    "quality, latency"
)
_EIGHT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
_numbers = itertools.count(1)


async def main() -> int:
    """Runs the benchmark and saves what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="longer, and more repetitions")
    parser.add_argument("--seconds", type=float, help="of each load, to try it in little time")
    arguments = parser.parse_args()
    rounds, seconds = (5, arguments.seconds or 2.0) if arguments.full else (3, arguments.seconds or 0.7)
    results = begun("database_rows")
    with durable_mariadb() as server:
        database = Database(server.url("portero"), pool_size=2, timeout=30)
        await migrate(database)
        clock = SystemClock()
        streams = [await StreamStore(database, clock).open(f"bench-{each}", "e1", "s") for each in range(_STREAMS)]
        recording = Recording(database, clock)
        for batch in (16, 64, 256, 1024):
            ours, theirs = [], []
            for _ in range(rounds):
                theirs.append(_by_hand(server, streams, batch, seconds))
                rate, inserts = await _by_store(server, recording, streams, batch, seconds)
                ours.append(rate)
                if inserts != 1.0:
                    raise AssertionError(f"a commit of {batch} rows took {inserts} INSERT statements, not one")
            mine = results.add(f"Portero's group commit, {batch} rows", "rows/s", ours)
            hand = results.add(f"hand-written INSERT loop, {batch} rows", "rows/s", theirs)
            results.want(f"rows/s of the hand-written loop's, {batch} a batch", statistics.median(mine.over(hand)), 0.7)
        await database.aclose()
    results.note("every commit was one INSERT statement, by the database's own count")
    results.save()
    return 0


def _by_hand(server: MariaDB, streams: list[StreamRow], batch: int, seconds: float) -> float:
    connection: Any = pymysql.connect(host="127.0.0.1", port=server.port, user="root", database="portero")
    row = "(" + ",".join(["%s"] * 12) + ")"
    statement = f"INSERT INTO recognitions ({_COLUMNS}) VALUES " + ",".join([row] * batch)
    written = 0
    with connection, connection.cursor() as cursor:
        began = time.perf_counter()
        while time.perf_counter() - began < seconds:
            values = [
                _values(_recognition(next(_numbers)), streams[each % _STREAMS].stream_id) for each in range(batch)
            ]
            cursor.execute(statement, tuple(itertools.chain.from_iterable(values)))
            connection.commit()
            written += batch
        return written / (time.perf_counter() - began)


async def _by_store(
    server: MariaDB, recording: Recording, streams: list[StreamRow], batch: int, seconds: float
) -> tuple[float, float]:
    written = commits = 0
    inserts = _inserts(server)
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        await recording.commit([_commit(stream, batch // _STREAMS) for stream in streams])
        written += batch
        commits += 1
    elapsed = time.perf_counter() - began
    return written / elapsed, (_inserts(server) - inserts) / commits


def _inserts(server: MariaDB) -> int:
    return statements(server, "insert") + statements(server, "insert_select")


def _commit(stream: StreamRow, rows: int) -> StreamCommit:
    number = next(_numbers)
    return StreamCommit(
        stream_id=stream.stream_id,
        camera_id=stream.camera_id,
        session=stream.session,
        durable_sequence=number,
        outcomes={FrameOutcome.WITH_FACES: rows},
        recognitions=tuple(_recognition(next(_numbers)) for _ in range(rows)),
    )


def _recognition(number: int) -> Recognition:
    moment = _EIGHT + timedelta(milliseconds=number)
    name = f"bench-{number}"
    return Recognition(name, name, number, moment, "scripted", "unknown", None, 0.75, 0.25, 0.5, 0.125)


def _values(each: Recognition, stream_id: int) -> tuple[Any, ...]:
    return (
        each.recognition_id,
        stream_id,
        each.track_id,
        each.sequence,
        each.captured_at.replace(tzinfo=None),
        each.engine,
        each.outcome,
        each.person_id,
        each.similarity,
        each.margin,
        each.quality,
        each.latency,
    )


if __name__ == "__main__":
    raise SystemExit(uvloop.run(main()))
