"""The visitor methods of PorteroClient. Every call raises PorteroError if it fails."""

from __future__ import annotations

from portero_client.calls import visitors as calls
from portero_client.listing import Ask, Listing
from portero_client.visitors import ForgetReceipt, PromotedVisitor, Visitor


class Visitors:
    """Strangers who are known again. A visitor is given by id or resource name."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def get(self, visitor: str) -> Visitor:
        """Returns a visitor. Raises NotFound."""
        return await self._ask(calls.get(visitor))

    def list(self, *, site: str = "", page_size: int = 0, page_token: str = "") -> Listing[Visitor]:
        """Lists visitors, the newest first; `site` empty means all."""
        return Listing(self._ask, calls.list_pages(site), page_size=page_size, page_token=page_token)

    async def merge(self, visitor: str, other: str) -> Visitor:
        """Makes two visitors one: the other is gone afterwards, for good. Raises NotFound, FailedPrecondition."""
        return await self._ask(calls.merge(visitor, other))

    async def promote(self, visitor: str, person: str, *, note: str = "") -> PromotedVisitor:
        """Makes a visitor a person who was enrolled since: the sightings become the person's, and the visitor is gone.

        Each sighting is reviewed as that person's, which `reviews.undo` takes back one by one; one that was reviewed
        before is left as it is. Repeated after an error, it goes on.

        Args:
            visitor: The visitor.
            person: Who it is; id or resource name.
            note: Why, at most 200 characters; kept with each review.

        Raises:
            NotFound: There is no such visitor, or no such person.
            FailedPrecondition: With reason PERSON_NOT_RECOGNIZABLE, the person is blocked or lacks a consent.
        """
        return await self._ask(calls.promote(visitor, person, note))

    async def forget(self, visitor: str, *, verify: bool = False) -> ForgetReceipt:
        """Erases a visitor; `verify` has every table searched afterwards. Raises NotFound."""
        return await self._ask(calls.forget(visitor, verify=verify))

    async def forget_face(self, image: bytes, *, verify: bool = False, dry_run: bool = False) -> ForgetReceipt:
        """Erases every visitor who matches the one face of a photo, which is not kept.

        Args:
            image: JPEG or PNG file with one face.
            verify: Whether every table is searched for them afterwards.
            dry_run: Whether they are only named in the receipt.
        """
        return await self._ask(calls.forget_face(image, verify=verify, dry_run=dry_run))
