"""Sightings exported by the command line, killed in the middle, resumed, and brought up to date after an erasure."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pyarrow.dataset as ds
import pytest

from portero_client import ConnectionSettings, PorteroClient
from tests.support.processes.cut_import import finished, started
from tests.support.processes.server_process import ended_server, running_server
from tests.support.store.many_sightings import CAMERAS, days_of_sightings, write_sightings
from tests.support.store.mariadb import MariaDB
from tests.support.time.timeouts import PATIENCE

pytestmark = pytest.mark.slow

_DAYS, _A_DAY = 20, 300
_KEPT = {"retention_strangers_days": "0", "retention_sightings_days": "0"}


def _parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("site=*/date=*/part-00000.parquet"))


def _rows(folder: Path) -> Counter[tuple[str, str, str]]:
    """Returns (sighting, site, date) of all rows, as pyarrow finds them from the folder alone."""
    table = ds.dataset(folder, format="parquet", partitioning="hive").to_table(columns=["sighting", "site", "date"])
    return Counter((row["sighting"], row["site"], str(row["date"])) for row in table.to_pylist())


def _people(folder: Path) -> set[str | None]:
    table = ds.dataset(folder, format="parquet", partitioning="hive").to_table(columns=["person"])
    return set(table["person"].to_pylist())


async def _killed(address: str, folder: Path, command: tuple[str, ...], parts: int) -> bool:
    """Runs an export and sends SIGKILL once so many partitions are written; returns whether it was still running."""
    process = await started(address, "export", folder, *command)
    while process.returncode is None and len(await asyncio.to_thread(_parts, folder)) < parts:  # noqa: ASYNC110 - its sign is files
        await asyncio.sleep(0.005)
    running = process.returncode is None
    if running:
        process.kill()
    await process.communicate()
    return running


@pytest.mark.parametrize("kind", ["sqlite", "mariadb"])
async def test_a_killed_export_is_resumed_and_an_erased_person_leaves_it(
    tmp_path: Path, request: pytest.FixtureRequest, kind: str
) -> None:
    """After three kills each row is there once in its partition; after an erasure and a run nothing of her is."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'portero.db'}"
    if kind == "mariadb":
        server: MariaDB = request.getfixturevalue("mariadb")
        url = server.create_schema("exported")
    assert (await ended_server("migrate", tmp_path, database_url=url))[0] == 0
    many = days_of_sightings(_DAYS, _A_DAY)
    await write_sightings(url, many)
    folder, command = tmp_path / "out", ("--since", "2026-05-01", "--until", "2026-05-20")
    expected = Counter((each.sighting_id, CAMERAS[each.camera_id], each.first_seen.date().isoformat()) for each in many)
    async with (
        running_server(tmp_path, engine="scripted", database_url=url, **_KEPT) as running,
        asyncio.timeout(PATIENCE * 2),
        PorteroClient(ConnectionSettings(running.address, timeout=PATIENCE)) as client,
    ):
        await client.people.create("Ana Núñez", person_id="ana")
        for camera, site in CAMERAS.items():
            await client.cameras.create(camera, site=site)
        kills = [await _killed(running.address, folder, command, parts) for parts in (1, 12, 25)]
        assert kills == [True, True, True]
        code, document = await finished(await started(running.address, "export", folder, *command))
        assert (code, document["days"] + document["resumed_days"]) == (0, _DAYS)
        assert document["resumed_days"] >= 10
        assert await asyncio.to_thread(_rows, folder) == expected
        assert await asyncio.to_thread(_people, folder) == {None, "ana"}
        whole = {part: part.stat().st_mtime_ns for part in _parts(folder)}
        code, document = await finished(await started(running.address, "export", folder, *command))
        assert (code, document["unchanged"], document["rows"]) == (0, len(whole), len(many))
        assert {part: part.stat().st_mtime_ns for part in _parts(folder)} == whole
        await client.privacy.erase("ana")
        code, document = await finished(await started(running.address, "export", folder, *command))
        assert (code, document["revised"]) == (0, len(whole))
        # An erasure leaves sightings of nobody: whom they showed is gone.
        assert await asyncio.to_thread(_rows, folder) == expected
        assert await asyncio.to_thread(_people, folder) == {None}
        assert not [file for file in folder.rglob("*") if file.is_file() and "Núñez".encode() in file.read_bytes()]
        entries = [entry async for entry in client.audit.list() if entry.action == "SightingService/ExportSightings"]
        assert "sightings/2026-05-20T00:00:00Z~2026-05-21T00:00:00Z" in {entry.resource for entry in entries}
        assert await running.stop() == 0
