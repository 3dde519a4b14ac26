"""What PorteroClient offers of what people have a right to. Every call raises PorteroError when it fails."""

from __future__ import annotations

from datetime import datetime

from portero_client.calls import privacy as calls
from portero_client.listing import Ask, Listing
from portero_client.privacy import Consent, Erasure, ExportRecord, PersonPrivacy, Verification


class Privacy:
    """Consent, block, export, erasure. A person is given by id or resource name."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def get(self, person: str) -> PersonPrivacy:
        """Returns what holds for a person. Raises NotFound."""
        return await self._ask(calls.get(person))

    async def record_consent(
        self,
        person: str,
        *,
        purpose: str,
        text_version: str,
        channel: str,
        guardian: str = "",
        give_time: datetime | None = None,
        expire_time: datetime | None = None,
    ) -> Consent:
        """Records that a person agreed to be recognized; `give_time` None is now. Raises NotFound."""
        return await self._ask(
            calls.record_consent(
                person,
                purpose=purpose,
                text_version=text_version,
                channel=channel,
                guardian=guardian,
                give_time=give_time,
                expire_time=expire_time,
            )
        )

    async def withdraw_consent(self, person: str, consent_id: str = "-") -> tuple[Consent, ...]:
        """Ends one consent, or all; without a valid one the person is matched no more. Raises NotFound."""
        return await self._ask(calls.withdraw_consent(person, consent_id))

    async def block(self, person: str, reason: str = "") -> PersonPrivacy:
        """Has nobody recognized as this person from now on. Raises NotFound."""
        return await self._ask(calls.block(person, reason))

    async def unblock(self, person: str) -> PersonPrivacy:
        """Ends a block. Raises NotFound."""
        return await self._ask(calls.unblock(person))

    def export(self, person: str, *, page_size: int = 0, page_token: str = "") -> Listing[ExportRecord]:
        """Lists everything that is stored of a person. Raises NotFound."""
        return Listing(self._ask, calls.export_pages(person), page_size=page_size, page_token=page_token)

    async def erase(self, person: str) -> Erasure:
        """Erases a person for ever; again, it gives the receipt. Raises NotFound."""
        return await self._ask(calls.erase(person))

    async def verify_erasure(self, person: str) -> Verification:
        """Searches every place for an erased person. Raises NotFound when the person was not erased."""
        return await self._ask(calls.verify_erasure(person))
