"""Consents and blocks, and who may be named because of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from portero_server.errors import FailedPrecondition, InvalidInput, NotFound
from portero_server.store.commit.recording import Recording
from portero_server.store.consents import ConsentStore
from portero_server.store.database import Database
from portero_server.store.people import PeopleStore
from portero_server.store.sightings import SightingFilter, SightingStore
from portero_server.store.streams import StreamStore
from tests.support.store.commits import at, commit_of, decided
from tests.support.time.virtual_time import ManualClock
from tests.unit.portero_server.store.test_erasures import consent


@pytest.fixture
async def consents(database: Database, people: PeopleStore, clock: ManualClock) -> ConsentStore:
    """Consents of a database that knows Ana."""
    await people.create("ana", "Ana", {})
    return ConsentStore(database, clock)


async def _named(store: PeopleStore) -> bool:
    return bool(await store.display_names(["ana"]))


async def test_whoever_is_blocked_is_not_named(consents: ConsentStore, people: PeopleStore) -> None:
    """A block holds until it is ended, and the person is still there."""
    assert await _named(people)
    await consents.block("ana", "asked")
    await consents.block("ana", "asked again")
    assert not await _named(people)
    found = await consents.of("ana")
    assert found.block is not None
    assert found.block.reason == "asked again"
    assert not found.recognizable
    assert (await people.get("ana")).display_name == "Ana"
    await consents.unblock("ana")
    await consents.unblock("ana")
    assert await _named(people)


@pytest.mark.parametrize(
    "changes",
    [
        {"person_id": "ben"},
        {"purpose": "billing"},
        {"text_version": "2027-01"},
        {"channel": "app"},
        {"guardian": "Somebody Else"},
        {"given_at": at(0) - timedelta(days=1)},
        {"expires_at": at(0) + timedelta(days=1)},
    ],
)
async def test_another_consent_of_the_same_id_is_refused(
    consents: ConsentStore, people: PeopleStore, clock: ManualClock, changes: dict[str, Any]
) -> None:
    """A request id that is used again for a consent that says something else neither records nor returns one."""
    await people.create("ben", "Ben", {})
    first = await consents.record(consent(given_at=clock.now(), recorded_at=clock.now()))
    clock.advance(5)
    again = replace(first, given_at=clock.now(), recorded_at=clock.now())
    assert await consents.record(again) == first
    with pytest.raises(InvalidInput, match="request_id was used before"):
        await consents.record(replace(again, **changes))
    assert (await consents.of("ben")).consents == ()


async def test_withdrawal_ends_matching_also_where_consent_is_optional(
    consents: ConsentStore, people: PeopleStore, clock: ManualClock
) -> None:
    """Whoever took every consent back is not named; one valid consent is enough."""
    first = await consents.record(consent(given_at=clock.now(), recorded_at=clock.now()))
    second = await consents.record(consent(consent_id="c2", given_at=clock.now(), recorded_at=clock.now()))
    assert await consents.record(first) == first
    assert (await consents.withdraw("ana", "c1"))[0].withdrawn_at == clock.now()
    assert await _named(people)
    assert [each.consent_id for each in await consents.withdraw("ana", None)] == ["c1", second.consent_id]
    assert not await _named(people)
    with pytest.raises(NotFound):
        await consents.withdraw("ana", "c9")


async def test_a_consent_ends_by_itself(consents: ConsentStore, people: PeopleStore, clock: ManualClock) -> None:
    """After its last day a consent no longer counts."""
    now = clock.now()
    await consents.record(consent(given_at=now, recorded_at=now, expires_at=now + timedelta(days=1)))
    assert await _named(people)
    clock.advance(86_400)
    assert not await _named(people)


async def test_where_consent_is_required_nobody_is_named_without(
    database: Database, people: PeopleStore, clock: ManualClock
) -> None:
    """Without a valid consent a person is neither learned nor named."""
    await people.create("ana", "Ana", {})
    strict = ConsentStore(database, clock, consent_required=True)
    known = PeopleStore(database, clock, consent_required=True)
    with pytest.raises(FailedPrecondition, match="has no valid consent") as caught:
        await strict.check_learnable("ana")
    assert caught.value.reason == "CONSENT_MISSING"
    assert not await _named(known)
    await strict.record(consent(given_at=clock.now(), recorded_at=clock.now()))
    await strict.check_learnable("ana")
    assert await _named(known)


async def test_a_commit_does_not_name_the_blocked(
    consents: ConsentStore, streams: StreamStore, recording: Recording, sightings: SightingStore
) -> None:
    """A decision made before the block and committed after it is a stranger's."""
    stream = await streams.open("door", "e1", "s1")
    await consents.block("ana", "")
    result = await recording.commit([commit_of(stream, decided("t1", "ana", 1))])
    assert result.unnamed == {"ana"}
    assert [each.person_id for each in await sightings.list(SightingFilter(), 10)] == [None]


async def test_whoever_gets_an_id_next_has_agreed_to_nothing(
    consents: ConsentStore, people: PeopleStore, clock: ManualClock
) -> None:
    """Deleting a person ends their consents, which stay as evidence, and their block."""
    await consents.record(consent(given_at=clock.now(), recorded_at=clock.now()))
    await consents.block("ana", "")
    await people.delete("ana")
    await people.create("ana", "Another Ana", {})
    found = await consents.of("ana")
    assert found.block is None
    assert [each.valid(clock.now()) for each in found.consents] == [False]
