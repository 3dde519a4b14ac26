"""The calls of AuditService."""

from __future__ import annotations

from collections.abc import Iterable

from portero.v1 import audit_service_pb2 as pb2

from portero_client import convert
from portero_client.audit import (
    AuditAnchor,
    AuditEntry,
    AuditFinding,
    AuditOutcome,
    AuditReport,
    AuditTampering,
)
from portero_client.calls.base import Call, Page, PageCall, unary

_SERVICE = "/portero.v1.AuditService/"
# Every entry is read, a year's worth of them perhaps.
_PATIENCE = 600.0

_OUTCOMES = {
    pb2.AUDIT_OUTCOME_ASKED: AuditOutcome.ASKED,
    pb2.AUDIT_OUTCOME_DONE: AuditOutcome.DONE,
    pb2.AUDIT_OUTCOME_FAILED: AuditOutcome.FAILED,
    pb2.AUDIT_OUTCOME_DENIED: AuditOutcome.DENIED,
    pb2.AUDIT_OUTCOME_NO_LOGIN: AuditOutcome.NO_LOGIN,
}
_TAMPERINGS = {
    pb2.AUDIT_TAMPERING_EDITED: AuditTampering.EDITED,
    pb2.AUDIT_TAMPERING_REMOVED: AuditTampering.REMOVED,
    pb2.AUDIT_TAMPERING_REORDERED: AuditTampering.REORDERED,
    pb2.AUDIT_TAMPERING_INSERTED: AuditTampering.INSERTED,
    pb2.AUDIT_TAMPERING_CUT: AuditTampering.CUT,
    pb2.AUDIT_TAMPERING_REWRITTEN: AuditTampering.REWRITTEN,
}


def entry_pages() -> PageCall[AuditEntry]:
    """Lists entries, newest first."""

    def page(page_size: int, page_token: str) -> Call[Page[AuditEntry]]:
        return unary(
            _SERVICE + "ListAuditEntries",
            pb2.ListAuditEntriesRequest(page_size=page_size, page_token=page_token),
            pb2.ListAuditEntriesResponse,
            lambda answer: Page(tuple(_entry_from(entry) for entry in answer.entries), answer.next_page_token),
        )

    return page


def verify(anchors: Iterable[AuditAnchor]) -> Call[AuditReport]:
    """Verifies the whole chain."""
    given = [pb2.AuditAnchor(count=anchor.count, digest=anchor.digest) for anchor in anchors]
    return unary(
        _SERVICE + "VerifyAudit",
        pb2.VerifyAuditRequest(anchors=given),
        pb2.VerifyAuditResponse,
        _report_from,
        patience=_PATIENCE,
    )


def _entry_from(entry: pb2.AuditEntry) -> AuditEntry:
    return AuditEntry(
        position=entry.position,
        time=convert.time_from(entry.time),
        subject=entry.subject,
        peer=entry.peer,
        method=entry.method,
        credential=entry.credential,
        action=entry.action,
        resource=entry.resource,
        outcome=_OUTCOMES.get(entry.outcome, AuditOutcome.UNSPECIFIED),
        reason=entry.reason,
        count=entry.count,
        previous_digest=entry.previous_digest,
        digest=entry.digest,
    )


def _report_from(answer: pb2.VerifyAuditResponse) -> AuditReport:
    return AuditReport(
        findings=tuple(
            AuditFinding(
                _TAMPERINGS.get(finding.tampering, AuditTampering.UNSPECIFIED),
                finding.first_position,
                finding.last_position,
            )
            for finding in answer.findings
        ),
        head=AuditAnchor(answer.head.count, answer.head.digest),
        retired_count=answer.retired_count,
        anchor_count=answer.anchor_count,
    )
