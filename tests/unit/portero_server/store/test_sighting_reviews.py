"""What people say of sightings, on both databases: corrected, told, respected by later commits, and taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.recording.reviews import Demand, ReviewAction, SightingIdentity
from portero_server.domain.recording.sightings import SightingEventKind
from portero_server.errors import FailedPrecondition, NotFound
from portero_server.store import schema
from portero_server.store.commit.recording import Recording
from portero_server.store.consents import ConsentStore
from portero_server.store.database import Database
from portero_server.store.decisions import DecisionStore
from portero_server.store.erasures import ErasureStore
from portero_server.store.exports import ExportStore
from portero_server.store.people import PeopleStore
from portero_server.store.remains import remains_of
from portero_server.store.sighting_reviews import NewReview, ReviewCursor, ReviewFilter, SightingReviewStore
from portero_server.store.sightings import SightingFilter, SightingKind, SightingStore
from portero_server.store.streams import StreamStore
from tests.support.store.commits import at, commit_of, decided, decision, recognition
from tests.support.time.virtual_time import ManualClock


@pytest.fixture(autouse=True)
async def known(people: PeopleStore) -> None:
    """Ana and Ben."""
    for person_id in ("ana", "ben"):
        await people.create(person_id, person_id.title(), {})


@pytest.fixture
def reviews(database: Database, clock: ManualClock) -> SightingReviewStore:
    """Reviews of the database."""
    return SightingReviewStore(database, clock)


async def _seen(
    streams: StreamStore, recording: Recording, sightings: SightingStore, person_id: str | None = "ana"
) -> str:
    """Somebody is seen at the door. Returns the sighting's id."""
    stream = await streams.open("door", "e1", "s1")
    await recording.commit([commit_of(stream, decided("t1", person_id, 0, 5))])
    (sighting,) = await sightings.list(SightingFilter(), 10)
    return sighting.sighting_id


def _said(action: ReviewAction, person_id: str | None, demand: Demand | None = None) -> NewReview:
    return NewReview(action, person_id, "seen at the desk", "keys/me", demand)


async def test_a_correction_is_what_every_list_shows_and_is_told(
    streams: StreamStore, recording: Recording, sightings: SightingStore, reviews: SightingReviewStore
) -> None:
    """The sighting is Ben's, watchers are told that it was revised, and the review keeps what was decided."""
    sighting_id = await _seen(streams, recording, sightings)
    before = await sightings.last_position()
    done = await reviews.add(sighting_id, _said(ReviewAction.THIS_IS, "ben"))
    assert done.position == before + 1
    (event,) = await sightings.events_after(before)
    assert (event.kind, event.sighting) == (SightingEventKind.REVISED, done.sighting)
    assert await sightings.list(SightingFilter(person_id="ben"), 10) == [done.sighting]
    assert await sightings.list(SightingFilter(person_id="ana"), 10) == []
    assert done.sighting is not None
    assert (done.sighting.display_name, done.sighting.similarity, done.sighting.reviewed) == ("Ben", 0.0, True)
    assert done.review.before == SightingIdentity("ana", "Ana", 0.75, 0.25)
    assert await reviews.get(done.review.review_id) == done.review


async def test_it_is_as_it_was_once_a_review_is_undone(
    streams: StreamStore, recording: Recording, sightings: SightingStore, reviews: SightingReviewStore
) -> None:
    """The name and its similarity come back, and the sighting may be reviewed again; undone twice is undone once."""
    sighting_id = await _seen(streams, recording, sightings)
    first = await sightings.get(sighting_id)
    done = await reviews.add(sighting_id, _said(ReviewAction.NOT, "ana"))
    assert done.sighting is not None
    assert done.sighting.person_id is None
    assert await reviews.reviewed([sighting_id, "x"]) == {sighting_id}
    with pytest.raises(FailedPrecondition) as caught:
        await reviews.add(sighting_id, _said(ReviewAction.THIS_IS, "ben"))
    assert caught.value.reason == "ALREADY_REVIEWED"
    undone = await reviews.undo(done.review.review_id, "keys/you")
    assert undone.sighting == first == await sightings.get(sighting_id)
    assert (undone.review.undone_by, await reviews.reviewed([sighting_id])) == ("keys/you", frozenset())
    again = await reviews.undo(done.review.review_id, "keys/me")
    assert (again.review, again.position) == (undone.review, None)
    await reviews.add(sighting_id, _said(ReviewAction.THIS_IS, "ben"))
    with pytest.raises(NotFound):
        await reviews.undo("other", "keys/me")


async def test_later_answers_do_not_rename_what_a_person_named(
    streams: StreamStore, recording: Recording, sightings: SightingStore, reviews: SightingReviewStore
) -> None:
    """The track goes on and its sighting with it, whatever the engine answers; other tracks of Ben join it."""
    sighting_id = await _seen(streams, recording, sightings)
    await reviews.add(sighting_id, _said(ReviewAction.THIS_IS, "ben"))
    stream = await streams.open("door", "e1", "s1")
    for person_id in ("ana", None):
        revised = decided("t1", person_id, 0, 9, revises=True)
        result = await recording.commit([commit_of(stream, revised)])
        assert result.sighting_of == {"t1": sighting_id}
    joined = await recording.commit([commit_of(stream, decided("t2", "ben", 12, 15))])
    assert joined.sighting_of == {"t2": sighting_id}
    sighting = await sightings.get(sighting_id)
    assert (sighting.person_id, sighting.last_seen, sighting.track_count) == ("ben", at(15), 2)


async def test_ignoring_a_stranger_changes_nothing_but_that_it_was_looked_at(
    streams: StreamStore, recording: Recording, sightings: SightingStore, reviews: SightingReviewStore
) -> None:
    """A name that comes later is given as ever."""
    sighting_id = await _seen(streams, recording, sightings, None)
    done = await reviews.add(sighting_id, _said(ReviewAction.IGNORE, None))
    assert done.position is None
    assert await reviews.reviewed([sighting_id]) == {sighting_id}
    stream = await streams.open("door", "e1", "s1")
    await recording.commit([commit_of(stream, decided("t1", "ana", 0, 9, revises=True))])
    assert (await sightings.list(SightingFilter(kind=SightingKind.NAMED), 10))[0].person_id == "ana"


async def test_what_cannot_be_said_is_refused(
    streams: StreamStore,
    recording: Recording,
    sightings: SightingStore,
    reviews: SightingReviewStore,
    people: PeopleStore,
) -> None:
    """Of no sighting, about nobody, and of somebody who was removed."""
    sighting_id = await _seen(streams, recording, sightings)
    with pytest.raises(NotFound, match="sightings/other"):
        await reviews.add("other", _said(ReviewAction.THIS_IS, "ben"))
    with pytest.raises(NotFound, match="people/eva"):
        await reviews.add(sighting_id, _said(ReviewAction.THIS_IS, "eva"))
    await people.delete("ana")
    with pytest.raises(FailedPrecondition) as caught:
        await reviews.add(sighting_id, _said(ReviewAction.THIS_IS, "ben"))
    assert caught.value.reason == "PERSON_REMOVED"


async def test_whoever_may_not_be_named_is_not_named_by_a_person_either(
    database: Database,
    streams: StreamStore,
    recording: Recording,
    sightings: SightingStore,
    reviews: SightingReviewStore,
    clock: ManualClock,
) -> None:
    """Blocked people, and without a consent that is required; that it is not them may be said."""
    sighting_id = await _seen(streams, recording, sightings)
    strict = SightingReviewStore(database, clock, consent_required=True)
    await ConsentStore(database, clock).block("ben", "asked")
    for store, person_id in ((reviews, "ben"), (strict, "ana")):
        with pytest.raises(FailedPrecondition) as caught:
            await store.add(sighting_id, _said(ReviewAction.THIS_IS, person_id))
        assert caught.value.reason == "PERSON_NOT_RECOGNIZABLE"
    assert (await strict.add(sighting_id, _said(ReviewAction.NOT, "ana"))).position is not None


async def test_a_review_can_be_undone_when_its_sighting_is_gone(
    database: Database,
    streams: StreamStore,
    recording: Recording,
    sightings: SightingStore,
    reviews: SightingReviewStore,
    clock: ManualClock,
) -> None:
    """Nothing is demanded then; what became part of another sighting stays as it is, and is not reviewed any more."""
    sighting_id = await _seen(streams, recording, sightings)
    demand = Demand("local", 0.75, clock.now() + timedelta(days=1))
    first = await reviews.add(sighting_id, _said(ReviewAction.NOT, "ana", demand))

    async def merge(connection: AsyncConnection) -> None:
        await connection.execute(update(schema.sightings).values(track_count=0))

    async def remove(connection: AsyncConnection) -> None:
        await connection.execute(delete(schema.sightings))

    await database.run(merge)
    undone = await reviews.undo(first.review.review_id, "keys/me")
    assert (undone.position, await reviews.demanded()) == (None, {})
    with pytest.raises(FailedPrecondition) as caught:
        await reviews.add(sighting_id, _said(ReviewAction.IGNORE, None))
    assert caught.value.reason == "SIGHTING_MERGED"
    await database.run(remove)
    assert (await reviews.undo(first.review.review_id, "keys/me")).sighting is None


async def test_a_denied_name_demands_more_until_its_time_or_until_it_is_undone(
    streams: StreamStore,
    recording: Recording,
    sightings: SightingStore,
    reviews: SightingReviewStore,
    clock: ManualClock,
) -> None:
    """By engine, camera and person; of several denials the highest similarity counts."""
    sighting_id = await _seen(streams, recording, sightings)
    demand = Demand("local", 0.75, clock.now() + timedelta(days=1))
    done = await reviews.add(sighting_id, _said(ReviewAction.NOT, "ana", demand))
    assert await reviews.demanded() == {("local", "door", "ana"): 0.75}
    await reviews.undo(done.review.review_id, "keys/me")
    assert await reviews.demanded() == {}
    await reviews.add(sighting_id, _said(ReviewAction.NOT, "ana", replace(demand, similarity=0.5)))
    stream = await streams.open("door", "e1", "s1")
    other = await recording.commit([commit_of(stream, decided("t9", "ana", 9000, 9005))])
    await reviews.add(other.sighting_of["t9"], _said(ReviewAction.NOT, "ana", replace(demand, similarity=0.625)))
    assert await reviews.demanded() == {("local", "door", "ana"): 0.625}
    clock.advance(timedelta(days=1).total_seconds())
    assert await reviews.demanded() == {}


async def test_reviews_are_listed_latest_first(
    streams: StreamStore,
    recording: Recording,
    sightings: SightingStore,
    reviews: SightingReviewStore,
    clock: ManualClock,
) -> None:
    """By sighting and camera, with or without those undone; pages follow on."""
    sighting_id = await _seen(streams, recording, sightings)
    first = (await reviews.add(sighting_id, _said(ReviewAction.NOT, "ana"))).review
    first = (await reviews.undo(first.review_id, "keys/me")).review
    clock.advance(1)
    second = (await reviews.add(sighting_id, _said(ReviewAction.THIS_IS, "ben"))).review
    assert await reviews.list(ReviewFilter(), 10) == [second, first]
    assert await reviews.list(ReviewFilter(holding=True, sighting_id=sighting_id), 10) == [second]
    assert await reviews.list(ReviewFilter(within=frozenset({"desk"})), 10) == []
    after = ReviewCursor(second.reviewed_at, second.review_id)
    assert await reviews.list(ReviewFilter(), 10, after) == [first]


@pytest.mark.parametrize("erased", ["ana", "ben"])
async def test_a_review_goes_with_either_person(
    database: Database,
    streams: StreamStore,
    recording: Recording,
    sightings: SightingStore,
    reviews: SightingReviewStore,
    clock: ManualClock,
    erased: str,
) -> None:
    """A review is exported with the person it corrected and the one it named, and either one's receipt counts it."""
    sighting_id = await _seen(streams, recording, sightings)
    await reviews.add(sighting_id, _said(ReviewAction.THIS_IS, "ben"))
    kinds = [each.kind for each in await ExportStore(database).records(erased, 10)]
    assert "sighting_review" in kinds
    erasures = ErasureStore(database, clock)
    begun = await erasures.begin(erased)
    await erasures.scrub(begun)
    receipt = await erasures.finish(begun.erasure_id)
    assert receipt.counts["sighting_reviews"] == 1
    assert await remains_of(database, erased) == []
    assert (await sightings.get(sighting_id)).person_id == (None if erased == "ben" else "ben")


async def test_decisions_are_found_by_their_sightings(
    database: Database, streams: StreamStore, recording: Recording, sightings: SightingStore
) -> None:
    """The first few of each, oldest first."""
    stream = await streams.open("door", "e1", "s1")
    answers = [
        replace(recognition(f"r{number}", "t1"), captured_at=at(number), decision=decision(("ana", 0.25)))
        for number in range(3)
    ]
    await recording.commit([commit_of(stream, decided("t1", None, 0), recognitions=answers)])
    (sighting,) = await sightings.list(SightingFilter(), 10)
    found = await DecisionStore(database).of_sightings([sighting.sighting_id, "other"], 2)
    assert {key: [each.recognition_id for each in rows] for key, rows in found.items()} == {
        sighting.sighting_id: ["r0", "r1"]
    }
