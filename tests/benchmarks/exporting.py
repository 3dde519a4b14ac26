"""Many sightings exported by the SDK and written by the command line's parts, in each format.

    python -m tests.benchmarks.exporting [--rows 100000] [--days 30]

A server with its database in a file runs beside it. Each export is read back and counted; a row that is missing or
twice ends the program with 1.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from portero_cli.export_place import opened_place
from portero_cli.export_plan import ExportFormat, Selection
from portero_cli.exporting import Exported, ExportRun
from portero_client import ConnectionSettings, PorteroClient
from tests.support.client.exported import rows_in
from tests.support.processes.server_process import ended_server, running_server
from tests.support.store.many_sightings import FIRST_DAY, days_of_sightings, write_sightings
from tests.support.time.timeouts import PATIENCE


@dataclass(frozen=True, slots=True)
class Measured:
    """One format: what the run did, its seconds and bytes, those of a second run, and whether all rows are there."""

    format: ExportFormat
    done: Exported
    seconds: float
    again: float
    size: int
    whole: bool


async def measure(folder: Path, days: int, a_day: int) -> Sequence[Measured]:
    """Exports so many days twice in each format, and reads the files back."""
    many = days_of_sightings(days, a_day)
    assert (await ended_server("migrate", folder))[0] == 0
    await write_sightings(f"sqlite+aiosqlite:///{folder / 'portero.db'}", many)
    expected = Counter(each.sighting_id for each in many)
    found = []
    async with (
        running_server(folder, engine="scripted", retention_strangers_days="0") as server,
        PorteroClient(ConnectionSettings(server.address, timeout=PATIENCE)) as client,
    ):
        for format_ in ExportFormat:
            out = folder / format_.value
            done, seconds = await _run(client, out, format_, days)
            _, again = await _run(client, out, format_, days)
            files = await asyncio.to_thread(_files, out)
            rows = Counter(row["sighting"] for file in files for row in rows_in(file))
            size = sum(file.stat().st_size for file in files)
            found.append(Measured(format_, done, seconds, again, size, rows == expected))
        await server.stop()
    return found


def _files(out: Path) -> Sequence[Path]:
    return sorted(out.glob("site=*/date=*/part-*"))


async def _run(client: PorteroClient, out: Path, format_: ExportFormat, days: int) -> tuple[Exported, float]:
    begun = time.perf_counter()
    first = FIRST_DAY.date()
    with opened_place(str(out)) as place:
        run = ExportRun(client, place, Selection(format_))
        last = first + timedelta(days=days - 1)
        done = await run.execute(first, last, datetime.now(UTC), timedelta(), lambda done, total: None)
    return done, time.perf_counter() - begun


def main(arguments: Sequence[str]) -> int:
    """Measures, prints a line a format, and returns 1 if a row is missing or twice."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.exporting", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=30)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measure(Path(folder), asked.days, max(asked.rows // asked.days, 1)))
    for each in found:
        print(
            f"{each.format.value:8} {each.done.rows} rows in {each.seconds:.1f} s, again {each.again:.1f} s, "
            f"{each.size / 1e6:.1f} MB{'' if each.whole else ': ROWS ARE MISSING OR TWICE'}"
        )
    return 0 if all(each.whole for each in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
