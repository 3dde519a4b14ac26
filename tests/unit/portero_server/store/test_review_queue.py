"""The length of the queue of reviews, on both databases: what a list of the queue would have."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.recording.reviews import ReviewAction
from portero_server.domain.tracking.deciding import DecisionReason, FaceDecision
from portero_server.gallery.reviews import Reviews
from portero_server.store import schema
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.decisions import DecisionStore
from portero_server.store.people import PeopleStore
from portero_server.store.review_queue import ReviewQueueStore
from portero_server.store.sighting_reviews import NewReview, SightingReviewStore
from portero_server.store.sightings import SightingFilter, SightingStore
from portero_server.store.streams import StreamStore
from portero_server.telemetry.decision_metrics import DecisionMetrics
from tests.support.store.commits import at, commit_of, decided, decision, recognition
from tests.support.time.virtual_time import ManualClock

_HOUR = 3600
_NEAR, _CLEAR = decision(("ana", 0.55), ("ben", 0.3)), decision(("ana", 0.875), ("ben", 0.3))
_REMEMBERED = decision(("ana", 0.55), reason=DecisionReason.REMEMBERED)
_BELOW = decision(("ana", 0.2), reason=DecisionReason.BELOW_THRESHOLD)
_NO_FACE = decision(reason=DecisionReason.NO_FACE)

# Whom the sighting is of, what was decided about it, and whether it waits.
_SEEN: dict[str, tuple[str | None, tuple[FaceDecision, ...], bool]] = {
    "a stranger": (None, (_BELOW,), True),
    "a stranger whom nothing is known of": (None, (), False),
    "a stranger without a face": (None, (_NO_FACE,), False),
    "a stranger with a face in the end": (None, (_NO_FACE, _BELOW), True),
    "little above the threshold": ("ana", (_NEAR,), True),
    "little above it twice": ("ana", (_NEAR, _NEAR), True),
    "once far above it": ("ana", (_NEAR, _CLEAR), False),
    "far above it": ("ana", (_CLEAR,), False),
    "exactly at the limit": ("ana", (decision(("ana", 0.6)),), True),
    "remembered": ("ana", (_REMEMBERED,), False),
    "remembered and compared": ("ana", (_REMEMBERED, _NEAR), True),
    "named by what is not kept": ("ana", (), False),
    "another's decision": ("ana", (decision(("ben", 0.55)),), False),
}

Seen = Callable[..., Awaitable[str]]


@pytest.fixture
def queue(database: Database) -> ReviewQueueStore:
    """The queue of the database."""
    return ReviewQueueStore(database)


@pytest.fixture
async def seen(people: PeopleStore, streams: StreamStore, recording: Recording, sightings: SightingStore) -> Seen:
    """Lets somebody be seen, an hour after the one before; returns the sighting's id."""
    for person_id in ("ana", "ben"):
        await people.create(person_id, person_id.title(), {})
    stream = await streams.open("door", "e1", "s1")
    count = 0

    async def see(person_id: str | None, *about: FaceDecision) -> str:
        nonlocal count
        count += 1
        track, moment = f"t{count}", count * _HOUR
        answers = [
            replace(
                recognition(f"r{count}-{number}", track, person_id and each.ranking.candidates[0].person_id),
                decision=each,
                captured_at=at(moment + number),
            )
            for number, each in enumerate(about)
        ]
        await recording.commit([commit_of(stream, decided(track, person_id, moment), recognitions=answers)])
        (latest,) = await sightings.list(SightingFilter(), 1)
        return latest.sighting_id

    return see


@pytest.fixture
def listed(
    database: Database, sightings: SightingStore, reviews: SightingReviewStore, clock: ManualClock
) -> Callable[[], Awaitable[int]]:
    """Counts what the queue lists."""

    async def count() -> int:
        registry = CollectorRegistry()
        lister = Reviews(
            sightings,
            DecisionStore(database),
            reviews,
            lambda position: None,
            DecisionMetrics(registry),
            clock,
            engine="scripted",
            demanded_for=timedelta(),
        )
        return len((await lister.queue(SightingFilter(), 100, None, ())).queued)

    return count


@pytest.fixture
def reviews(database: Database, clock: ManualClock) -> SightingReviewStore:
    """Reviews of the database."""
    return SightingReviewStore(database, clock)


@pytest.mark.parametrize("what", _SEEN)
async def test_what_waits_is_what_would_be_listed(
    what: str, seen: Seen, queue: ReviewQueueStore, listed: Callable[[], Awaitable[int]]
) -> None:
    """A sighting counts exactly if the queue lists it."""
    person_id, about, waits = _SEEN[what]
    await seen(person_id, *about)
    assert await queue.waiting(10) == await listed() == int(waits)


async def test_what_was_reviewed_does_not_wait(
    seen: Seen, queue: ReviewQueueStore, reviews: SightingReviewStore, listed: Callable[[], Awaitable[int]]
) -> None:
    """Corrected, confirmed or ignored sightings are out, and come back once the review is undone."""
    said = (
        (await seen(None, _BELOW), ReviewAction.IGNORE, None),
        (await seen(None, _BELOW), ReviewAction.THIS_IS, "ben"),
        (await seen("ana", _NEAR), ReviewAction.THIS_IS, "ana"),
        (await seen("ana", _NEAR), ReviewAction.NOT, "ana"),
    )
    assert await queue.waiting(10) == 4
    made = [
        await reviews.add(sighting_id, NewReview(action, person_id, "", "keys/me"))
        for sighting_id, action, person_id in said
    ]
    assert await queue.waiting(10) == await listed() == 0
    for done in made:
        await reviews.undo(done.review.review_id, "keys/me")
    assert await queue.waiting(10) == await listed() == 4


async def test_a_decision_that_lacks_a_candidate_names_nobody(
    database: Database, seen: Seen, queue: ReviewQueueStore, listed: Callable[[], Awaitable[int]]
) -> None:
    """A sighting of which a candidate was erased is not queued: the others do not say whom it was taken for."""
    await seen("ana", _NEAR)
    assert await queue.waiting(10) == 1
    gone = delete(schema.decision_candidates).where(schema.decision_candidates.c.person_id == "ben")

    async def unit(connection: AsyncConnection) -> None:
        await connection.execute(gone)

    await database.run(unit)
    assert await queue.waiting(10) == await listed() == 0


async def test_only_the_latest_are_looked_at(seen: Seen, queue: ReviewQueueStore) -> None:
    """The bound is on the sightings that are looked at, not on those that are found."""
    for about in (_BELOW, _BELOW, _NO_FACE):
        await seen(None, about)
    assert [await queue.waiting(most) for most in (1, 2, 3)] == [0, 1, 2]
