"""Making one call: threads, faults on the way, and the gate."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from portero_server.domain.cameras import Lane
from portero_server.engines.base import CallContext
from portero_server.engines.rekognition.calls import RekognitionCalls, create_client
from portero_server.errors import EngineThrottled, EngineUnavailable, Expired
from portero_simulator.faults import Fault, FaultKind
from portero_simulator.options import Options
from tests.support.server.simulated_rekognition import RED, CountingGate, client_of, portrait, simulated
from tests.support.time.timeouts import PATIENCE

_T = TypeVar("_T")
_CONTEXT = CallContext(None, Lane.VISITOR)


class _ShutGate:
    async def run(self, operation: str, context: CallContext, call: Callable[[], Awaitable[_T]]) -> _T:
        raise Expired("too late")


async def test_refusing_gate_makes_no_call() -> None:
    """When the gate refuses, nothing is asked."""
    caller = RekognitionCalls(_ShutGate(), threads=1)
    asked: list[int] = []

    with pytest.raises(Expired):
        await caller.call("DetectFaces", _CONTEXT, lambda: asked.append(1), lambda answer: answer)

    caller.close()
    assert asked == []


async def test_calls_run_beside_each_other_up_to_the_threads() -> None:
    """Blocking calls do not wait for each other, nor do they block the event loop."""
    caller = RekognitionCalls(CountingGate(), threads=2)
    both = threading.Barrier(2, timeout=PATIENCE)

    answers = await asyncio.gather(
        *(caller.call("DetectFaces", _CONTEXT, both.wait, lambda place: place >= 0) for _ in range(2))
    )

    caller.close()
    assert answers == [True, True]


async def test_canceled_call_leaves_others_alone() -> None:
    """A caller that leaves while its call runs in a thread does not disturb the next one."""
    caller = RekognitionCalls(CountingGate(), threads=2)
    entered, leave = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def linger() -> int:
        loop.call_soon_threadsafe(entered.set)
        leave.wait(PATIENCE)
        return 1

    task = asyncio.create_task(caller.call("DetectFaces", _CONTEXT, linger, lambda answer: answer))
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    answer = await caller.call("DetectFaces", _CONTEXT, lambda: 2, lambda answer: answer)
    leave.set()
    caller.close()

    assert answer == 2


async def test_service_that_does_not_answer_in_time_is_unavailable() -> None:
    """A call that outlasts the read timeout is given up, with its reason."""
    hanging = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    client = client_of(f"http://127.0.0.1:{hanging.sockets[0].getsockname()[1]}", read_timeout=0.05)
    caller = RekognitionCalls(CountingGate(), threads=1)

    with pytest.raises(EngineUnavailable) as caught:
        await caller.call("ListFaces", _CONTEXT, lambda: client.list_faces(CollectionId="staff"), lambda answer: answer)

    caller.close()
    hanging.close()
    assert caught.value.reason == "ENGINE_TIMED_OUT"


@pytest.mark.parametrize(
    ("kind", "error", "reason"),
    [
        (FaultKind.THROTTLE, EngineThrottled, "ENGINE_THROTTLED"),
        (FaultKind.ERROR, EngineUnavailable, "ENGINE_UNAVAILABLE"),
        (FaultKind.RESET, EngineUnavailable, "ENGINE_UNREACHABLE"),
        (FaultKind.GARBAGE, EngineUnavailable, "ENGINE_ANSWER_UNREADABLE"),
    ],
)
async def test_faults_on_the_wire_have_their_reasons(
    kind: FaultKind, error: type[EngineUnavailable | EngineThrottled], reason: str
) -> None:
    """Throttling, failures, resets and garbled answers are told apart over real HTTP."""
    async with simulated(Options(faults={kind: Fault(1.0)})) as simulation:
        caller = RekognitionCalls(CountingGate(), threads=1)
        with pytest.raises(error) as caught:
            await caller.call(
                "DetectFaces",
                _CONTEXT,
                lambda: simulation.client.detect_faces(Image={"Bytes": portrait(RED)}),
                lambda answer: answer["FaceDetails"],
            )
        caller.close()

    assert caught.value.reason == reason


async def test_unreachable_service_is_unavailable() -> None:
    """When nobody listens at the address, that is a fault that may pass."""
    async with simulated() as simulation:
        gone = simulation.url
    client = client_of(gone)
    caller = RekognitionCalls(CountingGate(), threads=1)

    with pytest.raises(EngineUnavailable) as caught:
        await caller.call("ListFaces", _CONTEXT, lambda: client.list_faces(CollectionId="staff"), lambda answer: answer)

    caller.close()
    assert caught.value.reason == "ENGINE_UNREACHABLE"


def test_client_keeps_a_connection_a_thread_and_tries_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client is set up so that threads never wait for connections and retries stay the scheduler's."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")

    client = create_client("sa-east-1", threads=24, connect_timeout=0.5, read_timeout=1.5)

    config = vars(client.meta.config)
    assert client.meta.region_name == "sa-east-1"
    assert config["max_pool_connections"] == 24
    assert (config["connect_timeout"], config["read_timeout"]) == (0.5, 1.5)
    assert config["retries"] == {"mode": "standard", "total_max_attempts": 1}
    client.close()
