"""A sample of the live searches is asked of the standby too: behind the live answer, over HTTP and unchanged boto3."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from portero_server.domain.cameras import Lane
from portero_server.domain.people.shadow import ShadowOutcome, ShadowTally
from portero_server.engines.base import FaceCrop, Identification
from portero_server.errors import EngineError, StoreUnavailable
from portero_server.gallery.shadow import ShadowSearch
from portero_server.store.database import Database
from portero_server.store.shadow import ShadowStore
from portero_simulator.options import Options
from tests.support.server.collection_sides import COLORS, SidedServer, crop_of, sided_server
from tests.support.server.simulated_rekognition import ask, simulated
from tests.support.store.fixtures import database, database_url

__all__ = ["database", "database_url"]


@pytest.fixture
async def server(database: Database, tmp_path: Path) -> AsyncIterator[SidedServer]:
    """A server with three people; the second collection lacks Eva."""
    async with simulated(Options(quotas={})) as simulation:
        made = await sided_server(simulation, database, tmp_path / "photos")
        for person_id in COLORS:
            await made.enroll(person_id, keeps=person_id != "eva")
        await made.prepared()
        yield made
        await made.aclose()


def _shadow(server: SidedServer, *, share: float = 1.0, chance: float = 0.0) -> ShadowSearch:
    return ShadowSearch(
        server.sides,
        ShadowStore(server.database),
        server.live.traits.policy,
        server.clock,
        server.metrics.standby.shadow_searched,
        share=share,
        chance=lambda: chance,
    )


async def _identify(server: SidedServer, crop: FaceCrop) -> Identification:
    (found,) = await server.live.identify([crop])
    assert not isinstance(found, EngineError)
    return found


async def _searched(server: SidedServer, shadow: ShadowSearch, *people: str) -> None:
    """Searches for people as streams do, and waits for what is asked behind it."""

    async def identify(crop: FaceCrop) -> Identification:
        return await _identify(server, crop)

    for person_id in people:
        found = await shadow.beside(identify)(crop_of(COLORS[person_id]))
        assert found.candidates[0].person_id == person_id
    await asyncio.gather(*shadow._asking)
    await shadow.store()


async def _tally(server: SidedServer) -> ShadowTally:
    return (await server.switch.report()).shadow


async def test_agreement_is_counted_and_reported(server: SidedServer) -> None:
    """Who is in both is the same person, who is not is missed; figures of all servers, and each search a paid call."""
    before = server.gates[1].operations.count("SearchFacesByImage")
    await _searched(server, _shadow(server), "ana", "ben", "eva", "ana")
    await _searched(server, _shadow(server), "ben")
    assert await _tally(server) == ShadowTally({ShadowOutcome.SAME: 4, ShadowOutcome.ONLY_IN_USE: 1})
    assert server.counted("shadow_searches_total", outcome="same") == 4
    assert server.gates[1].operations.count("SearchFacesByImage") - before == 5
    context = server.gates[1].contexts[-1]
    assert (context.camera_id, context.lane) == (None, Lane.ATTENDANCE)


async def test_only_the_sample_is_asked(server: SidedServer) -> None:
    """With a share of 0 recognition is not even wrapped; above the share, and without a standby, nothing is asked."""

    async def identify(crop: FaceCrop) -> Identification:
        return Identification(())

    assert _shadow(server, share=0.0).beside(identify) is identify
    await _searched(server, _shadow(server, share=0.1, chance=0.1), "ana")
    assert await _tally(server) == ShadowTally()
    await server.switch.drop("second")
    await _searched(server, _shadow(server), "ana")
    assert server.counted("shadow_searches_total", outcome="same") == 0


async def test_a_standby_that_fails_or_hangs_holds_up_nobody(
    server: SidedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The live answer is there at once; what there is no room for is left out, and all of it is counted."""
    await ask(server.simulation.client.delete_collection, CollectionId="second")
    await _searched(server, _shadow(server), "ana")
    assert await _tally(server) == ShadowTally({ShadowOutcome.UNASKED: 1})
    released = asyncio.Event()

    async def hanging(crops: object) -> list[Identification]:
        await released.wait()
        return [Identification(())]

    monkeypatch.setattr(server.beside, "identify", hanging)
    shadow, found = _shadow(server), Identification(())
    for _ in range(6):
        shadow._offer(crop_of(COLORS["ana"]), found)
    assert len(shadow._asking) == 4
    released.set()
    await asyncio.gather(*shadow._asking)
    await shadow.store()
    assert await _tally(server) == ShadowTally({ShadowOutcome.UNASKED: 3, ShadowOutcome.NEITHER: 4})
    released.clear()
    shadow._offer(crop_of(COLORS["ana"]), found)
    await shadow.aclose()
    assert not shadow._asking


async def test_what_the_database_did_not_take_is_stored_later(
    server: SidedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that was counted is lost with a database that is away."""
    shadow = _shadow(server)

    async def away(number: int, counts: object) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(shadow._stored, "add", away)
    with pytest.raises(StoreUnavailable):
        await _searched(server, shadow, "ana")
    monkeypatch.undo()
    await shadow.store()
    assert await _tally(server) == ShadowTally({ShadowOutcome.SAME: 1})
