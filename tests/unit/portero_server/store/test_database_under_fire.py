"""MariaDB going away in every way: deadlocks, lost connections, failover, black holes, unknown commits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import aiomysql
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.recording.sightings import CommitResult
from portero_server.domain.streams.frames import FrameOutcome
from portero_server.errors import StoreUnavailable
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.faults import CommitUnknown
from portero_server.store.schema import sequencers
from portero_server.store.schema import streams as stream_rows
from portero_server.store.sightings import SightingStore
from portero_server.store.streams import StreamStore
from tests.support.store.commits import commit_of, decided
from tests.support.store.fixtures import cleaned_schema
from tests.support.store.mariadb import MariaDB
from tests.support.store.proxy import DatabaseProxy, OnCommit
from tests.support.time.timeouts import PATIENCE
from tests.support.time.virtual_time import ManualClock
from tests.unit.portero_server.store.test_database import Observed, adding, stored


@pytest.fixture
def database_url(mariadb: MariaDB, migrated_schema: str) -> str:
    """The address of an emptied MariaDB schema."""
    return cleaned_schema(mariadb, migrated_schema)


@pytest.fixture
def observer() -> Observed:
    """Keeps what happens to units."""
    return Observed()


@pytest.fixture
async def proxy(database_url: str) -> AsyncIterator[DatabaseProxy]:
    """A breakable way to the database."""
    async with DatabaseProxy(database_url) as proxy:
        yield proxy


@pytest.fixture
async def remote(proxy: DatabaseProxy, observer: Observed) -> AsyncIterator[Database]:
    """The database through the proxy."""
    database = Database(proxy.url, pool_size=3, timeout=PATIENCE, observer=observer)
    yield database
    proxy.let_go()
    await database.aclose()


async def test_a_deadlock_is_run_again(database_url: str, observer: Observed) -> None:
    """Of two units that wait for each other, the one the database ends is run again; both succeed."""
    database = Database(database_url, pool_size=3, timeout=PATIENCE, observer=observer)
    both_hold_one = asyncio.Barrier(2)
    met: set[str] = set()

    async def take(connection: AsyncConnection, first: str, second: str) -> None:
        for name in (first, second):
            row = update(sequencers).where(sequencers.c.name == name).values(position=sequencers.c.position + 1)
            await connection.execute(row)
            if name == first and first not in met:
                met.add(first)
                await both_hold_one.wait()

    await asyncio.gather(
        database.run(lambda connection: take(connection, "events", "gallery")),
        database.run(lambda connection: take(connection, "gallery", "events")),
    )
    assert sorted(retries for _, retries, _ in observer.units) == [0, 1]
    assert observer.outcomes == ["committed", "committed"]

    async def positions(connection: AsyncConnection) -> list[int]:
        taken = sequencers.c.name.in_(("events", "gallery"))
        return list(await connection.scalars(select(sequencers.c.position).where(taken)))

    assert await database.read(positions) == [2, 2]
    await database.aclose()


async def test_a_lost_connection_is_replaced(database_url: str, mariadb: MariaDB, observer: Observed) -> None:
    """A unit whose connection is killed is run again from the start on another one."""
    database = Database(database_url, pool_size=2, timeout=PATIENCE, observer=observer)
    tried: list[int] = []

    async def unit(connection: AsyncConnection) -> None:
        tried.append((await connection.execute(text("SELECT CONNECTION_ID()"))).scalar_one())
        await adding("first half")(connection)
        if len(tried) == 1:
            mariadb.execute(f"KILL {tried[0]}")
        await adding("second half")(connection)

    await database.run(unit)
    assert len(set(tried)) == 2
    assert await stored(database) == {"first half", "second half"}
    assert observer.units[0][1:] == (1, "committed")
    await database.aclose()


async def test_a_restarted_server_is_found_again(database_url: str, mariadb: MariaDB) -> None:
    """A server that crashes and comes back within the time costs retries and nothing else."""
    database = Database(database_url, pool_size=3, timeout=PATIENCE)
    await asyncio.gather(*(database.run(adding(f"before {number}")) for number in range(3)))
    crashed = False

    async def unit(connection: AsyncConnection) -> None:
        nonlocal crashed
        await adding("during")(connection)
        if not crashed:
            crashed = True
            mariadb.kill()
            mariadb.start()
        await adding("after")(connection)

    await database.run(unit)
    assert await stored(database) == {"before 0", "before 1", "before 2", "during", "after"}
    await database.aclose()


async def test_a_former_writer_is_left(database_url: str, mariadb: MariaDB, observer: Observed) -> None:
    """A server that has become read-only is treated as lost: the unit goes on over a new connection."""
    mariadb.execute(
        "CREATE OR REPLACE USER plain@'127.0.0.1'", "GRANT ALL ON portero.* TO plain@'127.0.0.1'", "FLUSH PRIVILEGES"
    )
    database = Database(database_url.replace("root@", "plain@"), pool_size=2, timeout=PATIENCE, observer=observer)
    tried: list[int] = []

    async def unit(connection: AsyncConnection) -> None:
        tried.append((await connection.execute(text("SELECT CONNECTION_ID()"))).scalar_one())
        mariadb.execute(f"SET GLOBAL read_only = {'ON' if len(tried) == 1 else 'OFF'}")
        await adding("a")(connection)

    try:
        await database.run(unit)
    finally:
        mariadb.execute("SET GLOBAL read_only = OFF")
    assert len(set(tried)) == 2
    assert observer.units[0][1:] == (1, "committed")
    await database.aclose()


async def test_a_black_hole_costs_one_timeout(
    remote: Database, proxy: DatabaseProxy, observer: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When nothing gets through, units end in time, the loop goes on, and every connection is replaced afterward."""
    await asyncio.gather(*(remote.run(adding(f"before {number}")) for number in range(3)))
    proxy.stall()
    # Patient while things work, so that a busy machine does not look like a black hole.
    with monkeypatch.context() as impatience:
        impatience.setattr(remote, "_timeout", 0.3)
        asked = asyncio.gather(*(remote.run(adding("lost")) for _ in range(5)), return_exceptions=True)
        turns = 0
        while not asked.done():
            turns += 1
            await asyncio.sleep(0)
        assert turns > 100
        assert {str(answer) for answer in await asked} == {"the database did not answer within 0.3 s"}
    proxy.flow()
    await asyncio.gather(*(remote.run(adding(f"after {number}")) for number in range(3)))
    assert len(await stored(remote)) == 6
    assert observer.outcomes[3:] == ["unavailable"] * 5 + ["committed"] * 3 + ["read"]


async def test_a_black_hole_while_committing_is_unknown(
    remote: Database, proxy: DatabaseProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit that gets no answer in time is neither called done nor called failed."""
    await remote.check()
    proxy.on_commit = OnCommit.HOLD
    monkeypatch.setattr(remote, "_timeout", 1.5)
    with pytest.raises(CommitUnknown, match="in time"):
        await remote.run(adding("a"))


@pytest.mark.parametrize(("how", "is_stored"), [(OnCommit.CUT_BEFORE, False), (OnCommit.CUT_AFTER, True)])
async def test_a_cut_commit_is_unknown(
    how: OnCommit, is_stored: bool, remote: Database, proxy: DatabaseProxy, observer: Observed
) -> None:
    """A connection lost while committing raises CommitUnknown, whether the commit happened or not."""
    await remote.check()
    proxy.on_commit = how
    with pytest.raises(CommitUnknown):
        await remote.run(adding("a"))
    proxy.on_commit = OnCommit.PASS
    assert await stored(remote) == ({"a"} if is_stored else set())
    assert observer.outcomes == ["read", "unknown", "read"]


@pytest.mark.parametrize("how", [OnCommit.CUT_BEFORE, OnCommit.CUT_AFTER])
async def test_an_unknown_group_commit_is_simply_repeated(
    how: OnCommit, remote: Database, proxy: DatabaseProxy, clock: ManualClock
) -> None:
    """Handing in the same commits again after an unknown outcome stores them exactly once."""
    recording, sightings = Recording(remote, clock), SightingStore(remote)
    stream = await StreamStore(remote, clock).open("door", "e1", "s1")
    commit = commit_of(stream, decided("t1", None, 0), decided("t2", None, 1), sequence=9)
    proxy.on_commit = how
    with pytest.raises(CommitUnknown):
        await recording.commit([commit])
    proxy.on_commit = OnCommit.PASS
    result = await recording.commit([commit])
    events = await sightings.events_after(0)
    assert [event.sighting.sighting_id for event in events] == list(result.sighting_of.values())
    assert (await StreamStore(remote, clock).get(stream.stream_id)).durable_sequence == 9


async def test_a_commit_that_waits_for_its_successor_is_refused(database_url: str, mariadb: MariaDB) -> None:
    """A session's commit that waits while another session takes the stream writes nothing once it goes on."""
    database = Database(database_url, pool_size=3, timeout=5)
    streams, recording = StreamStore(database, ManualClock()), Recording(database, ManualClock())
    old = await streams.open("door", "e1", "old")
    part = replace(commit_of(old, decided("t1", None, 0), sequence=50), outcomes={FrameOutcome.WITH_FACES: 50})
    writing: list[asyncio.Task[CommitResult]] = []

    async def take_over(connection: AsyncConnection) -> None:
        await connection.execute(update(stream_rows).values(session="new"))
        writing.append(asyncio.create_task(recording.commit([part])))
        waits = "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
        waiting = 0
        while not waiting:
            # What InnoDB tells of its transactions is refreshed only if nobody has asked for 0.1 s.
            await asyncio.sleep(0.15)
            ((waiting,),) = await asyncio.to_thread(mariadb.execute, waits)

    await database.run(take_over)
    assert (await writing[0]).superseded == {"old"}
    assert (await streams.get(old.stream_id)).durable_sequence == 0
    assert await SightingStore(database).last_position() == 0
    await database.aclose()


async def test_a_commit_outlives_its_caller(
    remote: Database, database: Database, proxy: DatabaseProxy, observer: Observed
) -> None:
    """A caller canceled while the commit is under way cannot cancel it."""
    await remote.check()
    proxy.on_commit = OnCommit.HOLD
    caller = asyncio.create_task(remote.run(adding("a")))
    await proxy.committed.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert observer.outcomes == ["read"]
    proxy.let_go()
    await remote.aclose()
    assert observer.outcomes == ["read", "committed"]
    assert await stored(database) == {"a"}


async def test_an_unreachable_server_is_named_as_such(mariadb: MariaDB) -> None:
    """Nobody listening, a wrong name and a wrong user are told apart, and no address is given away."""
    for url, problem in (
        ("mysql+aiomysql://root@127.0.0.1:1/portero", "cannot be reached"),
        (mariadb.url("nowhere"), "no database of this name"),
        (mariadb.url("portero").replace("root@", "nobody:secret@"), "refuses the user or the password"),
    ):
        database = Database(url, pool_size=1, timeout=PATIENCE)
        with pytest.raises(StoreUnavailable, match=problem) as caught:
            await database.check()
        assert "127.0.0.1" not in str(caught.value)
        assert "secret" not in str(caught.value) + database.address
        await database.aclose()


async def test_a_commit_is_followed_by_no_rollback(database_url: str) -> None:
    """A connection whose transaction is over goes back to the pool without another question to the server."""
    database = Database(database_url, pool_size=1, timeout=PATIENCE)

    async def rollbacks(connection: AsyncConnection) -> int:
        row = (await connection.execute(text("SHOW SESSION STATUS LIKE 'Com_rollback'"))).one()
        return int(row[1])

    before = await database.run(rollbacks)
    for key in ("a", "b", "c"):
        await database.run(adding(key))
    assert await database.run(rollbacks) == before
    await database.aclose()


async def test_a_refused_commit_leaves_nothing_in_its_connection(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the server answers a COMMIT with an error, the next unit on that connection commits its own rows alone."""
    database = Database(database_url, pool_size=1, timeout=PATIENCE)
    await database.check()

    async def refuse(_: object) -> None:
        raise aiomysql.OperationalError(3101, "the commit was refused")

    with monkeypatch.context() as patched:
        patched.setattr(aiomysql.Connection, "commit", refuse)
        with pytest.raises(StoreUnavailable):
            await database.run(adding("refused"))
    await database.run(adding("after"))
    assert await stored(database) == {"after"}
    await database.aclose()
