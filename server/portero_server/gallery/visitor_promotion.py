"""Makes a visitor a person who was enrolled since: the sightings become the person's, and the visitor is gone."""

from __future__ import annotations

from dataclasses import dataclass

from portero_server.domain.people.visitors import Forgotten
from portero_server.errors import FailedPrecondition, NotFound
from portero_server.gallery.reviews import Reviews
from portero_server.store.visitors import VisitorStore
from portero_server.telemetry.visitor_metrics import VisitorMetrics

_PAGE = 100


@dataclass(frozen=True, slots=True)
class Promotion:
    """What became of a visitor.

    Attributes:
        named: Sightings that are the person's now, each by a review.
        left: Sightings that were left as they are, since they were reviewed before.
        forgotten: What was erased of the visitor.
    """

    named: int
    left: int
    forgotten: Forgotten


class VisitorPromoter:
    """Promotes visitors, whether or not strangers are known again now."""

    def __init__(self, store: VisitorStore, reviews: Reviews, metrics: VisitorMetrics) -> None:
        self._store = store
        self._reviews = reviews
        self._metrics = metrics

    async def promote(self, visitor_id: str, person_id: str, note: str, reviewer: str) -> Promotion:
        """Says of each sighting of a visitor that it shows a person, then erases the visitor.

        Args:
            visitor_id: The visitor.
            person_id: Who it is.
            note: Why, in the reviewer's words; may be empty.
            reviewer: Subject of the credential.

        Raises:
            NotFound: There is no such visitor, or no such person.
            FailedPrecondition: The person may not be named.
            StoreUnavailable: The database does not answer; called again, it goes on.
        """
        await self._store.get(visitor_id)
        await self._reviews.check_nameable(person_id)
        named, left, after = 0, 0, ""
        while page := await self._store.nameless(visitor_id, _PAGE, after):
            for sighting_id in page:
                if await self._named(sighting_id, person_id, note, reviewer):
                    named += 1
                else:
                    left += 1
            after = page[-1]
        forgotten = await self._store.forget([visitor_id])
        self._metrics.visitor_promoted()
        return Promotion(named, left, forgotten)

    async def _named(self, sighting_id: str, person_id: str, note: str, reviewer: str) -> bool:
        try:
            await self._reviews.name(sighting_id, person_id, note, reviewer)
        except FailedPrecondition as refusal:
            if refusal.reason not in ("ALREADY_REVIEWED", "SIGHTING_MERGED"):
                raise
            return False
        except NotFound as missing:
            if missing.resource != f"sightings/{sighting_id}":
                raise
            # Past its time meanwhile.
            return False
        return True
