"""When an issuer's keys are fetched."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.access.issuer_keys import FetchPlan, FetchPolicy, IssuerKeys
from portero_server.errors import Unauthenticated, Unavailable
from tests.support.server.oidc_issuer import jwk_of, rsa_key
from tests.support.time.virtual_time import in_virtual_time, running_clock

_INTERVAL = 10.0
_TAKES = 2.0


@given(asks=st.lists(st.tuples(st.floats(0, 20), st.booleans(), st.booleans()), max_size=200))
def test_attempts_are_never_nearer_than_the_interval(asks: list[tuple[float, bool, bool]]) -> None:
    """Whoever asks for what, and whether fetches succeed or not, two attempts are an interval apart."""
    policy = FetchPolicy(interval=30, age=100)
    plan, now, attempts = FetchPlan(policy), 0.0, [-policy.interval]
    for pause, known, works in asks:
        now += pause
        wait = plan.wait(now, known=known and plan.have)
        if wait == 0:
            plan.tried(now)
            assert now - attempts[-1] >= policy.interval
            attempts.append(now)
            if works:
                plan.fetched(now)
        elif not (known and plan.have):
            assert wait == pytest.approx(attempts[-1] + policy.interval - now)


def test_known_keys_are_fetched_again_when_they_are_old() -> None:
    """A key that is known causes a fetch only when what is known has reached its age."""
    plan = FetchPlan(FetchPolicy(interval=30, age=600))
    assert plan.wait(0, known=False) == 0
    plan.tried(0)
    plan.fetched(0)
    assert plan.wait(599, known=True) is None
    assert plan.wait(600, known=True) == 0
    assert plan.have


class _Issuer:
    """An issuer that returns, after a while, the keys that it had when it was asked."""

    def __init__(self) -> None:
        self.names = ["first"]
        self.asked: list[float] = []
        self.away = False

    async def fetch(self) -> Sequence[Any]:
        self.asked.append(running_clock().monotonic())
        members = [jwk_of(name, rsa_key(1)) for name in self.names]
        await asyncio.sleep(_TAKES)
        if self.away:
            raise Unavailable("away")
        return members


async def _knows(keys: IssuerKeys, key_id: str) -> bool:
    try:
        await keys.find(key_id)
    except Unauthenticated:
        return False
    return True


async def _flood(keys: IssuerKeys) -> None:
    number = 0
    while True:
        number += 1
        await asyncio.gather(*(_knows(keys, f"made up {number} {each}") for each in range(20)))
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("rotated_after", [0.0, 0.1, _TAKES, 4.0, _INTERVAL - 0.1, _INTERVAL, 27.3])
@in_virtual_time
async def test_a_new_key_is_found_within_the_bound_while_ids_are_made_up(rotated_after: float) -> None:
    """Beside 400 made-up ids a second, a new key is known an interval and two fetches after its rotation at the latest.

    Two, since a fetch in progress may have asked too early. Fetches stay an interval apart.
    """
    issuer, clock = _Issuer(), running_clock()
    keys = IssuerKeys(issuer.fetch, clock, FetchPolicy(interval=_INTERVAL))
    flood = asyncio.create_task(_flood(keys))
    await asyncio.sleep(rotated_after)
    issuer.names.append("second")
    rotated = clock.monotonic()
    while not await _knows(keys, "second"):  # noqa: ASYNC110 - it is the callers who try again
        await asyncio.sleep(0.01)
    assert clock.monotonic() - rotated <= _INTERVAL + 2 * _TAKES
    await asyncio.sleep(60)
    flood.cancel()
    pauses = [later - earlier for earlier, later in pairwise(issuer.asked)]
    assert min(pauses) >= _INTERVAL - 1e-6
    assert await _knows(keys, "first")


@in_virtual_time
async def test_the_first_token_of_a_new_key_is_enough_to_have_it_fetched() -> None:
    """Who was refused with the time of the next fetch is let in after it, though nobody asked meanwhile."""
    issuer = _Issuer()
    keys = IssuerKeys(issuer.fetch, running_clock(), FetchPolicy(interval=_INTERVAL))
    assert not await _knows(keys, "made up")
    issuer.names.append("second")
    with pytest.raises(Unauthenticated) as refused:
        await keys.find("second")
    assert refused.value.retry_after == pytest.approx(_INTERVAL - _TAKES)
    await asyncio.sleep(_INTERVAL)
    assert len(issuer.asked) == 2
    before = running_clock().monotonic()
    assert await _knows(keys, "second")
    assert running_clock().monotonic() == before
    assert len(issuer.asked) == 2


@in_virtual_time
async def test_a_key_that_stays_is_the_same_after_a_fetch() -> None:
    """What was verified with a key need not be verified again because others came."""
    issuer = _Issuer()
    keys = IssuerKeys(issuer.fetch, running_clock(), FetchPolicy(interval=_INTERVAL))
    first = await keys.find("first")
    issuer.names.append("second")
    await asyncio.sleep(_INTERVAL)
    await keys.find("second")
    assert await keys.find("first") is first
