"""Where streams have come to: their watermarks, counters and open tracks, moved by one statement for many streams."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.store.faults import StoreRefused
from portero_server.store.rows import DialectName, whole
from portero_server.store.schema import OUTCOME_COLUMNS

_TOGETHER = 200
"""Most streams of one statement: a database goes through its CASEs for each of them."""

_COUNTERS = tuple(OUTCOME_COLUMNS.values())


@dataclass(slots=True)
class Progress:
    """How one stream moves on.

    Attributes:
        stream_id: Its row, which the transaction holds.
        durable_sequence: The new watermark.
        counted: Column of a counter to what is added to it.
        open_tracks: The new text; None leaves what is stored.
    """

    stream_id: int
    durable_sequence: int
    counted: dict[str, int] = field(default_factory=dict)
    open_tracks: str | None = None


async def move_streams(connection: AsyncConnection, dialect: DialectName, progress: Sequence[Progress]) -> None:
    """Moves streams on; they must be different ones.

    Raises:
        StoreRefused: A number has more than 64 bits.
    """
    marker = "%s" if dialect == "mysql" else "?"
    for start in range(0, len(progress), _TOGETHER):
        try:
            statement, parameters = _moving(progress[start : start + _TOGETHER], marker)
        except ValueError as error:
            raise StoreRefused(f"a value cannot be stored: {error}") from None
        await connection.exec_driver_sql(statement, parameters)


def _moving(progress: Sequence[Progress], marker: str) -> tuple[str, tuple[Any, ...]]:
    # Only what changes is named, most often the watermark and one counter. Numbers stand in the statement, texts,
    # which may name people, are parameters. A join with JSON_TABLE costs six times as much.
    changes = [f"durable_sequence = {_by_stream((each.stream_id, each.durable_sequence) for each in progress)} END"]
    for column in _COUNTERS:
        counted = [(each.stream_id, each.counted[column]) for each in progress if each.counted.get(column)]
        if counted:
            changes.append(f"{column} = {column} + {_by_stream(counted)} ELSE 0 END")
    texts = [(each.stream_id, each.open_tracks) for each in progress if each.open_tracks is not None]
    if texts:
        arms = " ".join(f"WHEN {whole(stream_id)} THEN {marker}" for stream_id, _ in texts)
        changes.append(f"open_tracks = CASE stream_id {arms} ELSE open_tracks END")
    which = ", ".join(str(whole(each.stream_id)) for each in progress)
    statement = f"UPDATE streams SET {', '.join(changes)} WHERE stream_id IN ({which})"  # noqa: S608 - whole numbers
    return statement, tuple(text for _, text in texts)


def _by_stream(numbers: Iterable[tuple[int, int]]) -> str:
    arms = " ".join(f"WHEN {whole(stream_id)} THEN {whole(number)}" for stream_id, number in numbers)
    return f"CASE stream_id {arms}"
