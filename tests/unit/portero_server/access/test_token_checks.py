"""A flood of worthless tokens beside good ones, in virtual time."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress

import pytest

from portero_server.access.token_checks import TokenChecks
from portero_server.domain.access.rates import Limit
from portero_server.domain.access.turns import TurnPolicy
from portero_server.errors import LimitReached, Unauthenticated
from tests.support.time.virtual_time import in_virtual_time, running_clock


class _Counted:
    def __init__(self) -> None:
        self.limits: Counter[Limit] = Counter()

    def limit_reached(self, limit: Limit) -> None:
        self.limits[limit] += 1


async def _fail(checks: TokenChecks, address: str, checked: list[float]) -> None:
    with suppress(Unauthenticated):
        async with checks.turn(address):
            checked.append(running_clock().monotonic())
            raise Unauthenticated("no", reason="TOKEN_INVALID")


async def _seconds_of_a_good_one(checks: TokenChecks, address: str) -> float:
    began = running_clock().monotonic()
    async with checks.turn(address):
        return running_clock().monotonic() - began


@in_virtual_time
async def test_a_flood_is_verified_at_its_rate_and_good_ones_get_their_turn() -> None:
    """Of 5,000 worthless tokens 200 a second are verified; a good one of another address waits 10 ms at most.

    A good one of the flood's own address waits behind it, and is verified all the same.
    """
    observer, checked = _Counted(), list[float]()
    checks = TokenChecks(TurnPolicy(per_second=200, waiting=10_000), observer, running_clock())
    began = running_clock().monotonic()
    flood = [asyncio.create_task(_fail(checks, "192.0.2.7", checked)) for _ in range(5000)]
    await asyncio.sleep(1.0)
    assert len(checked) <= 401
    for _ in range(20):
        assert await _seconds_of_a_good_one(checks, "198.51.100.1") <= 0.0101
    assert await _seconds_of_a_good_one(checks, "192.0.2.7") <= (5000 - 200) / 200
    await asyncio.gather(*flood)
    assert checked[-1] - began == pytest.approx((5000 - 200) / 200, abs=0.5)
    assert observer.limits[Limit.TOKEN_CHECKS] >= 4800
    assert len(checks) == 0


@in_virtual_time
async def test_where_nothing_fails_nobody_waits() -> None:
    """A thousand callers with new tokens at one moment are let in at that moment."""
    checks = TokenChecks(TurnPolicy(per_second=1), _Counted(), running_clock())
    waits = await asyncio.gather(*(_seconds_of_a_good_one(checks, "192.0.2.7") for _ in range(1000)))
    assert set(waits) == {0.0}


@in_virtual_time
async def test_who_hangs_up_leaves_its_turn_to_the_others() -> None:
    """A caller that is canceled while it waits takes no turn, before or after it was given one."""
    checked = list[float]()
    checks = TokenChecks(TurnPolicy(per_second=1), _Counted(), running_clock())
    await _fail(checks, "192.0.2.7", checked)
    waiting = [asyncio.create_task(_fail(checks, "192.0.2.7", checked)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    waiting[1].cancel()
    await asyncio.sleep(1.1)
    assert len(checked) == 2
    assert waiting[2].done()


@in_virtual_time
async def test_the_heaviest_address_is_told_when_too_many_wait() -> None:
    """The refusal names the limit and when to try again."""
    checked = list[float]()
    checks = TokenChecks(TurnPolicy(per_second=1, waiting=2), _Counted(), running_clock())
    await _fail(checks, "192.0.2.7", checked)
    heavy = [asyncio.create_task(_fail(checks, "192.0.2.7", checked)) for _ in range(2)]
    await asyncio.sleep(0)
    light = asyncio.create_task(_seconds_of_a_good_one(checks, "198.51.100.1"))
    with pytest.raises(LimitReached, match="PORTERO_LIMIT_TOKEN_CHECKS") as refused:
        await heavy[0]
    assert (refused.value.reason, refused.value.retry_after) == ("LIMIT_TOKEN_CHECKS", 1.0)
    assert await light <= 2.0
    await heavy[1]
