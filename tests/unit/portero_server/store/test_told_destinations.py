"""Who has a message that others did not take, as it is stored."""

from __future__ import annotations

import pytest

from portero_server.store.database import Database
from portero_server.store.subscriptions import SubscriptionStore
from portero_server.store.told_destinations import ToldDestinations
from tests.support.store.commits import at
from tests.support.store.subscriptions import NOW, new_subscription


@pytest.fixture
async def told(database: Database) -> ToldDestinations:
    """Of two subscriptions."""
    store = SubscriptionStore(database)
    for subscription_id in ("s1", "s2"):
        await store.create(new_subscription(subscription_id), most=5)
    return ToldDestinations(database)


async def test_who_has_a_message_is_kept_until_it_is_forgotten(told: ToldDestinations) -> None:
    """Of each subscription and message by itself; what is noted later replaces what was before."""
    await told.note("s1", "evt_1", {0}, at(0))
    await told.note("s1", "evt_1", {2, 0}, at(1))
    await told.note("s2", "evt_1", {1}, at(1))
    assert await told.of("s1", "evt_1") == {0, 2}
    assert await told.of("s1", "evt_2") == frozenset()
    await told.forget("s1", "evt_1")
    await told.forget("s1", "evt_1")
    assert (await told.of("s1", "evt_1"), await told.of("s2", "evt_1")) == (frozenset(), {1})


async def test_what_is_kept_goes_with_its_subscription_and_with_a_replay(
    told: ToldDestinations, database: Database
) -> None:
    """Resuming it keeps who has what; nothing is stored of one that is gone."""
    store = SubscriptionStore(database)
    await told.note("s1", "evt_1", {0}, at(0))
    await told.note("s2", "evt_1", {0}, at(0))
    await store.touch("s1")
    assert await told.of("s1", "evt_1") == {0}
    await store.touch("s1", afresh=True)
    assert (await told.of("s1", "evt_1"), await told.of("s2", "evt_1")) == (frozenset(), {0})
    await store.delete("s2", NOW)
    await told.note("s2", "evt_1", {0}, at(0))
    assert await told.of("s2", "evt_1") == frozenset()
