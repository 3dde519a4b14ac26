"""Pairs of people who may be taken for each other, on both databases."""

from __future__ import annotations

import pytest

from portero_server.domain.people.look_alikes import ConfusablePair, FacePair
from portero_server.store.database import Database
from portero_server.store.erasures import ErasureStore
from portero_server.store.look_alikes import LookAlikeStore
from portero_server.store.people import PeopleStore
from portero_server.store.remains import remains_of
from tests.support.time.virtual_time import ManualClock
from tests.unit.portero_server.store.test_people import face


@pytest.fixture
async def pairs(database: Database, people: PeopleStore, clock: ManualClock) -> LookAlikeStore:
    """Pairs of a gallery of Ana, Anna and Bo, with two faces each."""
    for person_id in ("ana", "anna", "bo"):
        await people.create(person_id, person_id.title(), {})
        for number in (1, 2):
            await people.add_face(face(person_id, number))
    return LookAlikeStore(database, clock)


def _pair(first: str, second: str, similarity: float) -> FacePair:
    """Returns a pair of faces by their ids, "ana-1"."""
    return FacePair(first.partition("-")[0], second.partition("-")[0], first, second, similarity)


async def test_who_is_confusable_is_known_from_either_side(pairs: LookAlikeStore) -> None:
    """Ana and Anna are a pair whoever is asked about, and nobody else is."""
    await pairs.add([_pair("ana-1", "anna-1", 0.5)])
    assert await pairs.confusable_with("ana", ["bo", "anna"]) == {"anna"}
    assert await pairs.confusable_with("anna", ["ana"]) == {"ana"}
    assert await pairs.confusable_with("bo", ["ana", "anna"]) == frozenset()
    assert await pairs.confusable_with("ana", []) == frozenset()


async def test_people_are_listed_once_by_their_most_similar_faces(pairs: LookAlikeStore, clock: ManualClock) -> None:
    """Several pairs of faces are one pair of people, with the highest similarity; pages follow on."""
    first = clock.now()
    await pairs.add([_pair("ana-1", "anna-1", 0.5), _pair("ana-1", "bo-1", 0.45)])
    clock.advance(60)
    await pairs.add([_pair("ana-1", "anna-1", 0.9), _pair("ana-2", "anna-1", 0.625), _pair("anna-1", "bo-2", 0.4)])
    expected = [
        ConfusablePair("ana", "anna", 0.625, first),
        ConfusablePair("ana", "bo", 0.45, first),
        ConfusablePair("anna", "bo", 0.4, clock.now()),
    ]
    assert await pairs.list(10) == expected
    assert await pairs.list(1) == expected[:1]
    assert await pairs.list(10, ("ana", "anna")) == expected[1:]
    assert await pairs.list(10, ("ana", "bo")) == expected[2:]
    assert await pairs.list(10, ("anna", "bo")) == []


async def test_a_face_that_is_gone_makes_no_pair(pairs: LookAlikeStore) -> None:
    """A face that was removed while it was compared leaves no row, and the others are stored."""
    await pairs.add([_pair("ana-9", "anna-1", 0.5), _pair("ana-1", "bo-1", 0.5)])
    assert [(pair.first_person_id, pair.second_person_id) for pair in await pairs.list(10)] == [("ana", "bo")]


async def test_pairs_go_with_either_face(pairs: LookAlikeStore, people: PeopleStore) -> None:
    """Removing a face removes its pairs alone, and removing a person removes all of theirs."""
    await pairs.add([_pair("ana-1", "anna-1", 0.6), _pair("ana-2", "anna-1", 0.5), _pair("ana-2", "bo-1", 0.5)])
    await people.delete_face("ana", "ana-1")
    assert [pair.similarity for pair in await pairs.list(10)] == [0.5, 0.5]
    await people.delete("anna")
    assert [(pair.first_person_id, pair.second_person_id) for pair in await pairs.list(10)] == [("ana", "bo")]


async def test_the_faces_to_compare_again_are_those_it_was_paired_with(pairs: LookAlikeStore) -> None:
    """The most similar come first, from either side, and no more than asked for."""
    await pairs.add([_pair("ana-1", "anna-1", 0.5), _pair("ana-1", "bo-1", 0.6), _pair("ana-2", "anna-1", 0.7)])
    assert [each.face_id for each in await pairs.partners("ana-1", 10)] == ["bo-1", "anna-1"]
    assert [each.face_id for each in await pairs.partners("ana-1", 1)] == ["bo-1"]
    assert [each.face_id for each in await pairs.partners("anna-1", 10)] == ["ana-2", "ana-1"]
    assert await pairs.partners("bo-2", 10) == []


async def test_an_erasure_leaves_no_pair(pairs: LookAlikeStore, database: Database, clock: ManualClock) -> None:
    """The pairs of an erased person go at once and are counted in the receipt; those of others stay."""
    await pairs.add([_pair("ana-1", "anna-1", 0.5), _pair("ana-1", "bo-1", 0.5), _pair("anna-1", "bo-1", 0.5)])
    erasure = await ErasureStore(database, clock).begin("anna")
    assert erasure.counts["look_alikes"] == 2
    assert [(pair.first_person_id, pair.second_person_id) for pair in await pairs.list(10)] == [("ana", "bo")]
    assert not [each for each in await remains_of(database, "anna") if each.place.startswith("look_alikes")]
