"""The methods of BlockingPorteroClient about keys and the audit trail. Every call raises PorteroError if it fails."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from portero_client import calls
from portero_client.audit import AuditAnchor, AuditEntry, AuditReport
from portero_client.keys import ApiKey, Caller, NewKey, Role
from portero_client.listing import BlockingAsk, BlockingListing


class BlockingAudit:
    """The audit trail; see Audit of the asynchronous client."""

    def __init__(self, ask: BlockingAsk) -> None:
        self._ask = ask

    def list(self, *, page_size: int = 0, page_token: str = "") -> BlockingListing[AuditEntry]:
        """Lists entries, newest first."""
        return BlockingListing(self._ask, calls.audit.entry_pages(), page_size=page_size, page_token=page_token)

    def verify(self, *anchors: AuditAnchor) -> AuditReport:
        """Verifies the whole chain, also against anchors kept elsewhere. May take minutes."""
        return self._ask(calls.audit.verify(anchors))


class BlockingKeys:
    """API keys; see Keys of the asynchronous client."""

    def __init__(self, ask: BlockingAsk) -> None:
        self._ask = ask

    def create(
        self,
        display_name: str,
        *,
        roles: Collection[Role],
        cameras: Collection[str] = (),
        sites: Collection[str] = (),
        expire_time: datetime | None = None,
    ) -> NewKey:
        """Creates an API key and returns it with its text."""
        return self._ask(
            calls.keys.create(display_name, roles=roles, cameras=cameras, sites=sites, expire_time=expire_time)
        )

    def list(self, *, page_size: int = 0, page_token: str = "") -> BlockingListing[ApiKey]:
        """Lists keys by resource name."""
        return BlockingListing(self._ask, calls.keys.list_pages(), page_size=page_size, page_token=page_token)

    def caller(self) -> Caller:
        """Returns who this client is to the server."""
        return self._ask(calls.keys.caller())

    def revoke(self, key: str) -> ApiKey:
        """Revokes an API key on every server."""
        return self._ask(calls.keys.revoke(key))
