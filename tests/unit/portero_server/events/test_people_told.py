"""Who has a message, as one server remembers it."""

from __future__ import annotations

from portero_server.domain.events.message import TEST_ID
from tests.support.store.memory_told import MemoryTold


async def test_what_one_server_notes_another_one_knows() -> None:
    """Of each subscription by itself, until the message is forgotten."""
    kept = MemoryTold()
    one, other, apart = kept.people(), kept.people(), kept.people("s2")
    assert await one.of("evt_1") == frozenset()
    await one.note("evt_1", {0, 2})
    assert (await one.of("evt_1"), await other.of("evt_1"), await apart.of("evt_1")) == ({0, 2}, {0, 2}, frozenset())
    await other.note("evt_1", {0, 1, 2})
    assert await one.of("evt_1") == {0, 1, 2}
    await one.forget("evt_1")
    await other.forget("evt_1")
    assert (await one.of("evt_1"), await other.of("evt_1")) == (frozenset(), frozenset())


async def test_each_test_is_sent_to_all() -> None:
    """Their messages have the same id."""
    kept = MemoryTold()
    told = kept.people()
    await told.note(TEST_ID, {0})
    assert (await told.of(TEST_ID), kept.told) == (frozenset(), {})


async def test_a_database_that_is_away_is_no_fault_when_something_is_noted_or_forgotten() -> None:
    """A thousand messages are remembered here."""
    kept = MemoryTold()
    told = kept.people()
    kept.broken = True
    for number in range(1001):
        await told.note(f"evt_{number}", {1})
    await told.forget("evt_7")
    kept.broken = False
    assert [await told.of(f"evt_{number}") for number in (0, 1, 7, 1000)] == [frozenset(), {1}, frozenset(), {1}]
