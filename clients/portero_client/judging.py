"""Reviews of PorteroClient and of its blocking twin."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from portero_client import calls
from portero_client.listing import Ask, BlockingAsk, BlockingListing, Listing
from portero_client.review_pictures import ReviewPicture
from portero_client.reviews import QueuedSighting, ReviewAction, Reviewed, ReviewReason, SightingReview


class Reviews:
    """What people say of sightings. For operators and admins."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def queue(
        self,
        *,
        camera: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        reasons: Collection[ReviewReason] = (),
        page_size: int = 0,
        page_token: str = "",
    ) -> Listing[QueuedSighting]:
        """Lists sightings that a person should look at, latest first; no `reasons` means all.

        `page_size`, 1..1000, is how many sightings are looked at in one call; those that need no review are left out.
        """
        pages = calls.reviews.queue_pages(camera=camera, since=since, until=until, reasons=reasons)
        return Listing(self._ask, pages, page_size=page_size, page_token=page_token)

    async def picture(self, sighting: str) -> ReviewPicture:
        """Returns the picture of a sighting of the queue; the server records who looked at it.

        Raises:
            NotFound: There is no such sighting; with reason NO_PICTURE, no picture is kept of it.
            FailedPrecondition: With reason PICTURES_OFF, the server has no keys for pictures; PICTURE_OF_OTHER_KEY or
                PICTURE_DAMAGED, they do not open this one.
        """
        return await self._ask(calls.reviews.picture(sighting))

    async def this_is(self, sighting: str, person: str, *, note: str = "") -> Reviewed:
        """Says that a sighting shows a person, whose it is from now on.

        Raises:
            NotFound: There is no such sighting, or no such person.
            FailedPrecondition: With reason ALREADY_REVIEWED, the earlier review must be undone first; SIGHTING_MERGED,
                it is part of another sighting; PERSON_REMOVED, it is of somebody who was removed;
                PERSON_NOT_RECOGNIZABLE, the person is blocked, or has no valid consent.
        """
        return await self._ask(calls.reviews.review(sighting, ReviewAction.THIS_IS, person, note))

    async def is_not(self, sighting: str, person: str, *, note: str = "") -> Reviewed:
        """Says that a sighting does not show a person; a stranger is seen then, if that was its name.

        For a time, the person is only named at the camera by a higher similarity than this face had.

        Raises:
            InvalidArgument: With reason NOT_A_CANDIDATE, it was never taken for the person.
            NotFound, FailedPrecondition: As `this_is`.
        """
        return await self._ask(calls.reviews.review(sighting, ReviewAction.NOT, person, note))

    async def ignore(self, sighting: str, *, note: str = "") -> Reviewed:
        """Leaves a sighting as it is, and out of the queue. Raises NotFound and FailedPrecondition as `this_is`."""
        return await self._ask(calls.reviews.review(sighting, ReviewAction.IGNORE, "", note))

    async def undo(self, review: str) -> Reviewed:
        """Takes a review back; the sighting is again as it was decided, and nothing more is demanded.

        Its name stays if further tracks joined it by that name. Raises NotFound.
        """
        return await self._ask(calls.reviews.undo(review))

    def list(
        self,
        *,
        camera: str = "",
        sighting: str = "",
        holding: bool = False,
        page_size: int = 0,
        page_token: str = "",
    ) -> Listing[SightingReview]:
        """Lists reviews, latest first; with `holding`, without those that were undone."""
        pages = calls.reviews.list_pages(camera=camera, sighting=sighting, holding=holding)
        return Listing(self._ask, pages, page_size=page_size, page_token=page_token)


class BlockingReviews:
    """What people say of sightings; see Reviews of the asynchronous client."""

    def __init__(self, ask: BlockingAsk) -> None:
        self._ask = ask

    def queue(
        self,
        *,
        camera: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        reasons: Collection[ReviewReason] = (),
        page_size: int = 0,
        page_token: str = "",
    ) -> BlockingListing[QueuedSighting]:
        """Lists sightings that a person should look at, latest first; no `reasons` means all."""
        pages = calls.reviews.queue_pages(camera=camera, since=since, until=until, reasons=reasons)
        return BlockingListing(self._ask, pages, page_size=page_size, page_token=page_token)

    def picture(self, sighting: str) -> ReviewPicture:
        """Returns the picture of a sighting of the queue; the server records who looked at it."""
        return self._ask(calls.reviews.picture(sighting))

    def this_is(self, sighting: str, person: str, *, note: str = "") -> Reviewed:
        """Says that a sighting shows a person, whose it is from now on."""
        return self._ask(calls.reviews.review(sighting, ReviewAction.THIS_IS, person, note))

    def is_not(self, sighting: str, person: str, *, note: str = "") -> Reviewed:
        """Says that a sighting does not show a person; a stranger is seen then, if that was its name."""
        return self._ask(calls.reviews.review(sighting, ReviewAction.NOT, person, note))

    def ignore(self, sighting: str, *, note: str = "") -> Reviewed:
        """Leaves a sighting as it is, and out of the queue. Raises NotFound and FailedPrecondition as `this_is`."""
        return self._ask(calls.reviews.review(sighting, ReviewAction.IGNORE, "", note))

    def undo(self, review: str) -> Reviewed:
        """Takes a review back; the sighting is again as it was decided, and nothing more is demanded."""
        return self._ask(calls.reviews.undo(review))

    def list(
        self,
        *,
        camera: str = "",
        sighting: str = "",
        holding: bool = False,
        page_size: int = 0,
        page_token: str = "",
    ) -> BlockingListing[SightingReview]:
        """Lists reviews, latest first; with `holding`, without those that were undone."""
        pages = calls.reviews.list_pages(camera=camera, sighting=sighting, holding=holding)
        return BlockingListing(self._ask, pages, page_size=page_size, page_token=page_token)
