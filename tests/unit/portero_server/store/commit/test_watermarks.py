"""Moving many streams at once: each gets its own, and nothing else moves."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.store.bulk.writing import insert_new
from portero_server.store.commit.watermarks import Claim, WatermarkRow, move_claimed, move_streams
from portero_server.store.database import Database
from portero_server.store.faults import StoreRefused
from portero_server.store.schema import OUTCOME_COLUMNS, streams
from tests.support.store.commits import EIGHT

_ZEROS = dict.fromkeys(OUTCOME_COLUMNS.values(), 0)


Rows = dict[int, tuple[int, int, int, str | None]]


async def moved(database: Database, *progress: WatermarkRow, many: int = 3, claims: Sequence[Claim] = ()) -> Rows:
    """Makes streams from 1 on at watermark 5, moves them and gives watermark, two counters and open tracks of each.

    The `claims` must be true.
    """
    made = [
        {"stream_id": number, "camera_id": f"c{number}", "epoch": "e", "session": "s", "durable_sequence": 5}
        | _ZEROS
        | {"outcome_missing": 1, "opened_at": EIGHT, "open_tracks": "before"}
        for number in range(1, many + 1)
    ]

    async def unit(connection: AsyncConnection) -> Rows:
        await insert_new(connection, streams, made)
        await move_streams(connection, database.dialect, progress)
        assert await move_claimed(connection, database.dialect, claims)
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
        WatermarkRow(2, 2**62, {"outcome_missing": 3}, odd),
        WatermarkRow(1, 7, {"outcome_empty": 2, "outcome_missing": 0}),
    )
    assert rows == {1: (7, 1, 2, "before"), 2: (2**62, 4, 0, odd), 3: (5, 1, 0, "before")}


async def test_open_tracks_may_become_none(database: Database) -> None:
    """An empty text replaces what is stored, as it says that nobody is there."""
    assert (await moved(database, WatermarkRow(1, 6, {}, "")))[1] == (6, 1, 0, "")


async def test_nothing_to_move_is_no_statement(database: Database) -> None:
    """Without progress nothing changes."""
    assert set((await moved(database)).values()) == {(5, 1, 0, "before")}


async def test_moves_more_streams_than_one_statement_takes(database: Database) -> None:
    """Five hundred streams all move, each to where it belongs."""
    progress = [WatermarkRow(number, 5 + number, {"outcome_empty": number}, str(number)) for number in range(1, 501)]
    rows = await moved(database, *progress, many=501)
    assert rows == {number: (5 + number, 1, number, str(number)) for number in range(1, 501)} | {
        501: (5, 1, 0, "before")
    }


async def test_refuses_numbers_beyond_64_bits(database: Database) -> None:
    """A watermark that no column holds refuses the unit."""
    with pytest.raises(StoreRefused):
        await moved(database, WatermarkRow(1, 2**63))


async def test_true_claims_move_their_streams(database: Database) -> None:
    """Streams that are as their sessions say move on, those that stand where they stood count and change tracks."""
    rows = await moved(
        database,
        claims=[
            Claim("s", True, WatermarkRow(2, 6, {"outcome_empty": 4})),
            Claim("s", False, WatermarkRow(1, 5, {"outcome_missing": 1}, "after")),
            Claim("s", False, WatermarkRow(3, 5)),
        ],
    )
    assert rows == {1: (5, 2, 0, "after"), 2: (6, 1, 4, "before"), 3: (5, 1, 0, "before")}


async def test_true_claims_may_be_more_than_one_statement_takes(database: Database) -> None:
    """Five hundred streams of true claims all move."""
    claims = [Claim("s", True, WatermarkRow(number, 5 + number)) for number in range(1, 501)]
    rows = await moved(database, claims=claims, many=500)
    assert {number: row[0] for number, row in rows.items()} == {number: 5 + number for number in range(1, 501)}


@pytest.mark.parametrize(
    "claim",
    [
        Claim("another", True, WatermarkRow(2, 6)),
        Claim("another", False, WatermarkRow(2, 5)),
        Claim("S", True, WatermarkRow(2, 6)),
        Claim("s", True, WatermarkRow(2, 5)),
        Claim("s", True, WatermarkRow(2, 4)),
        Claim("s", False, WatermarkRow(2, 6)),
        Claim("s", False, WatermarkRow(2, 4)),
        Claim("s", True, WatermarkRow(99, 6)),
    ],
    ids=[
        "moving, of another session",
        "standing, of another session",
        "another spelling of the session",
        "was there before",
        "was further before",
        "is not so far",
        "is further",
        "no such stream",
    ],
)
async def test_one_false_claim_is_told(claim: Claim, database: Database) -> None:
    """A stream that is not as its session says does not move, and the caller is told among any true claims."""
    true = [Claim("s", True, WatermarkRow(1, 6)), Claim("s", False, WatermarkRow(3, 5))]
    await moved(database)

    async def unit(connection: AsyncConnection) -> tuple[bool, int | None]:
        held = await move_claimed(connection, database.dialect, [claim, *true])
        return held, await connection.scalar(select(streams.c.durable_sequence).where(streams.c.stream_id == 2))

    assert await database.run(unit) == (False, 5)
