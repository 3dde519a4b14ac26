"""Pictures for reviews, on both databases: kept with their sighting alone, and gone with whatever forbids them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.people.privacy import Consent
from portero_server.domain.recording.review_pictures import PictureOutcome, PictureRules
from portero_server.domain.recording.reviews import ReviewAction
from portero_server.domain.tracking.deciding import DecisionReason
from portero_server.store import schema
from portero_server.store.consents import ConsentStore
from portero_server.store.database import Database
from portero_server.store.people import PeopleStore
from portero_server.store.review_pictures import SealedPicture
from portero_server.store.sighting_reviews import NewReview, SightingReviewStore
from portero_server.store.sightings import SightingFilter, SightingStore
from tests.support.server.picture_house import SPAN, PictureHouse
from tests.support.store.commits import at
from tests.support.time.virtual_time import ManualClock


@pytest.fixture
async def house(database: Database, clock: ManualClock) -> PictureHouse:
    """A door, and two people."""
    house = PictureHouse(database, clock)
    await house.open_door("ana", "ben", site="shop")
    return house


async def _sighting(house: PictureHouse, place: int = 0) -> str:
    return (await SightingStore(house.database).list(SightingFilter(), 9))[place].sighting_id


async def test_a_picture_is_read_as_it_was_kept(house: PictureHouse) -> None:
    """With its times, for its sighting, and as sealed as it came."""
    await house.seen("t1", ("ana", 0.4375))
    assert await house.keep("t1", 0.4375) is PictureOutcome.KEPT
    found = await house.store.get(await _sighting(house))
    assert found is not None
    assert replace(found, sealed=b"") == replace(house.sealed("t1", 0.4375), sealed=b"", kept_at=house.clock.now())
    assert house.seal.open("t1", found.sealed).startswith(b"\xff\xd8")
    assert await house.store.having([await _sighting(house), "other"]) == {await _sighting(house)}
    held = await house.store.held()
    assert (held.count, held.size) == (1, len(found.sealed))


async def test_nothing_is_kept_of_what_is_not_stored(house: PictureHouse) -> None:
    """Neither of a track without a sighting, nor before the decision that the picture was taken for."""
    assert await house.store.refusal("t1", at(0)) is PictureOutcome.UNSTORED
    assert await house.keep("t1") is PictureOutcome.UNSTORED
    await house.seen("t1", ("ana", 0.4375))
    assert await house.store.refusal("t1", at(1)) is PictureOutcome.UNSTORED
    assert await house.store.refusal("t1", at(0)) is None
    assert await house.count() == 0


async def test_a_sighting_has_one_picture_the_best(house: PictureHouse) -> None:
    """Also of several tracks; a sure one of them makes it clear, and hides what was kept."""
    for track_id, seconds in (("t1", 0), ("t2", 10)):
        await house.seen(track_id, ("ana", 0.5625), person_id="ana", seconds=seconds)
    assert await house.keep("t1", 0.5625, 0.5) is PictureOutcome.KEPT
    assert await house.keep("t2", 0.5625, 0.5) is PictureOutcome.POORER
    assert await house.keep("t2", 0.5625, 0.75) is PictureOutcome.KEPT
    assert await house.count() == 1
    found = await house.store.get(await _sighting(house))
    assert found is not None
    assert found.track_id == "t2"
    await house.seen("t3", ("ana", 0.875), person_id="ana", seconds=20)
    assert await house.keep("t3", 0.875) is PictureOutcome.CLEAR
    assert await house.store.get(await _sighting(house)) is None


async def test_pictures_are_as_many_as_may_be(database: Database, clock: ManualClock) -> None:
    """A better one of the same sighting still takes its place."""
    house = PictureHouse(database, clock, most=1)
    await house.open_door()
    await house.seen("t1")
    await house.seen("t2", seconds=300)
    assert await house.keep("t1", quality=0.25) is PictureOutcome.KEPT
    assert await house.keep("t2") is PictureOutcome.FULL
    assert await house.keep("t1", quality=0.75) is PictureOutcome.KEPT


async def test_a_picture_is_not_shown_after_its_time(house: PictureHouse, clock: ManualClock) -> None:
    """Whenever retention removes it."""
    await house.seen("t1")
    await house.keep("t1")
    clock.advance(SPAN.total_seconds() - 1)
    assert await house.store.get(await _sighting(house)) is not None
    clock.advance(1)
    assert await house.store.get(await _sighting(house)) is None
    assert await house.store.having([await _sighting(house)]) == frozenset()


@pytest.mark.parametrize("rules", [PictureRules(frozenset({"shop"})), PictureRules(consent_required=True)])
async def test_a_rule_that_forbids_pictures_of_strangers_hides_those_from_before(
    house: PictureHouse, rules: PictureRules
) -> None:
    """And no further one is kept."""
    await house.seen("t1")
    await house.keep("t1")
    strict = PictureHouse(house.database, house.clock, rules)
    assert await strict.keep("t1", quality=0.75) is PictureOutcome.FORBIDDEN
    assert await strict.store.get(await _sighting(house)) is None


async def test_with_required_consent_whoever_gave_one_has_a_picture(house: PictureHouse) -> None:
    """Until it is withdrawn."""
    strict = PictureHouse(house.database, house.clock, PictureRules(consent_required=True))
    await house.seen("t1", ("ana", 0.5625), person_id="ana")
    assert await strict.keep("t1", 0.5625) is PictureOutcome.WITHHELD
    consents = ConsentStore(house.database, house.clock, consent_required=True)
    now = house.clock.now()
    await consents.record(Consent("c1", "ana", "access", "1", "desk", "", now, now))
    assert await strict.keep("t1", 0.5625) is PictureOutcome.KEPT
    await consents.withdraw("ana", None)
    assert await house.count() == 0
    assert await strict.keep("t1", 0.5625) is PictureOutcome.WITHHELD


async def test_whoever_is_blocked_or_deleted_has_no_picture(house: PictureHouse) -> None:
    """Nor one of a face that was nearly named as theirs; who was less like them keeps theirs."""
    await house.seen("t1", ("ana", 0.5625), person_id="ana")
    await house.seen("t2", ("ben", 0.4375), ("ana", 0.40625), seconds=300)
    await house.seen("t3", ("ben", 0.25), ("ana", 0.125), seconds=600)
    for track_id in ("t1", "t2", "t3"):
        assert await house.keep(track_id) is PictureOutcome.KEPT
    await ConsentStore(house.database, house.clock).block("ana", "asked to be left alone")
    assert await house.count() == 1
    assert await house.keep("t1") is PictureOutcome.WITHHELD
    assert await house.keep("t2") is PictureOutcome.WITHHELD
    await house.seen("t4", ("ben", 0.4375), seconds=900)
    await house.keep("t4")
    await PeopleStore(house.database, house.clock).delete("ben")
    assert [await house.keep(track_id, quality=0.75) for track_id in ("t3", "t4")] == [PictureOutcome.WITHHELD] * 2
    assert await house.store.get(await _sighting(house)) is None


async def test_a_deleted_person_takes_along_pictures_of_faces_that_were_nearly_theirs(house: PictureHouse) -> None:
    """Those that others were more like, too; who was less like them keeps theirs, and it is shown."""
    await house.seen("t1", ("ben", 0.4375), ("ana", 0.40625))
    await house.seen("t2", ("ben", 0.4375), ("ana", 0.125), seconds=300)
    for track_id in ("t1", "t2"):
        assert await house.keep(track_id) is PictureOutcome.KEPT
    await PeopleStore(house.database, house.clock).delete("ana")
    assert await house.count() == 1
    assert await house.store.get(await _sighting(house)) is not None


async def test_a_blocked_person_in_an_answer_hides_the_picture(house: PictureHouse) -> None:
    """Their candidate is not written with the decision, so nobody could tell later whose face it was."""
    await ConsentStore(house.database, house.clock).block("ana", "")
    await house.seen("t1", ("ana", 0.4375), ("ben", 0.25))
    assert await house.keep("t1") is PictureOutcome.WITHHELD
    await house.seen("t2", ("ben", 0.375), ("ana", 0.25), seconds=300)
    assert await house.keep("t2") is PictureOutcome.KEPT
    await house.seen("t3", ("ben", 0.4375), ("ana", 0.4375), seconds=600, reason=DecisionReason.TOO_CLOSE)
    assert await house.keep("t3") is PictureOutcome.WITHHELD


async def test_a_picture_goes_with_the_review(house: PictureHouse) -> None:
    """And does not come back when the review is undone, unless a better one is taken."""
    await house.seen("t1")
    await house.keep("t1")
    reviews = SightingReviewStore(house.database, house.clock)
    done = await reviews.add(await _sighting(house), NewReview(ReviewAction.IGNORE, None, "", "keys/me"))
    assert await house.count() == 0
    assert await house.keep("t1") is PictureOutcome.CLEAR
    await reviews.undo(done.review.review_id, "keys/me")
    assert await house.store.get(await _sighting(house)) is None
    assert await house.keep("t1") is PictureOutcome.KEPT


async def test_a_picture_goes_with_its_sighting_whoever_removes_that(house: PictureHouse) -> None:
    """A server that knows no pictures removes tracks as well."""
    await house.seen("t1")
    await house.keep("t1")

    async def remove(connection: AsyncConnection) -> None:
        await connection.execute(delete(schema.sighting_tracks))

    await house.database.run(remove)
    assert await house.count() == 0


async def test_a_picture_follows_its_track_into_another_sighting(house: PictureHouse) -> None:
    """Of two sightings that turned out to be one, the better picture is shown, and none of the other is."""
    await house.seen("t1")
    await house.seen("t2", seconds=300)
    await house.keep("t1", quality=0.25)
    await house.keep("t2", quality=0.75)
    first, second = await _sighting(house, 1), await _sighting(house, 0)

    async def join(connection: AsyncConnection) -> None:
        await connection.execute(update(schema.sighting_tracks).values(sighting_id=first))
        emptied = update(schema.sightings).where(schema.sightings.c.sighting_id == second)
        await connection.execute(emptied.values(track_count=0))

    await house.database.run(join)
    found = await house.store.get(first)
    assert found is not None
    assert found.track_id == "t2"
    assert await house.store.get(second) is None


async def test_a_picture_of_the_largest_size_is_stored(house: PictureHouse) -> None:
    """The column of MySQL holds it."""
    await house.seen("t1")
    largest = SealedPicture("t1", house.sealed("t1").rank, at(0) + timedelta(microseconds=7), b"\x00'\\" * 16_384)
    assert await house.store.keep(largest) is PictureOutcome.KEPT
    found = await house.store.get(await _sighting(house))
    assert found is not None
    assert (found.sealed, found.taken_at) == (largest.sealed, largest.taken_at)


@pytest.mark.parametrize("deleted", [False, True])
async def test_whoever_is_near_in_a_late_decision_about_the_track_has_no_picture(
    house: PictureHouse, deleted: bool
) -> None:
    """The queue reads 20 decisions; that behind the picture is the 25th, and its person is blocked, or gone."""
    await house.seen("t1", ("ana", 0.4375))
    await house.seen_again("t1", 23, ("ana", 0.4375), seconds=1)
    await house.seen_again("t1", 1, ("ben", 0.4375), seconds=24)
    assert await house.store.refusal("t1", at(24)) is None
    if deleted:
        await PeopleStore(house.database, house.clock).delete("ben")
    else:
        await ConsentStore(house.database, house.clock).block("ben", "")
    assert await house.store.refusal("t1", at(24)) is PictureOutcome.WITHHELD
    assert await house.keep("t1") is PictureOutcome.WITHHELD
    assert await house.store.get(await _sighting(house)) is None


async def test_a_late_decision_hides_the_picture_of_its_track(house: PictureHouse) -> None:
    """Somebody without a required consent turns out to be near."""
    strict = PictureHouse(house.database, house.clock, PictureRules(consent_required=True))
    now = house.clock.now()
    consents = ConsentStore(house.database, house.clock, consent_required=True)
    await consents.record(Consent("c1", "ana", "access", "1", "desk", "", now, now))
    await house.seen("t1", ("ana", 0.5625), person_id="ana")
    await house.seen_again("t1", 23, ("ana", 0.5625), person_id="ana", seconds=1)
    assert await strict.keep("t1", 0.5625) is PictureOutcome.KEPT
    assert await strict.store.get(await _sighting(house)) is not None
    await house.seen_again("t1", 1, ("ana", 0.5625), ("ben", 0.4375), person_id="ana", seconds=24)
    assert await strict.store.get(await _sighting(house)) is None
    assert await strict.keep("t1", 0.5625, 0.75) is PictureOutcome.WITHHELD
