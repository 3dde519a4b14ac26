"""A real Portero server for a benchmark: its own process, a migrated database, registered cameras."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from portero_client import ConnectionSettings, PorteroClient
from portero_server.store.database import Database
from portero_server.store.migrations import migrate
from tests.support.processes.server_process import ServerProcess, running_server

# A start may take as long as that on a machine that does something else.
_START_TIME = 120.0


@asynccontextmanager
async def served(folder: Path, database_url: str, *, cameras: int, **settings: str) -> AsyncIterator[ServerProcess]:
    """Runs a server with the scripted engine over a database, and cameras bench-0 to bench-N registered."""
    await asyncio.to_thread(folder.mkdir, exist_ok=True)
    chosen = {
        "engine": "scripted",
        "log_level": "info",
        "max_streams": "2000",
        "limit_connections": "100000",
        **settings,
        "database_url": database_url,
    }
    if database_url.startswith("mysql"):
        database = Database(database_url, pool_size=2, timeout=_START_TIME)
        await migrate(database)
        await database.aclose()
    async with running_server(folder, _START_TIME, **chosen) as server:
        async with PorteroClient(ConnectionSettings(server.address)) as client:
            known = {camera.name async for camera in client.cameras.list()}
            for number in range(cameras):
                if f"cameras/bench-{number}" not in known:
                    await client.cameras.create(f"bench-{number}")
        yield server


async def stage_counts(server: ServerProcess, stage: str) -> dict[float, float]:
    """Returns how often a stage took at most so many seconds, by bucket, as the server has counted since its start."""
    async with httpx2.AsyncClient() as http:
        text = (await http.get(f"http://{server.admin}/metrics")).text
    return {
        float(sample.labels["le"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.endswith("_bucket") and sample.labels.get("stage") == stage
    }


def quantiles(counts: Mapping[float, float], earlier: Mapping[float, float], shares: Sequence[float]) -> list[float]:
    """Returns quantiles, seconds, of what was counted after `earlier` (linear within a bucket)."""
    buckets = sorted((bound, count - earlier.get(bound, 0.0)) for bound, count in counts.items())
    total = buckets[-1][1]
    found = []
    for share in shares:
        below, before = 0.0, 0.0
        for bound, count in buckets:
            if count >= share * total:
                inside = (share * total - before) / max(1.0, count - before)
                found.append(below + (min(bound, 60.0) - below) * inside)
                break
            below, before = bound, count
    return found
