"""The methods of PorteroClient for who may do what, and who did: keys and the audit trail."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from portero_client import calls
from portero_client.audit import AuditAnchor, AuditEntry, AuditReport
from portero_client.keys import ApiKey, Caller, NewKey, Role
from portero_client.listing import Ask, Listing


class Audit:
    """The audit trail: who did what, and whether it was tampered with. For admins."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def list(self, *, page_size: int = 0, page_token: str = "") -> Listing[AuditEntry]:
        """Lists entries, newest first."""
        return Listing(self._ask, calls.audit.entry_pages(), page_size=page_size, page_token=page_token)

    async def verify(self, *anchors: AuditAnchor) -> AuditReport:
        """Verifies the whole chain, also against anchors kept elsewhere. May take minutes."""
        return await self._ask(calls.audit.verify(anchors))


class Keys:
    """API keys; for admins. A key is given by id or resource name."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def create(
        self,
        display_name: str,
        *,
        roles: Collection[Role],
        cameras: Collection[str] = (),
        sites: Collection[str] = (),
        groups: Collection[str] = (),
        people: Collection[str] = (),
        expire_time: datetime | None = None,
    ) -> NewKey:
        """Creates a key, for all cameras unless cameras or sites are named; a bridge's key must name some.

        A teacher's key must name groups, and a guardian's people. Raises NotFound: there is no such group or person.
        """
        return await self._ask(
            calls.keys.create(
                display_name,
                roles=roles,
                cameras=cameras,
                sites=sites,
                groups=groups,
                people=people,
                expire_time=expire_time,
            )
        )

    def list(self, *, page_size: int = 0, page_token: str = "") -> Listing[ApiKey]:
        """Lists keys by resource name, revoked and expired ones too; `page_size` 1..1000, 0 is the server's default."""
        return Listing(self._ask, calls.keys.list_pages(), page_size=page_size, page_token=page_token)

    async def caller(self) -> Caller:
        """Returns who this client is to the server, and what it may do; for every role."""
        return await self._ask(calls.keys.caller())

    async def revoke(self, key: str) -> ApiKey:
        """Revokes a key: within 15 seconds every server refuses it. Raises NotFound."""
        return await self._ask(calls.keys.revoke(key))
