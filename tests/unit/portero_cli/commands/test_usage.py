"""`portero usage` shows what was called, avoided and spent."""

from __future__ import annotations

import asyncio

import pytest
from portero.v1 import usage_service_pb2 as pb2

from portero_client import BlockingPorteroClient
from tests.support.client.command_line import Cli
from tests.support.client.server import FakeServer


@pytest.fixture(autouse=True)
def counted(server: FakeServer) -> None:
    """Some calls at the door, one without a camera, and a budget half spent."""
    server.usage.answer = pb2.GetUsageResponse(
        calls=[
            pb2.UsageLine(engine="rekognition", operation="IndexFaces", calls=2, dollars=0.002),
            pb2.UsageLine(
                camera="cameras/door", engine="rekognition", operation="SearchFacesByImage", calls=4500, dollars=4.5
            ),
        ],
        avoided=[pb2.AvoidedLine(camera="cameras/door", reason="unchanged", count=90_000)],
        dollars=4.502,
        month_dollars=40.0,
        projected_month_dollars=131.25,
        budgets=[pb2.BudgetState(scope="total", daily_dollars=9, spent_dollars=4.502, step="normal")],
    )


async def test_people_read_tables_and_one_sentence(cli: Cli) -> None:
    """Calls, calls avoided and budgets are tables; the sums are a sentence."""
    out = (await cli("usage")).out
    assert "SearchFacesByImage" in out
    assert "(calls)" in out
    assert "unchanged" in out
    assert "normal" in out
    assert "$4.50 in this time, $40.00 this month, $131.25 projected for the month" in out


async def test_machines_read_the_contract(cli: Cli, server: FakeServer) -> None:
    """The document has the proto's keys, and the conditions reach the server."""
    document = (await cli("usage", "--camera", "door", "--since", "2026-05-01T10:00:00Z", "--json")).document
    assert document["calls"][1] == {
        "camera": "cameras/door",
        "engine": "rekognition",
        "operation": "SearchFacesByImage",
        "calls": 4500,
        "dollars": 4.5,
    }
    assert document["avoided"] == [{"camera": "cameras/door", "reason": "unchanged", "count": 90_000}]
    assert document["budgets"] == [{"scope": "total", "daily_dollars": 9.0, "spent_dollars": 4.502, "step": "normal"}]
    (request,) = server.usage.asked
    assert request.camera == "cameras/door"
    assert request.start_time.ToJsonString() == "2026-05-01T10:00:00Z"
    assert not request.HasField("end_time")


async def test_nothing_called_is_told_in_words(cli: Cli, server: FakeServer) -> None:
    """Without paid calls a sentence takes the table's place."""
    server.usage.answer = pb2.GetUsageResponse()
    out = (await cli("usage")).out
    assert "no paid calls" in out
    assert "$0.000 in this time" in out


async def test_threads_ask_the_same(server: FakeServer) -> None:
    """The blocking client gives the same answer."""

    def ask() -> float:
        with BlockingPorteroClient(server.address) as client:
            return client.usage().projected_month_dollars

    assert await asyncio.to_thread(ask) == 131.25
