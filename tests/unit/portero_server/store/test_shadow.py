"""Figures of searches of both collections add up across servers: on both databases."""

from __future__ import annotations

import asyncio

from portero_server.domain.people.shadow import ShadowOutcome, ShadowTally
from portero_server.store.database import Database
from portero_server.store.shadow import ShadowStore


async def test_servers_add_to_the_same_figures(database: Database) -> None:
    """At once too; each collection that stood by has its own."""
    first, second = ShadowStore(database), ShadowStore(database)
    assert await first.tally(2) == ShadowTally()
    await asyncio.gather(
        first.add(2, {ShadowOutcome.SAME: 3, ShadowOutcome.UNASKED: 1}),
        second.add(2, {ShadowOutcome.SAME: 4, ShadowOutcome.OTHER: 1}),
    )
    await first.add(4, {ShadowOutcome.NEITHER: 5})
    await first.add(4, {})
    assert await second.tally(2) == ShadowTally(
        {ShadowOutcome.SAME: 7, ShadowOutcome.OTHER: 1, ShadowOutcome.UNASKED: 1}
    )
    assert await second.tally(4) == ShadowTally({ShadowOutcome.NEITHER: 5})
