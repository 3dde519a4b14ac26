"""The audit trail."""

from __future__ import annotations

from fastapi import APIRouter

from portero_client import AuditEntry
from portero_console.parts import TheCaller
from portero_console.rest.shapes import DEFAULT_PAGE_SIZE, Listed, PageSize, PageToken, listed

router = APIRouter(tags=["audit"])


@router.get("/audit", response_model=Listed[AuditEntry], summary="Lists the audit trail")
async def list_audit(caller: TheCaller, page_size: PageSize = DEFAULT_PAGE_SIZE, page_token: PageToken = "") -> object:
    """Lists who did what, newest first."""
    return await listed(caller.client.audit.list(page_token=page_token), page_size)
