"""Lets people judge doubtful sightings: what is to be looked at, and what follows from what they say."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from typing import NamedTuple

from portero_server.clock import Clock
from portero_server.domain.recording.reviews import Demand, QueueReason, ReviewAction, likeness_of, queue_reason
from portero_server.domain.recording.sightings import MEMORY, Sighting
from portero_server.domain.tracking.what_if import StoredDecision
from portero_server.errors import InvalidInput
from portero_server.store.decisions import DecisionFilter, DecisionStore
from portero_server.store.sighting_reviews import NewReview, Reviewed, SightingReviewStore
from portero_server.store.sightings import SightingCursor, SightingFilter, SightingStore
from portero_server.telemetry.decision_metrics import DecisionMetrics

MOST_DECISIONS = 20
"""Decisions about one sighting that are shown, and that are searched for whom it was taken for."""


class QueuedSighting(NamedTuple):
    """A sighting that a person should look at, and why."""

    sighting: Sighting
    reason: QueueReason
    decisions: Sequence[StoredDecision]


class QueuePage(NamedTuple):
    """Part of the queue; `after`: where the next part begins, None at the end."""

    queued: Sequence[QueuedSighting]
    after: SightingCursor | None


class Reviews:
    """Reviews sightings."""

    def __init__(
        self,
        sightings: SightingStore,
        decisions: DecisionStore,
        store: SightingReviewStore,
        notify: Callable[[int], None],
        metrics: DecisionMetrics,
        clock: Clock,
        *,
        engine: str,
        demanded_for: timedelta,
    ) -> None:
        """Creates the reviews of one server.

        Args:
            sightings: What is reviewed.
            decisions: What was decided about it.
            store: Keeps what is said.
            notify: Is called with the position of the event that tells of a correction.
            metrics: Counts.
            clock: The server's clock.
            engine: On whose scale sightings have their similarity.
            demanded_for: How long a denied name demands more; 0: nothing is demanded.
        """
        self._sightings = sightings
        self._decisions = decisions
        self._store = store
        self._notify = notify
        self._metrics = metrics
        self._clock = clock
        self._engine = engine
        self._demanded_for = demanded_for

    async def queue(
        self, which: SightingFilter, size: int, after: SightingCursor | None, reasons: Collection[QueueReason]
    ) -> QueuePage:
        """Looks at `size` sightings, latest first, and returns those that a person should look at, for these reasons.

        What was reviewed is left out, and what nothing is known of: no decision is kept.
        """
        found = await self._sightings.list(which, size + 1, after)
        page = found[:size]
        ids = [each.sighting_id for each in page if not each.reviewed]
        reviewed = await self._store.reviewed(ids)
        decisions = await self._decisions.of_sightings([each for each in ids if each not in reviewed], MOST_DECISIONS)
        queued = []
        for sighting in page:
            own = decisions.get(sighting.sighting_id, ())
            reason = queue_reason(sighting, own)
            if reason is not None and (not reasons or reason in reasons):
                queued.append(QueuedSighting(sighting, reason, own))
        more = len(found) > size
        return QueuePage(queued, SightingCursor(page[-1].first_seen, page[-1].sighting_id) if more else None)

    async def review(
        self, sighting: Sighting, action: ReviewAction, person_id: str | None, note: str, reviewer: str
    ) -> Reviewed:
        """Stores what a person says of a sighting, with what follows.

        Raises:
            InvalidInput: It is said not to show somebody whom it was never taken for.
            NotFound, FailedPrecondition: As `SightingReviewStore.add`.
        """
        demand = None
        if action is ReviewAction.NOT and person_id is not None:
            demand = await self._demand(sighting, person_id)
        done = await self._store.add(sighting.sighting_id, NewReview(action, person_id, note, reviewer, demand))
        self._metrics.reviewed(action)
        return self._told(done)

    async def name(self, sighting_id: str, person_id: str, note: str, reviewer: str) -> Reviewed:
        """Stores that a sighting shows a person.

        Raises:
            NotFound, FailedPrecondition: As `SightingReviewStore.add`.
        """
        said = NewReview(ReviewAction.THIS_IS, person_id, note, reviewer)
        done = await self._store.add(sighting_id, said)
        self._metrics.reviewed(said.action)
        return self._told(done)

    async def check_nameable(self, person_id: str) -> None:
        """Refuses a person whom no review may name.

        Raises:
            NotFound, FailedPrecondition: As `SightingReviewStore.check_nameable`.
        """
        await self._store.check_nameable(person_id)

    async def undo(self, review_id: str, subject: str) -> Reviewed:
        """Takes a review back.

        Raises:
            NotFound: As `SightingReviewStore.undo`.
        """
        done = await self._store.undo(review_id, subject)
        self._metrics.undone()
        return self._told(done)

    async def _demand(self, sighting: Sighting, person_id: str) -> Demand | None:
        decisions = await self._decisions.list(DecisionFilter(sighting_id=sighting.sighting_id), MOST_DECISIONS)
        likeness = likeness_of(decisions, person_id)
        if likeness is None and sighting.person_id != person_id:
            raise InvalidInput(
                "person",
                f"person: the sighting was never taken for people/{person_id}; say who it is, or whom it was taken for",
                reason="NOT_A_CANDIDATE",
            )
        if not self._demanded_for:
            return None
        engine, similarity = self._engine, sighting.similarity
        if likeness is not None:
            similarity = likeness.similarity
            engine = self._engine if likeness.engine == MEMORY else likeness.engine
        return Demand(engine, similarity, self._clock.now() + self._demanded_for)

    def _told(self, done: Reviewed) -> Reviewed:
        if done.position is not None:
            self._notify(done.position)
        return done
