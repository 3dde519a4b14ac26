"""Deliveries on both databases: the last ones of each subscription, within bounds."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import select, update

from portero_server.domain.events.alerts import INSTEAD_OF
from portero_server.domain.events.deliveries import DeliveryOutcome, SubscriptionDelivery
from portero_server.domain.people.privacy import Purpose
from portero_server.domain.recording.sightings import SightingEventKind
from portero_server.store.database import Database
from portero_server.store.retention import RetentionStore
from portero_server.store.schema import subscription_deliveries
from portero_server.store.subscription_deliveries import DeliveryBounds, DeliveryStore
from portero_server.store.subscriptions import SubscriptionStore
from tests.support.store.commits import at
from tests.support.store.subscriptions import new_subscription
from tests.support.time.virtual_time import ManualClock

TAKEN, WAITING, DEAD = DeliveryOutcome.DELIVERED, DeliveryOutcome.WAITING, DeliveryOutcome.GIVEN_UP


def _delivery(
    position: int, outcome: DeliveryOutcome = TAKEN, *, last: datetime | None = None, attempts: int = 1
) -> SubscriptionDelivery:
    status, problem = (204, "") if outcome is TAKEN else (503, "it answered 503")
    moment = last or at(position)
    return SubscriptionDelivery(
        position,
        f"evt_s{position}_{position}",
        "door",
        SightingEventKind.STARTED,
        at(0),
        outcome,
        status,
        problem,
        attempts,
        moment,
        moment,
    )


@pytest.fixture
async def store(database: Database) -> DeliveryStore:
    """Deliveries of two subscriptions, of each of which three messages and two dead letters are kept."""
    for subscription_id in ("s1", "s2"):
        await SubscriptionStore(database).create(new_subscription(subscription_id), most=5)
    return DeliveryStore(database, DeliveryBounds(recent=3, dead=2))


async def _positions(store: DeliveryStore, outcome: DeliveryOutcome | None = None) -> list[int]:
    return [each.position for each in await store.list("s1", 99, outcome=outcome)]


async def test_a_delivery_comes_back_as_it_was_noted(store: DeliveryStore) -> None:
    """Each subscription has its own."""
    await store.note("s1", [_delivery(1), _delivery(2, DEAD)])
    await store.note("s2", [_delivery(3, WAITING)])
    assert await store.list("s1", 9) == [_delivery(2, DEAD), _delivery(1)]
    assert await store.list("s2", 9) == [_delivery(3, WAITING)]


@pytest.mark.parametrize("alert", list(INSTEAD_OF))
async def test_an_alert_is_stored_as_a_server_of_the_release_before_can_read_it(
    store: DeliveryStore, database: Database, alert: SightingEventKind
) -> None:
    """That one knows four kinds of events, and reads the one instead of which the alert was told."""
    noted = replace(_delivery(1), kind=alert)
    await store.note("s1", [noted])
    assert await store.list("s1", 9) == [noted]
    kind = await database.read(lambda connection: connection.scalar(select(subscription_deliveries.c.kind)))
    assert kind in {"started", "resumed", "revised", "left"}
    await store.note("s1", [_delivery(1)])
    (again,) = await store.list("s1", 9)
    assert again.kind is SightingEventKind.STARTED


@pytest.mark.parametrize(
    ("kind", "alert", "expected"),
    [
        ("left", None, SightingEventKind.LEFT),
        ("left", "of_next_year", SightingEventKind.LEFT),
        ("of_next_year", None, None),
    ],
)
async def test_kinds_of_a_newer_server_are_listed_as_far_as_they_are_known(
    store: DeliveryStore, database: Database, kind: str, alert: str | None, expected: SightingEventKind | None
) -> None:
    """The list does not fail by one of them."""
    await store.note("s1", [_delivery(1)])
    newer = update(subscription_deliveries).values(kind=kind, alert=alert)
    await database.run(lambda connection: connection.execute(newer))
    assert [each.kind for each in await store.list("s1", 9)] == [expected]


async def test_a_message_that_is_sent_again_has_one_row(store: DeliveryStore) -> None:
    """With the last answer, the time of the first attempt, and all attempts."""
    await store.note("s1", [_delivery(1, WAITING, attempts=2)])
    await store.note("s1", [_delivery(1, last=at(60))])
    (delivery,) = await store.list("s1", 9)
    assert (delivery.outcome, delivery.status, delivery.problem) == (TAKEN, 204, "")
    assert (delivery.attempts, delivery.first_at, delivery.last_at) == (3, at(1), at(60))


async def test_the_last_ones_are_kept_of_each_kind(store: DeliveryStore) -> None:
    """Dead letters are not pushed out by what is delivered, nor by those of another subscription."""
    await store.note("s1", [_delivery(position, DEAD) for position in range(1, 5)])
    for position in range(5, 15):
        await store.note("s1", [_delivery(position)])
        await store.note("s2", [_delivery(position, DEAD)])
    assert await _positions(store, DEAD) == [4, 3]
    assert await _positions(store, TAKEN) == [14, 13, 12]
    assert await _positions(store) == [14, 13, 12, 4, 3]


async def test_a_replay_counts_as_the_last_one(store: DeliveryStore) -> None:
    """It is kept though its event is older than the others'."""
    await store.note("s1", [_delivery(position) for position in (7, 8, 9)])
    await store.note("s1", [_delivery(1, last=at(60))])
    assert await _positions(store) == [1, 9, 8]


async def test_of_many_at_one_moment_no_more_is_removed_than_must_be(store: DeliveryStore) -> None:
    """Events that were sent at the same time are told apart by their positions."""
    await store.note("s1", [_delivery(position, last=at(60)) for position in range(1, 8)])
    assert await _positions(store) == [7, 6, 5]


async def test_they_are_listed_in_pages(store: DeliveryStore) -> None:
    """Each page begins after the one before, also amid those of one moment."""
    await store.note("s1", [_delivery(1), _delivery(2, last=at(9)), _delivery(3, last=at(9))])
    first = await store.list("s1", 2)
    assert [each.position for each in first] == [3, 2]
    rest = await store.list("s1", 2, (first[0].last_at, first[0].position))
    assert [each.position for each in rest] == [2, 1]


async def test_a_deleted_subscription_leaves_none(store: DeliveryStore, database: Database) -> None:
    """A relay that still sends stores nothing."""
    await store.note("s1", [_delivery(1)])
    await SubscriptionStore(database).delete("s1", at(2))
    await store.note("s1", [_delivery(2)])
    assert await _positions(store) == []


async def test_they_are_removed_with_the_events(store: DeliveryStore, database: Database, clock: ManualClock) -> None:
    """By the time at which they were sent last."""
    await store.note("s1", [_delivery(1), _delivery(2)])
    retention = RetentionStore(database, clock)
    assert await retention.oldest(Purpose.EVENTS, at(2)) == at(1)
    removed = [await retention.remove_some(Purpose.EVENTS, step, at(2)) for step in range(2)]
    assert removed == [(0, False), (1, False)]
    assert await _positions(store) == [2]


async def test_what_was_told_of_attendance_comes_back_by_its_type(store: DeliveryStore, database: Database) -> None:
    """It is of no camera and of no kind of event, and stored so that a server of the release before can list it."""
    told = replace(_delivery(1), position=2**52 + 1, camera_id="", kind=None, notice="attendance.absent")
    await store.note("s1", [told])
    assert await store.list("s1", 9) == [told]
    stored = await database.read(lambda connection: connection.scalar(select(subscription_deliveries.c.kind)))
    assert stored in {each.value for each in SightingEventKind}
