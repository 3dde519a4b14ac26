"""UsageService with what a test puts in."""

from __future__ import annotations

from google.protobuf.message import Message
from portero.v1 import usage_service_pb2 as pb2

from tests.support.client.wire import UnaryMethod


class FakeUsage:
    """Answers the same to all and remembers what it was asked.

    Attributes:
        answer: What is given.
        asked: Requests so far.
    """

    def __init__(self) -> None:
        self.answer = pb2.GetUsageResponse()
        self.asked: list[pb2.GetUsageRequest] = []

    def methods(self) -> dict[str, tuple[type, UnaryMethod]]:
        """Returns the RPCs by name."""
        return {"GetUsage": (pb2.GetUsageRequest, self._get)}

    async def _get(self, request: pb2.GetUsageRequest) -> Message:
        self.asked.append(request)
        return self.answer
