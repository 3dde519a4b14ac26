"""Moving many streams at once: each gets its own, and nothing else moves."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.store.database import Database
from portero_server.store.faults import StoreRefused
from portero_server.store.progress import Progress, move_streams
from portero_server.store.rows import encoded, insert_rows
from portero_server.store.schema import OUTCOME_COLUMNS, streams
from tests.fakes.store_commits import EIGHT

_ZEROS = dict.fromkeys(OUTCOME_COLUMNS.values(), 0)


async def moved(database: Database, *progress: Progress, many: int = 3) -> dict[int, tuple[int, int, int, str | None]]:
    """Makes streams from 1 on at watermark 5, moves them and gives watermark, two counters and open tracks of each."""
    made = [
        {"stream_id": number, "camera_id": f"c{number}", "epoch": "e", "session": "s", "durable_sequence": 5}
        | _ZEROS
        | {"outcome_missing": 1, "opened_at": EIGHT, "open_tracks": "before"}
        for number in range(1, many + 1)
    ]

    async def unit(connection: AsyncConnection) -> dict[int, tuple[int, int, int, str | None]]:
        await connection.execute(insert_rows(database.dialect, streams), encoded(made))
        await move_streams(connection, database.dialect, progress)
        return {
            row.stream_id: (row.durable_sequence, row.outcome_missing, row.outcome_empty, row.open_tracks)
            for row in await connection.execute(select(streams))
        }

    return await database.run(unit)


async def test_each_stream_gets_its_own(database: Database) -> None:
    """Watermarks are set, counters added to, open tracks replaced where some are given; other streams stay."""
    odd = '{"it\'s": "100 %s ? :x \\\\ \'quoted\' Ñ👋"}'
    rows = await moved(
        database,
        Progress(2, 2**62, {"outcome_missing": 3}, odd),
        Progress(1, 7, {"outcome_empty": 2, "outcome_missing": 0}),
    )
    assert rows == {1: (7, 1, 2, "before"), 2: (2**62, 4, 0, odd), 3: (5, 1, 0, "before")}


async def test_open_tracks_may_become_none(database: Database) -> None:
    """An empty text replaces what is stored, as it says that nobody is there."""
    assert (await moved(database, Progress(1, 6, {}, "")))[1] == (6, 1, 0, "")


async def test_nothing_to_move_is_no_statement(database: Database) -> None:
    """Without progress nothing changes."""
    assert set((await moved(database)).values()) == {(5, 1, 0, "before")}


async def test_moves_more_streams_than_one_statement_takes(database: Database) -> None:
    """Five hundred streams all move, each to where it belongs."""
    progress = [Progress(number, 5 + number, {"outcome_empty": number}, str(number)) for number in range(1, 501)]
    rows = await moved(database, *progress, many=501)
    assert rows == {number: (5 + number, 1, number, str(number)) for number in range(1, 501)} | {
        501: (5, 1, 0, "before")
    }


async def test_refuses_numbers_beyond_64_bits(database: Database) -> None:
    """A watermark that no column holds refuses the unit."""
    with pytest.raises(StoreRefused):
        await moved(database, Progress(1, 2**63))
