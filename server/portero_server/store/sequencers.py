"""Positions that only grow and become visible in order, whatever the number of server processes."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.store.schema import sequencers

SequencerName = Literal["events", "gallery"]


async def take_positions(connection: AsyncConnection, name: SequencerName, count: int) -> int:
    """Takes `count` positions and gives the first.

    The row stays locked until the transaction ends, so a reader who sees a position sees all before it.
    Take them as late as possible.
    """
    own = sequencers.c.name == name
    await connection.execute(update(sequencers).where(own).values(position=sequencers.c.position + count))
    last: int = (await connection.execute(select(sequencers.c.position).where(own))).scalar_one()
    return last - count + 1


async def last_position(connection: AsyncConnection, name: SequencerName) -> int:
    """Returns the highest position taken by a committed transaction; 0 when there is none."""
    position: int = (
        await connection.execute(select(sequencers.c.position).where(sequencers.c.name == name))
    ).scalar_one()
    return position
