"""AuditService with what a test puts in."""

from __future__ import annotations

from google.protobuf.message import Message
from portero.v1 import audit_service_pb2 as pb2

from tests.support.client.wire import UnaryMethod


class FakeAudit:
    """Answers with pages of entries and one report, and remembers what it was asked.

    Attributes:
        entries: Newest first.
        report: What a check answers.
        asked: Requests for a check so far.
    """

    def __init__(self) -> None:
        self.entries: list[pb2.AuditEntry] = []
        self.report = pb2.VerifyAuditResponse()
        self.asked: list[pb2.VerifyAuditRequest] = []

    def methods(self) -> dict[str, tuple[type, UnaryMethod]]:
        """Returns the RPCs by name."""
        return {
            "ListAuditEntries": (pb2.ListAuditEntriesRequest, self._list),
            "VerifyAudit": (pb2.VerifyAuditRequest, self._verify),
        }

    async def _list(self, request: pb2.ListAuditEntriesRequest) -> Message:
        start = int(request.page_token or 0)
        end = start + (request.page_size or 100)
        token = str(end) if end < len(self.entries) else ""
        return pb2.ListAuditEntriesResponse(entries=self.entries[start:end], next_page_token=token)

    async def _verify(self, request: pb2.VerifyAuditRequest) -> Message:
        self.asked.append(request)
        return self.report
