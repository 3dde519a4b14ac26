"""Sightings that the server writes by itself, killed in the middle, gone on with, and rid of somebody who is erased."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.dataset as ds
import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_client import ConnectionSettings, PorteroClient
from portero_server.clock import SystemClock
from portero_server.store.cameras import CameraStore
from portero_server.store.database import Database
from portero_server.store.people import PeopleStore
from portero_server.store.schema import event_relays
from tests.support.processes.server_process import ended_server, running_server
from tests.support.store.many_sightings import CAMERAS, days_of_sightings, write_sightings
from tests.support.time.timeouts import PATIENCE

pytestmark = pytest.mark.slow

_DAYS, _A_DAY = 20, 300


def _parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("site=*/date=*/part-00000.parquet"))


def _rows(folder: Path) -> Counter[tuple[str, str, str, str | None]]:
    """Returns (sighting, site, date, person) of all rows, as pyarrow finds them from the folder alone."""
    columns = ["sighting", "site", "date", "person"]
    table = ds.dataset(folder, format="parquet", partitioning="hive").to_table(columns=columns)
    return Counter((row["sighting"], row["site"], str(row["date"]), row["person"]) for row in table.to_pylist())


async def _until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await asyncio.to_thread(reached):  # noqa: ASYNC110 - its sign is files
            await asyncio.sleep(0.01)


async def _register(url: str) -> None:
    """Stores the cameras and the person before a server exports: a day is read with the sites of its cameras."""
    database = Database(url, pool_size=1, timeout=30)
    try:
        await PeopleStore(database, SystemClock()).create("ana", "Ana Núñez", {})
        for camera, site in CAMERAS.items():
            await CameraStore(database, SystemClock()).create(camera, display_name=camera, site=site)
    finally:
        await database.aclose()


async def _time_passes(url: str) -> None:
    """Ends every claim, as after the two minutes for which a server that was killed keeps its own."""
    database = Database(url, pool_size=1, timeout=30)

    async def unit(connection: AsyncConnection) -> None:
        await connection.execute(update(event_relays).values(claimed_until=datetime(2026, 1, 1, tzinfo=UTC)))

    try:
        await database.run(unit)
    finally:
        await database.aclose()


async def test_days_are_written_across_a_kill_and_an_erased_person_leaves_them(tmp_path: Path) -> None:
    """After SIGKILL another server goes on: each row is there once; within an interval nothing of who is erased is."""
    folder, url = tmp_path / "out", f"sqlite+aiosqlite:///{tmp_path / 'portero.db'}"
    assert (await ended_server("migrate", tmp_path))[0] == 0
    many = days_of_sightings(_DAYS, _A_DAY)
    await write_sightings(url, many)
    await _register(url)
    settings = {
        "engine": "scripted",
        "export": str(folder),
        "export_format": "parquet",
        "export_since": "2026-05-01",
        "export_interval": "0.5",
        "retention_strangers_days": "0",
        "retention_sightings_days": "0",
    }
    async with running_server(tmp_path, **{**settings, "export_interval": "60"}) as server:
        await _until(lambda: len(_parts(folder)) >= 3)
        server.process.kill()
        await server.process.wait()
    assert len(_parts(folder)) < 2 * _DAYS
    await _time_passes(url)
    expected = {
        (each.sighting_id, CAMERAS[each.camera_id], each.first_seen.date().isoformat(), each.person_id) for each in many
    }
    async with (
        running_server(tmp_path, **settings) as server,
        PorteroClient(ConnectionSettings(server.address, timeout=PATIENCE)) as client,
    ):
        await _until(lambda: len(_parts(folder)) == 2 * _DAYS and _rows(folder) == Counter(expected))
        erasure = await client.privacy.erase("ana")
        assert erasure.removed["exported_days"] == _DAYS
        nobody = Counter((sighting, site, day, None) for sighting, site, day, _ in expected)
        await _until(lambda: _rows(folder) == nobody)
        assert not [file for file in folder.rglob("*") if file.is_file() and "Núñez".encode() in file.read_bytes()]
        entries = [entry async for entry in client.audit.list() if entry.action == "sightings.export"]
        assert {"days/2026-05-01", "days/2026-05-20"} <= {entry.resource for entry in entries}
        assert await server.stop() == 0
    code, problem = await ended_server("serve", tmp_path, **{**settings, "export_format": "csv"})
    assert code != 0
    assert "PORTERO_EXPORT holds another export" in problem
