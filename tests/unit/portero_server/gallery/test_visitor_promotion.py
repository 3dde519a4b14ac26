"""A visitor who turned out to be a person, on both databases: history is theirs, and the visitor is gone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from portero_server.domain.recording.reviews import ReviewAction
from portero_server.domain.recording.sightings import SightingEventKind
from portero_server.errors import FailedPrecondition, NotFound, StoreUnavailable
from portero_server.gallery.reviews import Reviews
from portero_server.gallery.visitor_promotion import VisitorPromoter
from portero_server.store.commit.recording import Recording
from portero_server.store.consents import ConsentStore
from portero_server.store.database import Database
from portero_server.store.decisions import DecisionStore
from portero_server.store.erasures import ErasureStore
from portero_server.store.people import PeopleStore
from portero_server.store.remains import remains_of
from portero_server.store.sighting_reviews import NewReview, ReviewFilter, SightingReviewStore
from portero_server.store.sightings import SightingFilter, SightingStore
from portero_server.store.streams import StreamStore
from portero_server.store.visitors import Assigned, VisitorStore
from portero_server.telemetry.metrics import Metrics
from tests.support.store.fixtures import database, database_url
from tests.support.store.visitors import GAP, Strangers, face_at
from tests.support.time.virtual_time import ManualClock

__all__ = ["database", "database_url"]

DAY = 86_400.0


@dataclass
class House:
    """Visitors, people, and what promotes the ones to the others."""

    database: Database
    clock: ManualClock = field(default_factory=ManualClock)
    told: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Builds the stores."""
        database, clock = self.database, self.clock
        self.metrics = Metrics(version="0", engine="scripted")
        self.people = PeopleStore(database, clock)
        self.sightings = SightingStore(database)
        self.reviews = SightingReviewStore(database, clock)
        self.visitors = VisitorStore(database, clock, visit_gap=GAP)
        self.strangers = Strangers(StreamStore(database, clock), Recording(database, clock))
        judging = Reviews(
            self.sightings,
            DecisionStore(database),
            self.reviews,
            self.told.append,
            self.metrics.decisions,
            clock,
            engine="scripted",
            demanded_for=timedelta(0),
        )
        self.promoter = VisitorPromoter(self.visitors, judging, self.metrics.visitors)

    async def comes(self, number: int, visitor_id: str | None) -> Assigned:
        """Has a visitor come on a day of this number; None: a new one."""
        visit = await self.strangers.comes(self.visitors, f"t{number}", number * DAY)
        position = (await self.visitors.known(visit, "m1")).position
        stored = await self.visitors.assign(visit, visitor_id, [face_at(0)], "m1", position)
        assert isinstance(stored, Assigned)
        return stored

    async def came(self, times: int) -> str:
        """Has a new visitor come so many times, and returns the id."""
        visitor_id = (await self.comes(0, None)).visitor_id
        for number in range(1, times):
            await self.comes(number, visitor_id)
        return visitor_id

    async def seen(self) -> list[tuple[str | None, bool]]:
        """Returns whose each sighting is, oldest first, and whether a person said so."""
        return [(each.person_id, each.reviewed) for each in await self.sightings.list(SightingFilter(), 10)][::-1]

    def counted(self, name: str, **labels: str) -> float | None:
        """Returns the value of a metric."""
        return self.metrics.registry.get_sample_value(f"portero_{name}", labels)


@pytest.fixture
async def house(database: Database) -> House:
    """Ana is enrolled."""
    made = House(database)
    await made.people.create("ana", "Ana", {})
    return made


async def test_the_history_of_a_visitor_becomes_the_persons(house: House) -> None:
    """Each sighting is hers by a review, and told; of the visitor nothing is left."""
    visitor_id = await house.came(3)
    before = await house.sightings.last_position()
    done = await house.promoter.promote(visitor_id, "ana", "the new cleaner", "keys/me")
    assert (done.named, done.left, done.forgotten.visitor_ids) == (3, 0, (visitor_id,))
    assert done.forgotten.counts == {
        "visitors": 1,
        "visitor_encodings": 3,
        "visitor_visits": 3,
        "review_pictures": 0,
        "snapshots": 0,
    }
    assert await house.seen() == [("ana", True)] * 3
    events = await house.sightings.events_after(before)
    assert [(each.kind, each.sighting.person_id) for each in events] == [(SightingEventKind.REVISED, "ana")] * 3
    assert house.told == [each.position for each in events]
    found = await house.reviews.list(ReviewFilter(holding=True), 10)
    assert {(each.action, each.person_id, each.note, each.reviewer) for each in found} == {
        (ReviewAction.THIS_IS, "ana", "the new cleaner", "keys/me")
    }
    assert await house.visitors.remains([visitor_id]) == {}
    assert house.counted("visitor_promoted_total") == 1
    assert house.counted("sighting_reviews_total", action="this_is") == 3


async def test_what_somebody_said_before_is_left(house: House) -> None:
    """A sighting that was reviewed stays as it is, and is counted; those of other visitors are not touched."""
    visitor_id = await house.came(2)
    await house.comes(5, None)
    first, *_ = reversed(await house.sightings.list(SightingFilter(), 10))
    await house.reviews.add(first.sighting_id, NewReview(ReviewAction.IGNORE, None, "", "keys/me"))
    done = await house.promoter.promote(visitor_id, "ana", "", "keys/me")
    assert (done.named, done.left) == (1, 1)
    assert await house.seen() == [(None, False), ("ana", True), (None, False)]
    assert len(await house.visitors.list(10)) == 1


async def test_one_sighting_is_taken_back(house: House) -> None:
    """An undone review leaves a stranger's sighting; the visitor does not come back."""
    visitor_id = await house.came(2)
    await house.promoter.promote(visitor_id, "ana", "", "keys/me")
    latest, _ = await house.reviews.list(ReviewFilter(), 10)
    await house.reviews.undo(latest.review_id, "keys/me")
    assert sorted(await house.seen(), key=str) == [("ana", True), (None, False)]
    with pytest.raises(NotFound, match=f"visitors/{visitor_id}"):
        await house.visitors.get(visitor_id)


async def test_nobody_becomes_a_person_who_may_not_be_named(house: House) -> None:
    """Unknown, blocked, or without the consent that is required: the visitor stays, with every sighting."""
    visitor_id = await house.came(1)
    with pytest.raises(NotFound, match="people/zoe"):
        await house.promoter.promote(visitor_id, "zoe", "", "keys/me")
    await ConsentStore(house.database, house.clock).block("ana", "asked for it")
    with pytest.raises(FailedPrecondition, match="blocked") as caught:
        await house.promoter.promote(visitor_id, "ana", "", "keys/me")
    assert caught.value.reason == "PERSON_NOT_RECOGNIZABLE"
    assert (await house.seen(), (await house.visitors.get(visitor_id)).encodings) == ([(None, False)], 1)
    with pytest.raises(NotFound, match="visitors/none"):
        await house.promoter.promote("none", "ana", "", "keys/me")


async def test_a_promotion_that_broke_off_goes_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until all sightings are named the visitor is there, and repeating it names only the rest."""
    visitor_id = await house.came(3)
    add, calls = house.reviews.add, iter((True, False))

    async def failing(sighting_id: str, said: NewReview) -> object:
        if not next(calls, True):
            raise StoreUnavailable("gone")
        return await add(sighting_id, said)

    monkeypatch.setattr(house.reviews, "add", failing)
    with pytest.raises(StoreUnavailable):
        await house.promoter.promote(visitor_id, "ana", "", "keys/me")
    assert sorted(await house.seen(), key=str) == [("ana", True), (None, False), (None, False)]
    done = await house.promoter.promote(visitor_id, "ana", "", "keys/me")
    assert (done.named, done.left) == (2, 0)
    assert await house.seen() == [("ana", True)] * 3


async def test_an_erasure_takes_the_history_with_it(house: House) -> None:
    """Whoever was a visitor before is erased as any person: no sighting names them, and no review does."""
    visitor_id = await house.came(2)
    await house.promoter.promote(visitor_id, "ana", "", "keys/me")
    erasures = ErasureStore(house.database, house.clock)
    begun = await erasures.begin("ana")
    await erasures.scrub(begun)
    await erasures.finish(begun.erasure_id)
    assert [person_id for person_id, _ in await house.seen()] == [None, None]
    assert await remains_of(house.database, "ana") == []
