"""Strangers are compared away from the frames, once their sightings are stored."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from portero_server.domain.people.visitors import Stranger, StrangerFace, VisitorOutcome, VisitorPolicy
from portero_server.gallery.visitors import VisitorRules, Visitors, distances_to
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.streams import StreamStore
from portero_server.store.visitors import VisitorStore
from portero_server.telemetry.metrics import Metrics
from tests.support.store.commits import decided
from tests.support.store.fixtures import database, database_url
from tests.support.store.visitors import GAP, Strangers, face_at
from tests.support.time.virtual_time import ManualClock

__all__ = ["database", "database_url"]

RULES = VisitorRules("m1", VisitorPolicy(), most_visitors=100)


class Site:
    """A site with as many servers as a test asks for."""

    def __init__(self, database: Database) -> None:
        self.clock = ManualClock()
        self.database = database
        self.store = VisitorStore(database, self.clock, visit_gap=GAP)
        self.strangers = Strangers(StreamStore(database, self.clock), Recording(database, self.clock))
        self.metrics = Metrics(version="0", engine="local")
        self.notified: list[int] = []

    def server(self, rules: VisitorRules = RULES) -> Visitors:
        """Returns the work of one server."""
        return Visitors(self.store, rules, self.clock, self.metrics.visitors, self.notified.append)

    async def seen(self, track_id: str, at: float) -> None:
        """Stores a stranger's sighting."""
        await self.strangers.commit(decided(track_id, None, at, at + 20))

    def counted(self, outcome: VisitorOutcome) -> int:
        """Returns how many strangers came to this."""
        labels = {"outcome": outcome.value}
        return int(self.metrics.registry.get_sample_value("portero_visitor_strangers_total", labels) or 0)


@pytest.fixture
def site(database: Database) -> Site:
    """A site without visitors."""
    return Site(database)


def stranger(track_id: str, *faces: StrangerFace) -> Stranger:
    """Returns a stranger's track."""
    return Stranger(track_id, "door", faces or (face_at(0),))


async def _met(visitors: Visitors, who: Stranger) -> str | None:
    told = visitors.offer(who)
    await visitors.round()
    return told.result()


async def test_a_stranger_who_comes_back_is_told_by_the_same_id(site: Site) -> None:
    """On another day; somebody else gets another id, and each id is notified of."""
    visitors = site.server()
    for track_id, at in (("t1", 0), ("t2", 86_400), ("t3", 90_000)):
        await site.seen(track_id, at)
    first = await _met(visitors, stranger("t1"))
    assert first is not None
    assert await _met(visitors, stranger("t2", face_at(0, 0.3))) == first
    assert await _met(visitors, stranger("t3", face_at(5))) not in (None, first)
    assert len(site.notified) == 3
    assert (site.counted(VisitorOutcome.NEW), site.counted(VisitorOutcome.KNOWN)) == (2, 1)
    assert site.metrics.registry.get_sample_value("portero_visitor_returns_total") == 1


async def test_two_servers_make_one_visitor_of_one_stranger(site: Site) -> None:
    """However they overlap, whoever comes second sees what the first has made."""
    servers = [site.server() for _ in range(4)]
    for number in range(len(servers)):
        await site.seen(f"t{number}", 600.0 * number)
    told = [visitors.offer(stranger(f"t{number}")) for number, visitors in enumerate(servers)]
    await asyncio.gather(*(visitors.round() for visitors in servers))
    assert len({each.result() for each in told}) == 1
    assert len(await site.store.list(10)) == 1


async def test_a_stranger_waits_for_the_sighting_and_not_for_ever(site: Site) -> None:
    """It is looked for again after each commit; half a minute later none is expected."""
    visitors = site.server()
    late, never = visitors.offer(stranger("t1")), visitors.offer(stranger("t2", face_at(3)))
    await visitors.round()
    assert not late.done()
    await site.seen("t1", 0)
    await visitors.round()
    assert late.result() is not None
    site.clock.advance(31)
    await visitors.round()
    assert never.result() is None
    assert site.counted(VisitorOutcome.UNSTORED) == 1


async def test_the_work_runs_when_events_come(site: Site) -> None:
    """A commit that notifies wakes it, so that the bridge is told soon."""
    visitors = site.server()
    running = asyncio.create_task(visitors.run())
    told = visitors.offer(stranger("t1"))
    await site.seen("t1", 0)
    visitors.notify(1)
    async with asyncio.timeout(30):
        assert await told is not None
    running.cancel()


@pytest.mark.parametrize(
    ("rules", "outcome"),
    [
        (replace(RULES, forbidden_sites=frozenset({""})), None),
        (replace(RULES, most_visitors=1), VisitorOutcome.FULL),
    ],
)
async def test_a_site_may_forbid_it_and_knows_only_so_many(
    site: Site, rules: VisitorRules, outcome: VisitorOutcome | None
) -> None:
    """Nothing is stored of a stranger then."""
    await site.seen("t1", 0)
    await _met(site.server(), stranger("t1"))
    await site.seen("t2", 600)
    assert await _met(site.server(rules), stranger("t2", face_at(7))) is None
    assert len(await site.store.list(10)) == 1
    if outcome is not None:
        assert site.counted(outcome) == 1


async def test_somebody_between_two_visitors_is_neither(site: Site) -> None:
    """A visit that could be either's gets no visitor, and nothing of it is kept."""
    visitors = site.server()
    for number, off in enumerate((0.0, 0.6)):
        await site.seen(f"t{number}", 600.0 * number)
        assert await _met(visitors, stranger(f"t{number}", face_at(0, off))) is not None
    await site.seen("t2", 3000)
    assert await _met(visitors, stranger("t2", face_at(0, 0.3))) is None
    assert site.counted(VisitorOutcome.UNSURE) == 1
    assert [each.encodings for each in await site.store.list(10)] == [1, 1]


async def test_more_strangers_than_may_wait_are_dropped(site: Site) -> None:
    """The streams never wait for it."""
    visitors = site.server()
    told = [visitors.offer(stranger(f"t{number}")) for number in range(257)]
    assert [each.done() for each in told] == [False] * 256 + [True]
    assert site.counted(VisitorOutcome.DROPPED) == 1


@pytest.mark.parametrize("looks", [[0.0], [-0.2, 0.2]])
def test_the_middle_of_the_looks_is_compared_with_the_nearest_encoding(looks: Sequence[float]) -> None:
    """Looks that miss to both sides are as near as their middle."""
    seen = np.asarray([face_at(0, off).encoding for off in looks], np.float32)
    known = np.asarray([face_at(0, 0.5).encoding, face_at(0, 0.3).encoding, face_at(2).encoding], np.float32)
    assert distances_to(seen, ["a", "a", "b"], known) == pytest.approx({"a": 0.3, "b": 2**0.5}, abs=1e-6)
    assert distances_to(seen, [], np.empty((0, 0), np.float32)) == {}
