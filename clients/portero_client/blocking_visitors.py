"""The visitor methods of BlockingPorteroClient. Every call raises PorteroError if it fails."""

from __future__ import annotations

from portero_client.calls import visitors as calls
from portero_client.listing import BlockingAsk, BlockingListing
from portero_client.visitors import ForgetReceipt, PromotedVisitor, Visitor


class BlockingVisitors:
    """Strangers who are known again; see Visitors of the asynchronous client."""

    def __init__(self, ask: BlockingAsk) -> None:
        self._ask = ask

    def get(self, visitor: str) -> Visitor:
        """Returns a visitor. Raises NotFound."""
        return self._ask(calls.get(visitor))

    def list(self, *, site: str = "", page_size: int = 0, page_token: str = "") -> BlockingListing[Visitor]:
        """Lists visitors, the newest first; `site` empty means all."""
        return BlockingListing(self._ask, calls.list_pages(site), page_size=page_size, page_token=page_token)

    def merge(self, visitor: str, other: str) -> Visitor:
        """Makes two visitors one: the other is gone afterwards, for good. Raises NotFound, FailedPrecondition."""
        return self._ask(calls.merge(visitor, other))

    def promote(self, visitor: str, person: str, *, note: str = "") -> PromotedVisitor:
        """Makes a visitor a person who was enrolled since; see Visitors. Raises NotFound, FailedPrecondition."""
        return self._ask(calls.promote(visitor, person, note))

    def forget(self, visitor: str, *, verify: bool = False) -> ForgetReceipt:
        """Erases a visitor; `verify` has every table searched afterwards. Raises NotFound."""
        return self._ask(calls.forget(visitor, verify=verify))

    def forget_face(self, image: bytes, *, verify: bool = False, dry_run: bool = False) -> ForgetReceipt:
        """Erases every visitor who matches the one face of a photo, which is not kept.

        Args:
            image: JPEG or PNG file with one face.
            verify: Whether every table is searched for them afterwards.
            dry_run: Whether they are only named in the receipt.
        """
        return self._ask(calls.forget_face(image, verify=verify, dry_run=dry_run))
