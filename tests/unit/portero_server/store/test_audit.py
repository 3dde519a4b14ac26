"""The audit trail in the database: one chain of many writers, tampering found, retention that says so."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, insert, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.audit.chain import GENESIS, Actor, Anchor, AuditOutcome, Deed, Entry, Head
from portero_server.domain.audit.check import ChainCheck, Finding, Tampering
from portero_server.store.audit import AuditStore, append_deeds, retire_oldest
from portero_server.store.database import Database
from portero_server.store.faults import StoreRefused
from portero_server.store.schema import audit_entries, audit_head
from tests.support.server.audit_chains import MOMENT, WAYS, deed
from tests.support.time.timeouts import PATIENCE

PAGE = 4


@pytest.fixture
def trail(database: Database) -> AuditStore:
    """The trail of the database."""
    return AuditStore(database)


async def retire(database: Database, before: datetime, at: datetime) -> int:
    """Retires ten entries at most."""
    return await database.run(lambda connection: retire_oldest(connection, before, at, 10))


async def checked(trail: AuditStore, anchors: Sequence[Anchor] = ()) -> Sequence[Finding]:
    """Checks the stored chain."""
    head = await trail.head()
    checking = ChainCheck(head.base_count, head.base_digest, anchors)
    after = 0
    while True:
        entries, head = await trail.page(after, PAGE)
        if not entries:
            return checking.finish(head)
        checking.feed(entries)
        after = entries[-1].position


async def stored(trail: AuditStore) -> list[Entry]:
    """Returns every entry."""
    return [*reversed(await trail.newest(1000))]


async def replace_all(database: Database, entries: Sequence[Entry]) -> None:
    """Has the table hold exactly these entries, as somebody with access to the database could."""
    rows = [
        {
            "position": entry.position,
            "happened_at": entry.at,
            "subject": entry.deed.actor.subject,
            "peer": entry.deed.actor.peer,
            "method": entry.deed.actor.method,
            "credential": entry.deed.actor.credential,
            "action": entry.deed.action,
            "resource": entry.deed.resource,
            "outcome": entry.deed.outcome.value,
            "reason": entry.deed.reason,
            "count": entry.deed.count,
            "previous": entry.previous,
            "digest": entry.digest,
        }
        for entry in entries
    ]

    async def unit(connection: AsyncConnection) -> None:
        await connection.execute(delete(audit_entries))
        await connection.execute(insert(audit_entries), rows)

    await database.run(unit)


async def test_what_is_appended_is_read_back(trail: AuditStore) -> None:
    """Entries come back as they were sealed, with letters of any script, and their chain is sound."""
    odd = Deed(
        Actor("users/zoë-👋", "2001:db8::1", "token", "t'1\\"), "audit.test", " people/ñ ", AuditOutcome.DENIED, "R", 3
    )
    appended = await trail.append([deed(1), odd], MOMENT)
    assert await stored(trail) == list(appended)
    assert await trail.head() == Head(2, appended[-1].digest)
    assert await checked(trail) == ()


async def test_an_empty_trail_is_sound(trail: AuditStore) -> None:
    """A database that was just migrated holds an empty, sound chain, and appending nothing leaves it so."""
    assert await trail.append([], MOMENT) == ()
    assert await trail.head() == Head()
    assert await checked(trail) == ()


async def test_several_servers_write_one_chain(database_url: str) -> None:
    """Appends of three servers at once, of one deed or several, make one chain without gap or fork."""
    servers = [Database(database_url, pool_size=3, timeout=PATIENCE) for _ in range(3)]
    trails = [AuditStore(server) for server in servers]
    await asyncio.gather(
        *(trails[number % 3].append([deed(number)] * (1 + number % 2), MOMENT) for number in range(36))
    )
    assert (await trails[0].head()).count == 54
    assert await checked(trails[1]) == ()
    for server in servers:
        await server.aclose()


async def test_a_unit_that_fails_leaves_no_entry(database: Database, trail: AuditStore) -> None:
    """An entry appended within a unit of work goes when the unit fails."""

    async def unit(connection: AsyncConnection) -> None:
        await append_deeds(connection, [deed(1)], MOMENT)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await database.run(unit)
    assert await trail.head() == Head()
    assert await stored(trail) == []


@pytest.mark.parametrize("way", WAYS)
async def test_tampering_in_the_database_is_found(way: str, database: Database, trail: AuditStore) -> None:
    """Rows edited, removed, reordered, inserted or cut off are found, and called what they are."""
    await trail.append([deed(number) for number in range(11)], MOMENT)
    tamper, kind = WAYS[way]
    await replace_all(database, tamper(await stored(trail), 6))
    (finding,) = await checked(trail)
    assert (finding.kind, finding.first) == (kind, 6)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET peer = '192.0.2.99' WHERE position = 3",
        "UPDATE audit_entries SET happened_at = '2026-01-01 00:00:00.000000' WHERE position = 3",
        "UPDATE audit_entries SET outcome = 'denied' WHERE position = 3",
        "UPDATE audit_entries SET outcome = 'whatever' WHERE position = 3",
        "UPDATE audit_entries SET reason = 'X' WHERE position = 3",
        "UPDATE audit_entries SET count = 2 WHERE position = 3",
        "UPDATE audit_entries SET digest = '' WHERE position = 3",
        "UPDATE audit_entries SET previous = 'none' WHERE position = 3",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET count = 99",
        "UPDATE audit_head SET digest = ''",
        "UPDATE audit_head SET base_count = 2",
    ],
)
async def test_a_single_statement_is_found(statement: str, database: Database, trail: AuditStore) -> None:
    """Whatever one statement changes in the entries or in the head is found."""
    await trail.append([deed(number) for number in range(5)], MOMENT)

    async def unit(connection: AsyncConnection) -> None:
        await connection.execute(text(statement))

    await database.run(unit)
    assert await checked(trail)


async def test_nothing_is_appended_to_a_chain_without_end(database: Database, trail: AuditStore) -> None:
    """A trail whose head is gone, or points where an entry stands already, refuses entries rather than lose them."""
    await trail.append([deed(1), deed(2)], MOMENT)

    async def turn_back(connection: AsyncConnection) -> None:
        await connection.execute(update(audit_head).values(count=1, digest=GENESIS))

    async def lose(connection: AsyncConnection) -> None:
        await connection.execute(delete(audit_head))

    for harm in (turn_back, lose):
        await database.run(harm)
        with pytest.raises(StoreRefused):
            await trail.append([deed(3)], MOMENT)
    assert len(await stored(trail)) == 2


async def test_lists_the_newest_first(trail: AuditStore) -> None:
    """Entries are listed newest first, page by page."""
    await trail.append([deed(number) for number in range(5)], MOMENT)
    first = await trail.newest(2)
    assert [entry.position for entry in first] == [5, 4]
    assert [entry.position for entry in await trail.newest(9, before=first[-1].position)] == [3, 2, 1]


async def test_retention_removes_the_oldest_and_says_so(database: Database, trail: AuditStore) -> None:
    """Entries before a time go, an entry names what went, and what is left verifies."""
    for day in range(6):
        await trail.append([deed(day)], MOMENT + timedelta(days=day))
    now = MOMENT + timedelta(days=6)
    assert await retire(database, MOMENT + timedelta(days=4), now) == 4
    assert [entry.position for entry in await stored(trail)] == [5, 6, 7]
    assert await checked(trail) == ()
    assert await retire(database, MOMENT + timedelta(days=4), now) == 0


async def test_retention_stops_at_the_first_younger_entry(database: Database, trail: AuditStore) -> None:
    """An old entry behind a younger one, as clocks of two servers make them, waits for the younger one."""
    await trail.append([deed(1)], MOMENT + timedelta(days=3))
    await trail.append([deed(2)], MOMENT)
    await trail.append([deed(3)], MOMENT + timedelta(days=4))
    assert await retire(database, MOMENT + timedelta(days=1), MOMENT + timedelta(days=5)) == 0
    assert (await trail.head()).base_count == 0


async def test_retention_goes_on_where_it_stopped(database: Database, trail: AuditStore) -> None:
    """A long trail is retired so many entries at a time, and its last entry stays."""
    await trail.append([deed(number) for number in range(15)], MOMENT)
    later = MOMENT + timedelta(days=1)
    assert await retire(database, later, later) == 10
    assert await checked(trail) == ()
    assert await retire(database, later, later) == 5
    assert await retire(database, later, later) == 0
    assert await checked(trail) == ()


def test_tampering_has_five_kinds_and_a_sixth() -> None:
    """The ways tried here cover every kind of tampering that the entries and the head alone can show."""
    assert {kind for _, kind in WAYS.values()} == set(Tampering) - {Tampering.REWRITTEN}
