"""The knobs and accounts beside the API, over HTTP."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.support.server.simulated_rekognition import RED, Simulation, ask, portrait
from tests.support.time.timeouts import PATIENCE


async def _get(simulation: Simulation, query: str = "") -> dict[str, Any]:
    async with httpx2.AsyncClient(timeout=PATIENCE) as http:
        answer: dict[str, Any] = (await http.get(f"{simulation.url}/_simulator/state{query}")).json()
        return answer


async def _post(simulation: Simulation, path: str, body: object) -> httpx2.Response:
    async with httpx2.AsyncClient(timeout=PATIENCE) as http:
        return await http.post(f"{simulation.url}/_simulator/{path}", json=body)


async def test_state_tells_calls_dollars_and_faces(simulation: Simulation) -> None:
    """Every call is counted by operation and outcome, priced, and listed with its time."""
    for _ in range(2):
        await ask(simulation.client.index_faces, CollectionId="staff", Image={"Bytes": portrait(RED)})
    simulation.clock.advance(5.0)

    state = await _get(simulation, "?log=1")

    assert state["seconds"] == 5.0
    assert state["calls"] == 3
    assert state["dollars"] == pytest.approx(0.002)
    assert state["operations"]["IndexFaces"] == {"calls": 2, "dollars": 0.002, "outcomes": {"ok": 2}}
    assert state["operations"]["CreateCollection"]["dollars"] == 0
    assert state["quotas"]["SearchFacesByImage"] == 50
    assert state["collections"] == {"staff": 1}
    assert [call["operation"] for call in state["log"]] == ["IndexFaces"]
    assert state["log"][0]["status"] == 200
    assert state["faults"] == {}


async def test_faults_are_set_and_seen(simulation: Simulation) -> None:
    """A posted fault is active, shows in the state, and a rate of 0 turns it off."""
    answer = await _post(simulation, "faults", {"error": {"rate": 1, "seconds": 60}})
    with pytest.raises(simulation.client.exceptions.InternalServerError):
        await ask(simulation.client.list_faces, CollectionId="staff")
    await _post(simulation, "faults", {"error": {"rate": 0}})
    await ask(simulation.client.list_faces, CollectionId="staff")

    assert answer.json()["faults"] == {"error": {"rate": 1.0, "seconds": 60.0, "delay": 2.0}}


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("faults", {"flood": {"rate": 1}}, "flood"),
        ("faults", {"error": {"rate": 2}}, "error.rate"),
        ("faults", {"error": {"rate": 1, "minutes": 2}}, "error.minutes"),
        ("faults", {"error": {}}, "error.rate"),
        ("reset", {"collections": "maybe"}, "collections"),
        ("reset", {"faces": True}, "faces"),
    ],
)
async def test_wrong_orders_are_refused_by_name(simulation: Simulation, path: str, body: object, named: str) -> None:
    """An order that is not understood changes nothing and says which part is wrong."""
    answer = await _post(simulation, path, body)

    assert answer.status_code == 400
    assert named in answer.text


async def test_log_length_must_be_a_number(simulation: Simulation) -> None:
    """A log length that is none is refused."""
    async with httpx2.AsyncClient(timeout=PATIENCE) as http:
        answer = await http.get(f"{simulation.url}/_simulator/state?log=all")

    assert answer.status_code == 400


async def test_reset_forgets_calls_and_faults_and_keeps_faces(simulation: Simulation) -> None:
    """After a reset the accounts begin at nothing and no fault is on; collections stay unless asked for."""
    await ask(simulation.client.index_faces, CollectionId="staff", Image={"Bytes": portrait(RED)})
    await _post(simulation, "faults", {"throttle": {"rate": 1}})

    kept = (await _post(simulation, "reset", {})).json()
    emptied = (await _post(simulation, "reset", {"collections": True})).json()

    assert (kept["calls"], kept["dollars"], kept["faults"], kept["collections"]) == (0, 0, {}, {"staff": 1})
    assert emptied["collections"] == {}
    await ask(simulation.client.create_collection, CollectionId="staff")
    found = await ask(simulation.client.search_faces_by_image, CollectionId="staff", Image={"Bytes": portrait(RED)})
    assert found["FaceMatches"] == []
