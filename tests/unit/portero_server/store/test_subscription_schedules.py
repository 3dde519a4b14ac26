"""When people are told, as it is stored."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from portero_server.domain.events.schedules import DeliverySchedule, checked_schedule
from portero_server.domain.events.subscriptions import SinkKind
from portero_server.store.database import Database
from portero_server.store.schema import subscriptions
from portero_server.store.subscriptions import SealedSubscription, SubscriptionStore
from tests.support.store.commits import at
from tests.support.store.subscriptions import NOW, new_subscription

_NIGHT = checked_schedule("22:00", "07:05", "18:30", None, "America/Santiago")


@pytest.fixture
def store(database: Database) -> SubscriptionStore:
    """Subscriptions of the database."""
    return SubscriptionStore(database)


def _for_people(schedule: DeliverySchedule | None) -> SealedSubscription:
    new = new_subscription()
    made = replace(new.subscription, kind=SinkKind.PEOPLE, language="es", schedule=schedule, secrets=0)
    return replace(new, subscription=made, secrets=())


@pytest.mark.parametrize(
    "schedule",
    [
        None,
        _NIGHT,
        checked_schedule("00:00", "23:59", "", None, "Europe/Berlin"),
        checked_schedule("", "", "00:00", None, "Pacific/Kiritimati"),
        checked_schedule("22:00", "07:00", "", timedelta(minutes=30), "America/Santiago"),
    ],
)
async def test_a_schedule_comes_back_as_it_was_stored(
    store: SubscriptionStore, schedule: DeliverySchedule | None
) -> None:
    """Each part of it may be missing."""
    stored = await store.create(_for_people(schedule), most=5)
    assert stored.schedule == schedule
    assert [each.subscription.schedule for each in await store.sealed(NOW)] == [schedule]


async def test_a_schedule_is_changed_as_a_whole_and_noticed_by_all_servers(store: SubscriptionStore) -> None:
    """What is not named stays; none means at any time."""
    await store.create(_for_people(_NIGHT), most=5)
    versions = {(await store.sealed(NOW))[0].version}
    assert (await store.update("s1", {"display_name": "new"}, at(1))).schedule == _NIGHT
    digest = checked_schedule("", "", "08:00", None, "America/Santiago")
    for number, schedule in enumerate((digest, None)):
        changed = await store.update("s1", {"schedule": schedule}, at(2 + number))
        assert (changed.schedule, changed.display_name) == (schedule, "new")
        versions.add((await store.sealed(NOW))[0].version)
    assert len(versions) == 3


async def test_a_schedule_that_this_server_cannot_follow_stops_its_subscription_alone(
    store: SubscriptionStore, database: Database
) -> None:
    """A newer server, or one with other time zones, may have stored it: it is named, and the others are read."""
    await store.create(_for_people(_NIGHT), most=5)
    await database.run(
        lambda connection: connection.execute(update(subscriptions).values(time_zone="Mars/Olympus_Mons"))
    )
    (found,) = await store.sealed(NOW)
    assert "time_zone" in found.problem
    assert found.subscription.schedule is None
    await store.update("s1", {"schedule": _NIGHT}, at(1))
    (found,) = await store.sealed(NOW)
    assert (found.problem, found.subscription.schedule) == ("", _NIGHT)
