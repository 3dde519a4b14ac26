"""Moves the watermarks, counters and open tracks of many streams with one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.store.bulk.incoming import DialectName, whole
from portero_server.store.faults import StoreRefused

_TOGETHER = 200
"""Largest number of streams per statement: the database evaluates its CASEs for each of them."""


@dataclass(slots=True)
class WatermarkRow:
    """The new state of one stream.

    Attributes:
        stream_id: Its row, which the transaction holds.
        durable_sequence: The new watermark.
        counted: Column of a counter, of OUTCOME_COLUMNS, to what is added to it.
        open_tracks: The new text; None leaves what is stored.
    """

    stream_id: int
    durable_sequence: int
    counted: dict[str, int] = field(default_factory=dict)
    open_tracks: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """What a session assumes about its stream; applied only if the stream's row agrees.

    Attributes:
        session: The session that claims it.
        moves: Whether the watermark is below the new one; else it stands there already.
        progress: How the stream moves on if that is true.
    """

    session: str
    moves: bool
    progress: WatermarkRow


async def move_claimed(connection: AsyncConnection, dialect: DialectName, claims: Sequence[Claim]) -> bool:
    """Moves different streams as claimed. Returns whether all claims were true.

    Moved rows stay locked until the transaction ends: their owner cannot change, and nobody else writes sightings of
    these cameras. If one claim was false, the other streams have been moved anyway: the caller must roll back.

    Raises:
        StoreRefused: A number has more than 64 bits.
    """
    moved = 0
    # In order of id, as everybody locks them.
    ordered = sorted(claims, key=lambda claim: claim.progress.stream_id)
    for start in range(0, len(ordered), _TOGETHER):
        together = ordered[start : start + _TOGETHER]
        moved += await _move(connection, dialect, [claim.progress for claim in together], together)
    return moved == len(ordered)


async def move_streams(connection: AsyncConnection, dialect: DialectName, progress: Sequence[WatermarkRow]) -> None:
    """Moves streams, which must be different ones.

    Raises:
        StoreRefused: A number has more than 64 bits.
    """
    for start in range(0, len(progress), _TOGETHER):
        await _move(connection, dialect, progress[start : start + _TOGETHER])


async def _move(
    connection: AsyncConnection, dialect: DialectName, progress: Sequence[WatermarkRow], claims: Sequence[Claim] = ()
) -> int:
    marker = "%s" if dialect == "mysql" else "?"
    try:
        whens = {each.stream_id: f"WHEN {whole(each.stream_id)} THEN " for each in progress}
        changes, texts = _changes(progress, whens, marker)
        condition, sessions = _condition(claims, whens, marker)
    except ValueError as error:
        raise StoreRefused(f"a value cannot be stored: {error}") from None
    which = ", ".join(map(str, whens))
    statement = f"UPDATE streams SET {changes} WHERE stream_id IN ({which}){condition}"  # noqa: S608 - whole numbers
    # Rows found count, whether or not they change: in MySQL by CLIENT_FOUND_ROWS, in SQLite always.
    return (await connection.exec_driver_sql(statement, texts + sessions)).rowcount


def _changes(progress: Sequence[WatermarkRow], whens: Mapping[int, str], marker: str) -> tuple[str, tuple[Any, ...]]:
    # Only what changes is named, most often the watermark and one counter. Numbers stand in the statement, texts,
    # which may name people, are parameters. A join with JSON_TABLE costs six times as much.
    changes = [f"durable_sequence = {_by_stream(whens, _reached(progress))} END"]
    for column in sorted({column for each in progress for column in each.counted}):
        counted = [(each.stream_id, each.counted[column]) for each in progress if each.counted.get(column)]
        if counted:
            changes.append(f"{column} = {column} + {_by_stream(whens, counted)} ELSE 0 END")
    texts = [(each.stream_id, each.open_tracks) for each in progress if each.open_tracks is not None]
    if texts:
        arms = " ".join([whens[stream_id] + marker for stream_id, _ in texts])
        changes.append(f"open_tracks = CASE stream_id {arms} ELSE open_tracks END")
    return ", ".join(changes), tuple([text for _, text in texts])


def _condition(claims: Sequence[Claim], whens: Mapping[int, str], marker: str) -> tuple[str, tuple[Any, ...]]:
    """Returns the SQL condition that each row must meet, beginning with AND, and its parameters.

    Both are empty without claims.
    """
    if not claims:
        return "", ()
    owners = " ".join([whens[claim.progress.stream_id] + marker for claim in claims])
    moving = _reached([claim.progress for claim in claims if claim.moves])
    standing = _reached([claim.progress for claim in claims if not claim.moves])
    # A CASE without an arm for the row is null, which nothing is less than or equal to.
    places = [
        f"durable_sequence {relation} {_by_stream(whens, reached)} END"
        for relation, reached in (("<", moving), ("=", standing))
        if reached
    ]
    sessions = tuple([claim.session for claim in claims])
    return f" AND session = CASE stream_id {owners} END AND ({' OR '.join(places)})", sessions


def _reached(progress: Sequence[WatermarkRow]) -> list[tuple[int, int]]:
    return [(each.stream_id, each.durable_sequence) for each in progress]


def _by_stream(whens: Mapping[int, str], numbers: Sequence[tuple[int, int]]) -> str:
    arms = " ".join([f"{whens[stream_id]}{whole(number)}" for stream_id, number in numbers])
    return f"CASE stream_id {arms}"
