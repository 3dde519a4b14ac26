"""Handles one request: signature, operation, faults and quotas, then the operation itself; everything is logged."""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from portero_server.clock import Clock
from portero_server.errors import EngineError
from portero_simulator.faults import Blow, FaultKind, Faults
from portero_simulator.journal import Call, Journal
from portero_simulator.latency import Latency
from portero_simulator.model import AnswerBroken, Document, RekognitionModel
from portero_simulator.operations import OPERATIONS
from portero_simulator.pricing import price
from portero_simulator.problems import ApiProblem, internal_error
from portero_simulator.quotas import Quotas
from portero_simulator.service import Service
from portero_simulator.signature import check_signature

_log = logging.getLogger(__name__)

_OVER_QUOTA = ("ProvisionedThroughputExceededException", "Provisioned rate exceeded", 400)
_THROTTLINGS = (
    _OVER_QUOTA,
    ("ThrottlingException", "Rate exceeded", 400),
    ("ThrottlingException", "Rate exceeded", 500),
)
_UNKNOWN = "unknown"


class ConnectionCut(Exception):
    """The connection is to be reset instead of answered."""


@dataclass(frozen=True, slots=True)
class Request:
    """The relevant parts of an HTTP request: X-Amz-Target, Authorization, body."""

    target: str
    authorization: str | None
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response; `code` is the error's, or empty; `analyzed` tells whether it is billed."""

    status: int
    body: bytes
    code: str = ""
    analyzed: bool = True


class Endpoint:
    """Answers requests as Rekognition would, or with the requested faults."""

    def __init__(
        self,
        service: Service,
        quotas: Quotas,
        faults: Faults,
        latency: Latency,
        clock: Clock,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        most_at_once: int = 256,
    ) -> None:
        """Creates an endpoint from its parts.

        Args:
            service: What the operations work on.
            quotas: Calls a second.
            faults: What goes wrong.
            latency: How long an answer takes at least.
            clock: Where time comes from.
            sleep: How time is spent.
            most_at_once: Calls under way; beyond, calls are throttled.
        """
        self.service = service
        self.quotas = quotas
        self.faults = faults
        self.journal = Journal(clock.monotonic())
        self._latency = latency
        self._clock = clock
        self._sleep = sleep
        self._places = most_at_once
        self._model = RekognitionModel()

    @property
    def content_type(self) -> str:
        """Content type of all answers."""
        return self._model.content_type

    async def answer(self, request: Request) -> Answer:
        """Returns the response to one request.

        Raises:
            ConnectionCut: The connection is to be reset.
        """
        began = self._clock.monotonic()
        operation = _UNKNOWN
        answer = Answer(0, b"", "reset", analyzed=False)
        self._places -= 1
        try:
            operation = self._model.operation(request.target)
            check_signature(request.authorization)
            blow = self.faults.draw(began)
            answer = await self._answered(operation, request.body, blow, began)
        except ApiProblem as problem:
            answer = _refusal(problem)
        except (EngineError, AnswerBroken):
            _log.exception("%s failed", operation)
            answer = _refusal(internal_error())
        finally:
            self._places += 1
            self._note(operation, request, answer, began)
        return answer

    async def _answered(self, operation: str, body: bytes, blow: Blow, began: float) -> Answer:
        if blow.delay > 0:
            await self._sleep(blow.delay)
        if blow.failure is FaultKind.RESET:
            raise ConnectionCut
        if blow.failure is FaultKind.THROTTLE:
            raise _throttling(*_THROTTLINGS[int(blow.coin * len(_THROTTLINGS))])
        if self._places < 0 or not self.quotas.take(operation, began):
            raise _throttling(*_OVER_QUOTA)
        if blow.failure is FaultKind.ERROR:
            raise internal_error()
        document = self._model.read(operation, body)
        written = self._model.write(operation, await self._worked(operation, document, began + blow.delay))
        if blow.failure is FaultKind.GARBAGE:
            return Answer(200, written[: len(written) // 2], "garbage")
        return Answer(200, written)

    async def _worked(self, operation: str, document: Document, began: float) -> Document:
        """Runs the operation; takes at least the drawn time, whatever the result."""
        work = OPERATIONS.get(operation)
        if work is None:
            raise ApiProblem("UnknownOperationException", f"{operation} is not simulated")
        due = began + self._latency.draw()
        try:
            return await work(self.service, document)
        finally:
            rest = due - self._clock.monotonic()
            if rest > 0:
                await self._sleep(rest)

    def _note(self, operation: str, request: Request, answer: Answer, began: float) -> None:
        call = Call(
            at=began - self.journal.since,
            operation=operation,
            status=answer.status,
            code=answer.code,
            seconds=self._clock.monotonic() - began,
            dollars=price(operation, analyzed=answer.analyzed),
            bytes_in=len(request.body),
        )
        self.journal.note(call)


def _throttling(code: str, message: str, status: int) -> ApiProblem:
    return ApiProblem(code, message, status=status)


def _refusal(problem: ApiProblem) -> Answer:
    body = {"__type": problem.code, "Code": problem.code, "Logref": str(uuid.uuid4()), "Message": problem.message}
    return Answer(problem.status, json.dumps(body).encode(), problem.code, analyzed=problem.analyzed)
