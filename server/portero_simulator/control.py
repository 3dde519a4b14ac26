"""The simulator's controls beside the API: GET /_simulator/state, and the POST requests."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, TypeAdapter

from portero_simulator.endpoint import Endpoint
from portero_simulator.faults import SLOW_BY, Fault, FaultKind
from portero_simulator.journal import as_json


class FaultOrder(BaseModel):
    """A request to set a fault: rate 0..1, duration in seconds (left out: until changed), and the delay of `slow`."""

    model_config = ConfigDict(extra="forbid")

    rate: Annotated[float, Field(ge=0, le=1)]
    seconds: Annotated[float, Field(gt=0, le=86_400)] | None = None
    delay: Annotated[float, Field(ge=0, le=600)] = SLOW_BY


class ResetOrder(BaseModel):
    """What to reset besides calls and faults: the collections with their faces."""

    model_config = ConfigDict(extra="forbid")

    collections: bool = False


class LivenessOrder(BaseModel):
    """How a liveness session goes: confidence 0..100, left out if it fails; the reference picture in base64."""

    model_config = ConfigDict(extra="forbid")

    session: str
    confidence: Annotated[float, Field(ge=0, le=100)] | None = None
    reference: Base64Bytes | None = None


_ORDERS = TypeAdapter(dict[FaultKind, FaultOrder])


def state(endpoint: Endpoint, now: float, log: int) -> dict[str, Any]:
    """Returns the whole state, ready for JSON.

    Args:
        endpoint: The endpoint whose state is asked for.
        now: Monotonic seconds.
        log: How many of the last calls to list.
    """
    return {
        "seconds": now - endpoint.journal.since,
        **endpoint.journal.summary(),
        "quotas": dict(endpoint.quotas.rates),
        "faults": {kind.value: asdict(fault) for kind, fault in endpoint.faults.active(now).items()},
        "collections": {
            collection.collection_id: len(collection.faces) for collection in endpoint.service.collections.all()
        },
        "log": [as_json(call) for call in endpoint.journal.calls(log)],
    }


def turn_faults(endpoint: Endpoint, now: float, body: bytes) -> None:
    """Sets the faults in a JSON body, {"throttle": {"rate": 0.5, "seconds": 30}}; others stay as they are.

    Raises:
        pydantic.ValidationError: The body is not of that form.
    """
    for kind, order in _ORDERS.validate_json(body or b"{}").items():
        endpoint.faults.turn(kind, Fault(order.rate, order.seconds, order.delay), now)


def finish_liveness(endpoint: Endpoint, now: float, body: bytes) -> None:
    """Finishes a liveness session, as a person before a device would.

    Raises:
        pydantic.ValidationError: The body is not of that form.
        ApiProblem: There is no such session, or it is over.
    """
    order = LivenessOrder.model_validate_json(body or b"{}")
    endpoint.service.sessions.finish(order.session, order.confidence, order.reference, now)


async def reset(endpoint: Endpoint, now: float, body: bytes) -> None:
    """Clears calls, faults and used quotas; with {"collections": true} the collections too.

    Raises:
        pydantic.ValidationError: The body is not of that form.
    """
    order = ResetOrder.model_validate_json(body or b"{}")
    endpoint.journal.clear(now)
    endpoint.faults.clear()
    endpoint.quotas.reset()
    if order.collections:
        for collection in endpoint.service.collections.all():
            endpoint.service.collections.delete(collection.collection_id)
            await endpoint.service.recognizer.forget(list(collection.faces))
