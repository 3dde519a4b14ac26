"""The privacy methods of BlockingPorteroClient. Every call raises PorteroError if it fails."""

from __future__ import annotations

from datetime import datetime

from portero_client.calls import privacy as calls
from portero_client.listing import BlockingAsk, BlockingListing
from portero_client.privacy import Consent, Erasure, ExportRecord, PersonPrivacy, Verification


class BlockingPrivacy:
    """Consent, blocking, export and erasure; see Privacy of the asynchronous client."""

    def __init__(self, ask: BlockingAsk) -> None:
        self._ask = ask

    def get(self, person: str) -> PersonPrivacy:
        """Returns the consents and block of a person."""
        return self._ask(calls.get(person))

    def record_consent(
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
        """Records that a person agreed to be recognized; `give_time` None is now."""
        return self._ask(
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

    def withdraw_consent(self, person: str, consent_id: str = "-") -> tuple[Consent, ...]:
        """Withdraws one consent, or all; without a valid one the person is no longer matched."""
        return self._ask(calls.withdraw_consent(person, consent_id))

    def block(self, person: str, reason: str = "") -> PersonPrivacy:
        """Blocks a person: no face is recognized as this person from now on."""
        return self._ask(calls.block(person, reason))

    def unblock(self, person: str) -> PersonPrivacy:
        """Ends the block of a person."""
        return self._ask(calls.unblock(person))

    def export(self, person: str, *, page_size: int = 0, page_token: str = "") -> BlockingListing[ExportRecord]:
        """Lists everything stored about a person."""
        return BlockingListing(self._ask, calls.export_pages(person), page_size=page_size, page_token=page_token)

    def erase(self, person: str) -> Erasure:
        """Erases a person permanently; repeating it returns the receipt."""
        return self._ask(calls.erase(person))

    def verify_erasure(self, person: str) -> Verification:
        """Searches every table for traces of an erased person."""
        return self._ask(calls.verify_erasure(person))
