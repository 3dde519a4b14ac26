"""The audit trail over REST."""

from __future__ import annotations

from portero.v1 import audit_service_pb2 as audit

from tests.support.client.server import FakeServer
from tests.support.console.browser import Browser


async def test_the_trail_is_told_in_pages(browser: Browser, server: FakeServer) -> None:
    """Each page goes on where the one before ended, and the last one says that it is."""
    server.audit.entries = [
        audit.AuditEntry(position=number, subject="keys/me", outcome=audit.AUDIT_OUTCOME_DENIED) for number in (3, 2, 1)
    ]
    first = await browser.json("GET", "/audit", params={"page_size": 2})
    assert [(each["position"], each["outcome"]) for each in first["items"]] == [(3, "denied"), (2, "denied")]
    rest = await browser.json("GET", "/audit", params={"page_size": 2, "page_token": first["next_page_token"]})
    assert ([each["position"] for each in rest["items"]], rest["next_page_token"]) == ([1], "")
