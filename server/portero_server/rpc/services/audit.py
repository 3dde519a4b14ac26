"""Implements AuditService: reading the audit trail, and verifying that it was not tampered with."""
# ruff: noqa: N802 - methods are named as in the proto

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Protocol

from portero.v1 import audit_service_pb2 as pb
from portero.v1 import audit_service_pb2_grpc

from portero_server.audit.trail import AuditReport, AuditTrail
from portero_server.domain.audit.chain import Anchor, AuditOutcome, Entry
from portero_server.domain.audit.check import Tampering
from portero_server.errors import InvalidInput
from portero_server.rpc.convert import time_to_proto
from portero_server.rpc.paging import Listing, checked_page_size, cut, malformed_token
from portero_server.rpc.requests import Context

_MOST_ANCHORS = 1000

_OUTCOMES: Mapping[AuditOutcome, pb.AuditOutcome.ValueType] = {
    AuditOutcome.ASKED: pb.AUDIT_OUTCOME_ASKED,
    AuditOutcome.DONE: pb.AUDIT_OUTCOME_DONE,
    AuditOutcome.FAILED: pb.AUDIT_OUTCOME_FAILED,
    AuditOutcome.DENIED: pb.AUDIT_OUTCOME_DENIED,
    AuditOutcome.NO_LOGIN: pb.AUDIT_OUTCOME_NO_LOGIN,
    AuditOutcome.UNREADABLE: pb.AUDIT_OUTCOME_UNSPECIFIED,
}
_TAMPERINGS: Mapping[Tampering, pb.AuditTampering.ValueType] = {
    Tampering.EDITED: pb.AUDIT_TAMPERING_EDITED,
    Tampering.REMOVED: pb.AUDIT_TAMPERING_REMOVED,
    Tampering.REORDERED: pb.AUDIT_TAMPERING_REORDERED,
    Tampering.INSERTED: pb.AUDIT_TAMPERING_INSERTED,
    Tampering.CUT: pb.AUDIT_TAMPERING_CUT,
    Tampering.REWRITTEN: pb.AUDIT_TAMPERING_REWRITTEN,
}


class Anchors(Protocol):
    """Reads the anchors of the audit chain (`audit/anchors.py`)."""

    async def known(self) -> Iterable[Anchor]:
        """Returns every anchor; raises Unavailable when they cannot be read."""
        ...


class NoAnchors:
    """Stands for an audit chain without anchors."""

    async def known(self) -> Iterable[Anchor]:
        """Returns an empty list, since nothing is anchored."""
        return ()


class AuditServicer(audit_service_pb2_grpc.AuditServiceServicer):
    """Lists the entries of the audit trail and verifies its chain."""

    def __init__(self, trail: AuditTrail, anchors: Anchors) -> None:
        self._trail = trail
        self._anchors = anchors

    async def ListAuditEntries(
        self, request: pb.ListAuditEntriesRequest, context: Context
    ) -> pb.ListAuditEntriesResponse:
        """Lists entries, newest first."""
        size = checked_page_size(request.page_size)
        listing = Listing("audit")
        cursor = listing.cursor(request.page_token, parts=1)
        page, last = cut(await self._trail.newest(size + 1, _position(cursor)), size)
        return pb.ListAuditEntriesResponse(
            entries=[_to_proto(entry) for entry in page],
            next_page_token=listing.token([str(last.position)]) if last else "",
        )

    async def VerifyAudit(self, request: pb.VerifyAuditRequest, context: Context) -> pb.VerifyAuditResponse:
        """Verifies the whole chain, and the anchors if there are any."""
        if len(request.anchors) > _MOST_ANCHORS:
            raise InvalidInput("anchors", f"anchors must be at most {_MOST_ANCHORS}")
        given = [_anchor(anchor, index) for index, anchor in enumerate(request.anchors)]
        return _report(await self._trail.check([*given, *await self._anchors.known()]))


def _position(cursor: tuple[str, ...] | None) -> int | None:
    if cursor is None:
        return None
    if not re.fullmatch(r"[1-9][0-9]{0,17}", cursor[0]):
        raise malformed_token()
    return int(cursor[0])


def _anchor(anchor: pb.AuditAnchor, index: int) -> Anchor:
    if anchor.count < 1:
        raise InvalidInput(f"anchors[{index}].count", f"anchors[{index}].count must be 1 or more")
    if not re.fullmatch(r"[0-9a-f]{64}", anchor.digest):
        raise InvalidInput(f"anchors[{index}].digest", f"anchors[{index}].digest must be 64 hexadecimal digits")
    return Anchor(anchor.count, anchor.digest)


def _to_proto(entry: Entry) -> pb.AuditEntry:
    deed, actor = entry.deed, entry.deed.actor
    return pb.AuditEntry(
        position=entry.position,
        time=time_to_proto(entry.at),
        subject=actor.subject,
        peer=actor.peer,
        method=actor.method,
        credential=actor.credential,
        action=deed.action,
        resource=deed.resource,
        outcome=_OUTCOMES[deed.outcome],
        reason=deed.reason,
        count=deed.count,
        previous_digest=entry.previous,
        digest=entry.digest,
    )


def _report(report: AuditReport) -> pb.VerifyAuditResponse:
    return pb.VerifyAuditResponse(
        findings=[
            pb.AuditFinding(
                tampering=_TAMPERINGS[finding.kind], first_position=finding.first, last_position=finding.last
            )
            for finding in report.findings
        ],
        head=pb.AuditAnchor(count=report.head.count, digest=report.head.digest),
        retired_count=report.head.base_count,
        anchor_count=report.anchors,
    )
