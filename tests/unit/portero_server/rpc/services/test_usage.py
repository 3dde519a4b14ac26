"""UsageService, over a real connection and a real database."""

from __future__ import annotations

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import usage_service_pb2 as pb
from portero.v1 import usage_service_pb2_grpc

from portero_server.billing.usage_recorder import UsageRecorder
from portero_server.domain.billing.budget import Budget, BudgetLimits
from portero_server.domain.billing.usage import PriceTable, UsageLedger
from portero_server.rpc.services.usage import UsageServicer
from portero_server.store.database import Database
from portero_server.store.usage import UsageStore
from portero_server.telemetry.metrics import Metrics
from tests.support.server.serving import Serve
from tests.support.time.virtual_time import ManualClock


async def _office(database: Database, serve: Serve) -> usage_service_pb2_grpc.UsageServiceAsyncStub:
    """Serves accounts with two calls at the door, one without a camera, and a budget of half a cent."""
    clock, ledger = ManualClock(), UsageLedger()
    budget = Budget(BudgetLimits(total=5000), PriceTable(), ledger, "rekognition")
    accounts = UsageRecorder(
        ledger,
        UsageStore(database),
        clock,
        Metrics(version="0", engine="rekognition"),
        budget=budget,
        operation="SearchFacesByImage",
        interval=5.0,
    )
    for camera_id in ("door", "door", None):
        reservation = budget.admit("SearchFacesByImage", camera_id, clock.now())
        assert reservation is not None
        budget.settle(reservation, clock.now(), billed=True)
    accounts.avoided("door", "unchanged", 40)
    edge = await serve([UsageServicer(accounts)])
    return usage_service_pb2_grpc.UsageServiceStub(edge.channel)


async def test_usage_of_today_with_what_was_saved(database: Database, serve: Serve) -> None:
    """Without conditions everything since midnight is told: calls, calls avoided, money, budgets."""
    office = await _office(database, serve)
    answer = await office.GetUsage(pb.GetUsageRequest())
    assert [(line.camera, line.operation, line.calls, line.dollars) for line in answer.calls] == [
        ("", "SearchFacesByImage", 1, 0.001),
        ("cameras/door", "SearchFacesByImage", 2, 0.002),
    ]
    assert [(line.camera, line.reason, line.count) for line in answer.avoided] == [("cameras/door", "unchanged", 40)]
    assert answer.dollars == answer.month_dollars == 0.003
    assert answer.projected_month_dollars > 0.003
    (budget,) = answer.budgets
    assert (budget.scope, budget.daily_dollars, budget.spent_dollars, budget.step) == ("total", 0.005, 0.003, "normal")


async def test_usage_of_one_camera(database: Database, serve: Serve) -> None:
    """A camera's usage holds its own lines only, and a camera that called nothing has none."""
    office = await _office(database, serve)
    answer = await office.GetUsage(pb.GetUsageRequest(camera="cameras/door"))
    assert [line.camera for line in answer.calls] == ["cameras/door"]
    assert answer.dollars == 0.002
    assert not (await office.GetUsage(pb.GetUsageRequest(camera="cameras/desk"))).calls


async def test_a_span_must_not_end_before_it_begins(database: Database, serve: Serve) -> None:
    """A span that ends where it begins is refused by the field's name."""
    office = await _office(database, serve)
    stamp = Timestamp(seconds=1_772_438_400)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await office.GetUsage(pb.GetUsageRequest(start_time=stamp, end_time=stamp))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "end_time" in str(caught.value.details())
