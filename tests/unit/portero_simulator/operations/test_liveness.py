from __future__ import annotations

import base64
from typing import Any

import httpx2
import pytest

from tests.support.server.simulated_rekognition import Simulation, ask
from tests.support.time.timeouts import PATIENCE


async def _finish(simulation: Simulation, **order: Any) -> int:
    async with httpx2.AsyncClient(timeout=PATIENCE) as http:
        return (await http.post(f"{simulation.url}/_simulator/liveness", json=order)).status_code


async def test_a_session_is_created_finished_and_read(simulation: Simulation) -> None:
    """A session is CREATED until it is finished, and then has confidence and reference picture."""
    begin, result = simulation.client.create_face_liveness_session, simulation.client.get_face_liveness_session_results
    session = (await ask(begin))["SessionId"]
    assert (await ask(result, SessionId=session))["Status"] == "CREATED"

    picture = base64.b64encode(b"\xff\xd8picture").decode()
    assert await _finish(simulation, session=session, confidence=98.5, reference=picture) == 200

    answer = await ask(result, SessionId=session)
    assert (answer["Status"], answer["Confidence"]) == ("SUCCEEDED", 98.5)
    assert answer["ReferenceImage"]["Bytes"] == b"\xff\xd8picture"
    assert await _finish(simulation, session=session, confidence=10) == 400


async def test_the_same_token_begins_one_session(simulation: Simulation) -> None:
    """A token that is sent again begins no second session."""
    begin = simulation.client.create_face_liveness_session
    first = await ask(begin, ClientRequestToken="check-in-1")
    again = await ask(begin, ClientRequestToken="check-in-1")
    other = await ask(begin, ClientRequestToken="check-in-2")
    assert first["SessionId"] == again["SessionId"] != other["SessionId"]


async def test_a_session_fails_expires_and_is_forgotten(simulation: Simulation) -> None:
    """Without a confidence a session has failed; one that nobody finishes expires, and is not found later."""
    begin, result = simulation.client.create_face_liveness_session, simulation.client.get_face_liveness_session_results
    failed, idle = (await ask(begin))["SessionId"], (await ask(begin))["SessionId"]
    assert await _finish(simulation, session=failed) == 200
    assert (await ask(result, SessionId=failed))["Status"] == "FAILED"
    simulation.clock.advance(181)
    assert (await ask(result, SessionId=idle))["Status"] == "EXPIRED"
    simulation.clock.advance(600)
    with pytest.raises(simulation.client.exceptions.SessionNotFoundException):
        await ask(result, SessionId=idle)


@pytest.mark.parametrize(
    "order", [{"session": "unknown", "confidence": 90}, {"confidence": 90}, {"session": "x", "c": 1}]
)
async def test_a_wrong_order_is_refused(simulation: Simulation, order: dict[str, Any]) -> None:
    """An order without a known session, or with what it may not hold, is refused."""
    assert await _finish(simulation, **order) == 400
