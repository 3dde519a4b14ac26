"""The document methods of PorteroClient. Every call raises PorteroError if it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime

from portero_client.calls import documents as calls
from portero_client.documents import (
    CheckIn,
    CheckInResult,
    Guest,
    ImportedGuests,
    NewGuest,
    ReadDocument,
    ReviewDecision,
)
from portero_client.listing import Ask, Listing
from portero_client.privacy import Erasure, ExportRecord

_BETWEEN_LOOKS = 0.25
"""Seconds between two looks at a check-in that runs."""


class Documents:
    """Reading documents, checking people in, and expected guests."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def read(self, *images: bytes) -> ReadDocument:
        """Reads a document from one or two pictures, in any order and orientation; nothing is stored."""
        return await self._ask(calls.read(images))

    async def check_in(self, *document: bytes, live: bytes | None = None, camera: str = "") -> CheckIn:
        """Checks somebody in with pictures, and returns the result.

        Args:
            document: One or two pictures of the document.
            live: A picture of who holds it; None: the face is not compared, and a person must look.
            camera: Where, by id or resource name; callers with a camera scope must say it.
        """
        return await self._ask(calls.check_in(document, live, camera))

    async def start(self, camera: str, *, replace: bool = False, liveness: bool = False) -> CheckIn:
        """Begins a check-in from a camera's stream, and returns it while it runs; `wait` returns the result.

        Args:
            camera: Id or resource name of the camera.
            replace: Whether to end a check-in that still runs there; otherwise this one is refused.
            liveness: Whether to ask for a liveness session: show Amazon's FaceLivenessDetector on the guest's device
                with what `liveness_session` says; `wait` waits for it too.

        Raises:
            FailedPrecondition: The camera is disabled, or has a check-in that runs (CHECK_IN_RUNNING); or the site has
                liveness sessions off (LIVENESS_OFF).
        """
        return await self._ask(calls.start(camera, replace=replace, liveness=liveness))

    async def wait(self, check_in: str) -> CheckIn:
        """Waits until a check-in has ended, which it does at its `expire_time` at the latest, and returns it."""
        found = await self.get(check_in)
        while found.running:
            await asyncio.sleep(_BETWEEN_LOOKS)
            found = await self.get(check_in)
        return found

    async def get(self, check_in: str) -> CheckIn:
        """Returns a check-in. Raises NotFound."""
        return await self._ask(calls.get(check_in))

    def list(
        self,
        *,
        camera: str = "",
        run: str = "",
        result: CheckInResult = CheckInResult.UNSPECIFIED,
        undecided: bool = False,
        since: datetime | None = None,
        until: datetime | None = None,
        page_size: int = 0,
        page_token: str = "",
    ) -> Listing[CheckIn]:
        """Lists check-ins, latest first; `undecided`: only those that a person has still to decide about."""
        pages = calls.list_pages(camera=camera, run=run, result=result, undecided=undecided, since=since, until=until)
        return Listing(self._ask, pages, page_size=page_size, page_token=page_token)

    async def cancel(self, check_in: str) -> CheckIn:
        """Ends a check-in that runs. Raises NotFound."""
        return await self._ask(calls.cancel(check_in))

    async def review(self, check_in: str, decision: ReviewDecision, reason: str) -> CheckIn:
        """Stores a person's decision, which counts from then on. Raises NotFound, FailedPrecondition."""
        return await self._ask(calls.review(check_in, decision, reason))

    async def erase(self, check_in: str) -> Erasure:
        """Erases a check-in permanently. Raises NotFound."""
        return await self._ask(calls.erase(check_in))

    def export_holder(
        self, *, run: str = "", document_number: str = "", page_size: int = 0, page_token: str = ""
    ) -> Listing[ExportRecord]:
        """Lists everything stored about the holder of a document, by RUN or number. Raises NotFound."""
        pages = calls.export_pages(run, document_number)
        return Listing(self._ask, pages, page_size=page_size, page_token=page_token)

    async def erase_holder(self, *, run: str = "", document_number: str = "") -> Erasure:
        """Erases every check-in and expected arrival of the holder of a document permanently. Raises NotFound."""
        return await self._ask(calls.erase_holder(run, document_number))

    async def import_guests(self, guests: Sequence[NewGuest]) -> ImportedGuests:
        """Adds up to 1000 expected guests; those on the list of that day already are left as they are."""
        return await self._ask(calls.import_guests(guests))

    def guests(self, *, day: date | None = None, page_size: int = 0, page_token: str = "") -> Listing[Guest]:
        """Lists the expected guests of a day at the site; None: today."""
        return Listing(self._ask, calls.guest_pages(day), page_size=page_size, page_token=page_token)

    async def delete_guest(self, guest: str) -> None:
        """Removes an expected guest permanently. Raises NotFound."""
        await self._ask(calls.delete_guest(guest))
