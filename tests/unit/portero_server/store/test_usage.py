"""Usage adds up over drains, hours, cameras and servers; steps of budgets are audited once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from portero_server.domain.billing.budget import Step, StepChanged
from portero_server.domain.billing.usage import AvoidedKey, CallKey, CallTally, UsageDelta
from portero_server.store.database import Database
from portero_server.store.usage import UsageStore

_EIGHT = datetime(2026, 3, 2, 8, tzinfo=UTC)
_NINE = _EIGHT + timedelta(hours=1)
_SEARCH = "SearchFacesByImage"


@pytest.fixture
def usage(database: Database) -> UsageStore:
    """Usage of the database."""
    return UsageStore(database)


def _call(hour: datetime = _EIGHT, camera_id: str | None = "door", operation: str = _SEARCH) -> CallKey:
    return CallKey(hour, camera_id, "rekognition", operation)


async def test_sums_grow_with_every_delta(usage: UsageStore) -> None:
    """Deltas add to the hour's rows, and a unary RPC's calls have no camera."""
    await usage.add(UsageDelta({_call(): CallTally(2, 2000), _call(camera_id=None): CallTally(1, 1000)}))
    await usage.add(UsageDelta({_call(): CallTally(3, 3000)}, {AvoidedKey(_EIGHT, "door", _SEARCH, "unchanged"): 7}))
    await usage.add(UsageDelta({}, {AvoidedKey(_EIGHT, "door", _SEARCH, "unchanged"): 5}))
    assert dict(await usage.calls(_EIGHT)) == {_call(): CallTally(5, 5000), _call(camera_id=None): CallTally(1, 1000)}
    assert await usage.avoided(_EIGHT) == [(AvoidedKey(_EIGHT, "door", _SEARCH, "unchanged"), 12)]


async def test_rows_are_read_by_hour_and_camera(usage: UsageStore) -> None:
    """A span takes whole hours from the one it begins in, and a camera takes its own."""
    await usage.add(
        UsageDelta(
            {
                _call(): CallTally(1, 1000),
                _call(_NINE): CallTally(2, 2000),
                _call(_NINE, "desk"): CallTally(4, 4000),
            }
        )
    )
    assert dict(await usage.calls(_NINE + timedelta(minutes=20), camera_id="desk")) == {
        _call(_NINE, "desk"): CallTally(4, 4000)
    }
    assert dict(await usage.calls(_EIGHT, _NINE)) == {_call(): CallTally(1, 1000)}
    assert await usage.avoided(_EIGHT, _NINE) == []


async def test_servers_add_at_once(usage: UsageStore, database: Database) -> None:
    """Two servers that add to the same row at the same moment lose nothing."""
    other = UsageStore(database)
    await asyncio.gather(
        *(store.add(UsageDelta({_call(): CallTally(1, 1000)})) for store in (usage, other) for _ in range(5))
    )
    assert dict(await usage.calls(_EIGHT)) == {_call(): CallTally(10, 10_000)}


async def test_steps_are_audited_once_a_day(usage: UsageStore) -> None:
    """A server that starts anew passes the same steps again, of which the first telling stays."""
    first = [StepChanged("total", Step(number), Step(number + 1), 700 + number, 1000, _EIGHT) for number in range(2)]
    await usage.add(UsageDelta(), first)
    await usage.add(UsageDelta(), [StepChanged("total", Step.NORMAL, Step.FEWER_RETRIES, 900, 1000, _NINE)])
    assert await usage.steps(_EIGHT) == first
    assert await usage.steps(_NINE) == []


async def test_an_empty_delta_writes_nothing(usage: UsageStore) -> None:
    """Nothing counted is nothing stored."""
    await usage.add(UsageDelta())
    assert await usage.calls(_EIGHT) == []
