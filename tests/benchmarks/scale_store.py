"""How the cost grows with what is stored: sightings listed among 10,000 to 10,000,000, a start with a large gallery.

    python -m tests.benchmarks.scale_store [--full] [--ten-million]

Tables are filled by the database itself, from its sequences. Each query is the store's own; its plan is shown. A full
run goes on to ten million if the million was filled so fast that this takes five minutes at most, and there is room.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import tempfile
import time
from datetime import UTC, datetime, timedelta
from math import inf
from pathlib import Path
from typing import Any

import psutil
import pymysql
from sqlalchemy import event

from portero_server.engines.local.encode.resnet import TRAITS
from portero_server.store.database import Database
from portero_server.store.migrations import migrate
from portero_server.store.sightings import SightingCursor, SightingFilter, SightingKind, SightingStore
from tests.benchmarks.database import durable_mariadb
from tests.benchmarks.results import Results, begun
from tests.support.processes.server_process import running_server
from tests.support.store.mariadb import MariaDB

_BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
_APART = timedelta(seconds=3)
# So few that each fills a page even of the smallest table.
_PEOPLE = 100
# Fifty cameras; a third are strangers; every 5,000th sighting lasts three hours.
_SIGHTINGS = """
INSERT INTO portero.sightings (sighting_id, camera_id, person_id, display_name, first_seen, last_seen, long_until,
  similarity, margin, track_count, box_left, box_top, box_width, box_height)
SELECT CONCAT('s', LPAD(seq, 9, '0')), CONCAT('cam-', seq * 7 MOD 50),
  IF(seq MOD 3, CONCAT('person-', seq * 13 MOD {people}), NULL), '',
  TIMESTAMPADD(SECOND, seq * 3, '2026-01-01'),
  TIMESTAMPADD(SECOND, seq * 3 + IF(seq MOD 5000, 20, 10800), '2026-01-01'),
  IF(seq MOD 5000, NULL, TIMESTAMPADD(SECOND, seq * 3 + 10800, '2026-01-01')),
  0.8, 0.2, 1, 0.25, 0.25, 0.25, 0.25
FROM seq_{first}_to_{last}
"""
_FACES = """
INSERT INTO portero.faces (face_id, person_id, box_left, box_top, box_width, box_height, quality_size,
  quality_frontality, quality_sharpness, quality_brightness, engine, model_version, embedding, external_id, created_at)
SELECT CONCAT('f', LPAD(seq, 9, '0')), CONCAT('p', LPAD(seq, 9, '0')), 0, 0, 1, 1, 1, 1, 1, 1, 'local', '{model}',
  UNHEX(RPAD(CONCAT(LPAD(HEX(seq MOD 65536), 4, '0'), '573D'), {digits}, '3D0A573D')), NULL, '2026-01-01'
FROM seq_{first}_to_{last}
"""
_PEOPLE_ROWS = """
INSERT INTO portero.people (person_id, display_name, search_name, labels, created_at, updated_at)
SELECT CONCAT('p', LPAD(seq, 9, '0')), 'A person', 'a person', '[]', '2026-01-01', '2026-01-01'
FROM seq_{first}_to_{last}
"""
_CHUNK = 250_000
_LARGEST = 10_000_000
_LARGEST_BYTES = 8 * 2**30
_FILL_LIMIT = 300.0


async def main() -> int:
    """Runs the benchmark and saves what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="a million sightings, or ten, and a million faces")
    parser.add_argument("--ten-million", action="store_true", help="go on to ten million sightings, however long")
    arguments = parser.parse_args()
    results = begun("scale_store")
    sizes = [10_000, 100_000]
    sizes += [1_000_000, _LARGEST] if arguments.full or arguments.ten_million else []
    fill_limit = inf if arguments.ten_million else _FILL_LIMIT
    with durable_mariadb(buffer_mb=2048) as server:
        database = Database(server.url("portero"), pool_size=2, timeout=60)
        await migrate(database)
        # Filling is not what is measured.
        server.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 2")
        await _sightings(results, server, database, sizes, fill_limit)
        await database.aclose()
        await _start(results, server, 1_000_000 if arguments.full else 20_000)
    results.save()
    return 0


async def _sightings(
    results: Results, server: MariaDB, database: Database, sizes: list[int], fill_limit: float
) -> None:
    store = SightingStore(database)
    lines: dict[str, list[tuple[float, float]]] = {}
    plans: dict[str, str] = {}
    there, pace = 0, 0.0
    for size in sizes:
        if size == _LARGEST and (reason := _too_much(pace * (size - there), fill_limit)):
            results.broke_off(f"{size:,} sightings", f"{reason}; ask for them with --ten-million")
            break
        began = time.perf_counter()
        _fill(server, _SIGHTINGS, there + 1, size, people=_PEOPLE)
        server.execute("ANALYZE TABLE portero.sightings")
        seconds = time.perf_counter() - began
        results.note(f"filled up to {size:,} sightings in {seconds:.0f} s")
        there, pace = size, seconds / (size - there)
        plans.clear()
        for title, which, after in _queries(size):
            times = []
            for _ in range(15):
                before = time.perf_counter()
                found = await store.list(which, 50, after)
                times.append(1000 * (time.perf_counter() - before))
            if not found:
                raise AssertionError(f"the query {title!r} found nothing among {size}")
            figure = results.add(f"{title}, {size:,} sightings", "ms", times)
            lines.setdefault(title, []).append((size, figure.median))
            plans[f"plan: {title}, {size:,} sightings"] = await _plan(server, database, which, after)
    results.texts.update(plans)
    results.curve("Queries of sightings, a page of 50", "sightings", "ms", lines)
    for title, points in lines.items():
        results.want(
            f"growth of {title!r} from {sizes[0]:,} to {there:,}", points[-1][1] / points[0][1], 3, at_most=True
        )


def _too_much(seconds: float, limit: float) -> str:
    """Says why the largest table is not filled, or nothing."""
    if seconds > limit:
        return f"filling them would take about {seconds:.0f} s, and a full run gives them {limit:.0f}"
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if free < _LARGEST_BYTES:
        return f"there are {free / 2**30:.0f} GiB free, and they need {_LARGEST_BYTES / 2**30:.0f}"
    return ""


def _queries(size: int) -> list[tuple[str, SightingFilter, SightingCursor | None]]:
    middle = _BEGUN + size // 2 * _APART
    cursor = SightingCursor(middle, f"s{size // 2:09}")
    return [
        ("list, first page", SightingFilter(), None),
        ("list, a page in the middle", SightingFilter(), cursor),
        ("filter by camera", SightingFilter(camera_id="cam-7"), cursor),
        ("filter by person", SightingFilter(person_id="person-13"), None),
        ("filter by person and camera", SightingFilter(person_id="person-13", camera_id="cam-7"), None),
        ("filter strangers", SightingFilter(kind=SightingKind.UNKNOWN), cursor),
        ("report of an hour", SightingFilter(start=middle, end=middle + timedelta(hours=1)), None),
        (
            "report of an hour at a camera",
            SightingFilter(camera_id="cam-7", start=middle, end=middle + timedelta(hours=1)),
            None,
        ),
    ]


async def _plan(server: MariaDB, database: Database, which: SightingFilter, after: SightingCursor | None) -> str:
    """Returns the database's plan for the very statements the store runs."""
    ran: list[tuple[str, Any]] = []

    def heard(connection: Any, cursor: Any, statement: str, parameters: Any, *more: Any) -> None:
        if statement.startswith("SELECT"):
            ran.append((statement, parameters))

    engine = database._engines.reader.sync_engine
    event.listen(engine, "before_cursor_execute", heard)
    try:
        await SightingStore(database).list(which, 50, after)
    finally:
        event.remove(engine, "before_cursor_execute", heard)
    connection: Any = pymysql.connect(host="127.0.0.1", port=server.port, user="root", database="portero")
    rows = []
    with connection, connection.cursor(pymysql.cursors.DictCursor) as cursor:
        for statement, parameters in ran:
            cursor.execute("EXPLAIN " + statement, parameters)
            rows += [
                f"{row['select_type']}: {row['type']} on {row['key']}, about {row['rows']} rows; {row['Extra']}"
                for row in cursor.fetchall()
            ]
    return "\n".join(rows)


async def _start(results: Results, server: MariaDB, faces: int) -> None:
    _fill(server, _PEOPLE_ROWS, 1, faces)
    _fill(server, _FACES, 1, faces, model=TRAITS.version, digits=8 * TRAITS.length)
    with tempfile.TemporaryDirectory() as name:
        began = time.perf_counter()
        async with running_server(Path(name), 300.0, engine="local", database_url=server.url("portero")) as process:
            results.add(f"start with a gallery of {faces:,} faces", "s", [time.perf_counter() - began])
            memory = psutil.Process(process.process.pid).memory_info().rss
            results.add(f"memory of a server with {faces:,} faces", "MiB", [memory / 2**20])


def _fill(server: MariaDB, statement: str, first: int, last: int, **values: object) -> None:
    for begin in range(first, last + 1, _CHUNK):
        end = min(last, begin + _CHUNK - 1)
        # Its sequences belong to a schema, whatever they are asked for.
        server.execute("USE portero", statement.format(first=begin, last=end, **values))


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
