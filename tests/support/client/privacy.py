"""PrivacyService with what a test puts in."""

from __future__ import annotations

from google.protobuf.message import Message
from portero.v1 import privacy_service_pb2 as pb2

from tests.support.client.wire import UnaryMethod

_METHODS = (
    "GetPersonPrivacy",
    "RecordConsent",
    "WithdrawConsent",
    "BlockPerson",
    "UnblockPerson",
    "ExportPerson",
    "ErasePerson",
    "VerifyErasure",
)


class FakePrivacy:
    """Answers by method and remembers what it was asked.

    Attributes:
        answers: What each method gives; several answers are given in turn.
        asked: Requests so far.
    """

    def __init__(self) -> None:
        self.answers: dict[str, list[Message]] = {}
        self.asked: list[Message] = []

    def methods(self) -> dict[str, tuple[type, UnaryMethod]]:
        """Returns the RPCs by name."""
        return {name: (getattr(pb2, f"{name}Request"), self._answering(name)) for name in _METHODS}

    def _answering(self, name: str) -> UnaryMethod:
        async def answer(request: Message) -> Message:
            self.asked.append(request)
            return self.answers[name].pop(0)

        return answer
