"""Positions that only increase and become visible in order, across all server processes."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.store.schema import sequencers

SequencerName = Literal[
    "events",
    "gallery",
    "check_ins",
    "visitors",
    "collections",
    "attendance_changes",
    "attendance_notices",
    "export_days",
]


async def take_positions(connection: AsyncConnection, name: SequencerName, count: int) -> int:
    """Reserves `count` positions and returns the first.

    The row stays locked until the transaction ends, so that a reader who sees a position sees all before it. Reserve
    them as late as possible.
    """
    own = sequencers.c.name == name
    await connection.execute(update(sequencers).where(own).values(position=sequencers.c.position + count))
    last: int = (await connection.execute(select(sequencers.c.position).where(own))).scalar_one()
    return last - count + 1


async def last_position(connection: AsyncConnection, name: SequencerName) -> int:
    """Returns the highest position reserved by a committed transaction, or 0 if there is none."""
    position: int = (
        await connection.execute(select(sequencers.c.position).where(sequencers.c.name == name))
    ).scalar_one()
    return position
