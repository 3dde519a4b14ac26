"""Two people become one on both databases: what is refused, what holds for who stays, and what is repeated."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from portero_server.domain.access.identities import Role, Scope
from portero_server.domain.access.keys import ApiKey, StoredKey
from portero_server.domain.events.subscriptions import SubscriptionFilter
from portero_server.domain.people.merging import MergeCounts
from portero_server.errors import FailedPrecondition, InvalidInput, NotFound
from portero_server.store.erasures import ErasureStore
from portero_server.store.keys import KeyStore
from portero_server.store.merging.people import PeopleMergeStore
from portero_server.store.remains import remains_of
from portero_server.store.subscriptions import SubscriptionStore
from tests.support.server.picture_house import PictureHouse
from tests.support.store.commits import at
from tests.support.store.enrolled_twice import GAP, EnrolledTwice, consent_of, face_of
from tests.support.store.subscriptions import new_subscription

REQUEST = "6a5f1c1e-8d6b-4c7e-9a38-0c7d0c3a1f55"


async def test_one_stays_and_nothing_names_the_other(house: EnrolledTwice) -> None:
    """Whatever was stored of her under the other id is hers; that id stands in the memory of the merge alone."""
    await house.consents.record(consent_of("anna", "c1", 0))
    await house.sees("anna", 10, 20)
    merged = await house.merges.merge("ana", "anna")
    assert merged.counts == MergeCounts(faces=1, sightings=1, consents=1)
    person = await house.people.get("ana")
    assert (person.display_name, person.face_count, person.without_consent) == ("Ana", 2, False)
    with pytest.raises(NotFound):
        await house.people.get("anna")
    assert [each.place for each in await remains_of(house.database, "anna")] == ["merged_people.merged_id"]


async def test_labels_are_those_of_both(house: EnrolledTwice) -> None:
    """Of a label that both have, that of who stays holds."""
    await house.people.update("ana", labels={"room": "12"})
    await house.people.update("anna", labels={"room": "7", "run": "12.345.678-5"})
    await house.merges.merge("ana", "anna")
    assert dict((await house.people.get("ana")).labels) == {"room": "12", "run": "12.345.678-5"}


async def test_two_runs_are_two_people(house: EnrolledTwice) -> None:
    """However a RUN is written; and too many labels are refused before anything is moved."""
    await house.people.update("ana", labels={"run": "12345678-5"})
    await house.people.update("anna", labels={"run": "11.111.111-1"})
    with pytest.raises(FailedPrecondition) as caught:
        await house.merges.merge("ana", "anna")
    assert caught.value.reason == "OTHER_RUN"
    assert "11" not in caught.value.message
    await house.people.update("anna", labels={"run": "12.345.678-5"} | {f"a{number}": "x" for number in range(31)})
    await house.people.update("ana", labels={"run": "12345678-5", "b": "x"})
    with pytest.raises(FailedPrecondition) as caught:
        await house.merges.merge("ana", "anna")
    assert caught.value.reason == "TOO_MANY_LABELS"
    await house.people.update("ana", labels={"run": "12345678-5"})
    await house.merges.merge("ana", "anna")


async def test_a_withdrawal_holds_for_both(house: EnrolledTwice) -> None:
    """She withdrew under one id what she had given under the other one before: nobody is recognized as her."""
    await house.consents.record(consent_of("ana", "kept", 0))
    await house.consents.record(consent_of("anna", "withdrawn", 0))
    house.clock.advance(60)
    await house.consents.withdraw("anna", None)
    merged = await house.merges.merge("ana", "anna")
    assert (merged.counts.consents, merged.counts.ended_consents) == (1, 1)
    privacy = await house.consents.of("ana")
    assert not privacy.recognizable
    assert {each.consent_id for each in privacy.consents} == {"kept", "withdrawn"}
    assert all(each.withdrawn_at is not None for each in privacy.consents)


async def test_who_may_not_be_recognized_has_no_pictures(house: EnrolledTwice) -> None:
    """She withdrew under one id, and had never consented under the other one; with a consent they stay."""
    pictures = PictureHouse(house.database, house.clock)
    await pictures.seen("t1", ("ana", 0.4375))
    await pictures.seen("t2", ("ben", 0.4375))
    for track_id in ("t1", "t2"):
        await pictures.keep(track_id, 0.4375)
    await house.people.create("benny", "Benny", {})
    await house.consents.record(consent_of("benny", "given", 0))
    await house.consents.record(consent_of("anna", "withdrawn", 0))
    await house.consents.withdraw("anna", None)
    assert await pictures.count() == 2
    await house.merges.merge("ben", "benny")
    assert await pictures.count() == 2
    await house.merges.merge("ana", "anna")
    assert await pictures.count() == 1


async def test_where_consent_is_required_who_has_none_has_no_pictures(house: EnrolledTwice) -> None:
    """A picture from before it was required goes with the merge."""
    pictures = PictureHouse(house.database, house.clock)
    await pictures.seen("t1", ("anna", 0.4375))
    await pictures.keep("t1", 0.4375)
    merges = PeopleMergeStore(house.database, house.clock, visit_gap=GAP, consent_required=True)
    await merges.merge("ana", "anna")
    assert await pictures.count() == 0


async def _block(house: EnrolledTwice) -> None:
    await house.consents.block("anna", "asked at the desk")


async def _erase(house: EnrolledTwice) -> None:
    await ErasureStore(house.database, house.clock).begin("anna")


async def _merge_elsewhere(house: EnrolledTwice) -> None:
    await house.merges.merge("ben", "anna")


async def _keep_by_engine(house: EnrolledTwice) -> None:
    await house.people.add_face(face_of("anna", 9, name="kept", external_id="x-1"))


async def _see_together(house: EnrolledTwice) -> None:
    await house.sees("ana", 0, 60)
    await house.sees("anna", 30, 40)


@pytest.mark.parametrize(
    ("arrange", "reason"),
    [
        (_block, "PERSON_BLOCKED"),
        (_erase, "PERSON_ERASED"),
        (_merge_elsewhere, "PERSON_MERGED"),
        (_keep_by_engine, "ENGINE_KEEPS_FACES"),
        (_see_together, "SEEN_TOGETHER"),
    ],
)
async def test_what_may_not_be_one_is_refused(
    house: EnrolledTwice, arrange: Callable[[EnrolledTwice], Awaitable[None]], reason: str
) -> None:
    """The reason says why, and nothing is moved."""
    await arrange(house)
    with pytest.raises(FailedPrecondition) as caught:
        await house.merges.merge("ana", "anna")
    assert caught.value.reason == reason
    assert "anna" in caught.value.message
    assert (await house.people.get("ana")).face_count == 1


async def test_somebody_unknown_is_not_found(house: EnrolledTwice) -> None:
    """Whichever of the two it is."""
    for pair in (("ana", "nobody"), ("nobody", "ana")):
        with pytest.raises(NotFound, match="people/nobody"):
            await house.merges.merge(*pair)


async def test_who_knows_better_forces_it(house: EnrolledTwice) -> None:
    """Two faces at the same time may be one person and a mirror."""
    await _see_together(house)
    assert (await house.merges.merge("ana", "anna", force=True)).counts.joined_sightings == 1


async def test_a_repetition_returns_what_the_first_one_did(house: EnrolledTwice) -> None:
    """With the request id or without one; with another content the id is refused."""
    await house.sees("anna", 10)
    first = await house.merges.merge("ana", "anna", request_id=REQUEST, digest="d")
    assert first.new
    for again in (
        await house.merges.merge("ana", "anna", request_id=REQUEST, digest="d"),
        await house.merges.merge("ana", "anna"),
    ):
        assert (again.counts, again.position, again.new) == (first.counts, None, False)
    with pytest.raises(InvalidInput, match="request_id"):
        await house.merges.merge("ana", "ben", request_id=REQUEST, digest="e")
    assert (await house.people.get("ben")).face_count == 1


async def test_a_merge_of_a_merge_remembers_everybody(house: EnrolledTwice) -> None:
    """Whoever asks for one of the ids that are gone is told who stays."""
    await house.merges.merge("ana", "anna")
    await house.merges.merge("ben", "ana")
    for gone in ("anna", "ana"):
        with pytest.raises(FailedPrecondition, match=f"people/{gone} was merged into people/ben"):
            await house.people.create(gone, "Somebody", {})


async def test_the_request_that_made_the_other_finds_who_stays(house: EnrolledTwice) -> None:
    """A late repetition brings nobody back."""
    await house.people.create("eva", "Eva", {}, REQUEST, "d")
    await house.merges.merge("ana", "eva")
    assert (await house.people.create("eva", "Eva", {}, REQUEST, "d")).person_id == "ana"


async def test_subscriptions_to_the_other_are_to_who_stays(house: EnrolledTwice) -> None:
    """One that was limited to both is limited to one."""
    store = SubscriptionStore(house.database)
    for subscription_id, people in (("s1", {"ana", "anna"}), ("s2", {"anna"})):
        wanted = SubscriptionFilter(people=frozenset(people))
        await store.create(new_subscription(subscription_id, wanted), most=5)
    await house.merges.merge("ana", "anna")
    for subscription_id in ("s1", "s2"):
        assert (await store.get(subscription_id, at(0))).wanted.people == frozenset({"ana"})


async def test_guardians_of_the_other_are_guardians_of_who_stays(house: EnrolledTwice) -> None:
    """A key that named both names one."""
    keys = KeyStore(house.database)
    for key_id, people in (("01", {"ana", "anna", "ben"}), ("02", {"anna"})):
        key = ApiKey(key_id, "Guardian", frozenset({Role.GUARDIAN}), Scope(people=frozenset(people)), at(0), "me")
        await keys.add(StoredKey(key, bytes(32)))
    await house.merges.merge("ana", "anna")
    assert [key.scope.people for key in await keys.list(9)] == [{"ana", "ben"}, {"ana"}]


async def test_an_erased_id_takes_its_others_along(house: EnrolledTwice) -> None:
    """No backup from before the merge may bring her back under the other id."""
    await house.merges.merge("ana", "anna")
    erasures = ErasureStore(house.database, house.clock)
    begun = await erasures.begin("ana")
    assert begun.counts["merged_people"] == 1
    await erasures.scrub(begun)
    assert (await erasures.finish(begun.erasure_id)).sound
    assert (await erasures.of_person("anna")).sound
    for gone in ("ana", "anna"):
        assert await remains_of(house.database, gone) == []
        with pytest.raises(FailedPrecondition, match="was erased"):
            await house.people.create(gone, "Somebody", {})


async def test_erasing_the_other_names_who_stays(house: EnrolledTwice) -> None:
    """Whoever asks for the erasure of an id that is gone is not told that nothing is stored."""
    await house.merges.merge("ana", "anna")
    with pytest.raises(FailedPrecondition, match="people/anna was merged into people/ana"):
        await ErasureStore(house.database, house.clock).begin("anna")
    assert (await house.people.get("ana")).created_at <= at(0)
