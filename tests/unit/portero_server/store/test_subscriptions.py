"""Subscriptions on both databases: what is stored comes back, and what is gone is gone."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.access.identities import Scope
from portero_server.domain.attendance.notices import AttendanceNotice, NoticeKind
from portero_server.domain.events.alerts import ALERTS
from portero_server.domain.events.subscriptions import SinkKind, SubscriptionFilter, SubscriptionState, filter_of
from portero_server.domain.recording.sightings import SightingEvent, SightingEventKind
from portero_server.errors import FailedPrecondition, InvalidInput, LimitReached, NotFound
from portero_server.store.backup.decisions import decisions_of
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.erasures import ErasureStore
from portero_server.store.event_relays import EventRelayStore, RelayState
from portero_server.store.exports import ExportStore
from portero_server.store.holders import erase_again
from portero_server.store.people import PeopleStore
from portero_server.store.remains import remains_of
from portero_server.store.schema import erased_records, event_relays
from portero_server.store.schema import people as people_table
from portero_server.store.schema import subscriptions as subscriptions_table
from portero_server.store.streams import StreamStore
from portero_server.store.subscriptions import SealedSecret, SubscriptionStore, notice_relay_name, relay_name
from tests.support.store.commits import at, commit_of, decided
from tests.support.store.sighting_events import sighting
from tests.support.store.subscriptions import NOW, new_subscription
from tests.support.time.virtual_time import ManualClock

WANTED = filter_of(
    kinds=[SightingEventKind.STARTED, SightingEventKind.LEFT],
    cameras=["door", "desk"],
    sites=["north"],
    people=["ana", "ben"],
    min_similarity=0.75,
    strangers=False,
)


@pytest.fixture
def store(database: Database) -> SubscriptionStore:
    """Subscriptions of the database."""
    return SubscriptionStore(database)


@pytest.fixture
async def ana_and_ben(people: PeopleStore) -> None:
    """Two people."""
    for person_id in ("ana", "ben"):
        await people.create(person_id, person_id.title(), {})


async def test_a_subscription_comes_back_as_it_was_stored(store: SubscriptionStore, ana_and_ben: None) -> None:
    """With its filter, its scope and what is sealed; reading it alone or with the others makes no difference."""
    new = new_subscription("s1", WANTED, Scope(frozenset({"door"}), frozenset({"north"})))
    stored = await store.create(new, most=5)
    assert stored == new.subscription
    assert await store.get("s1", NOW) == stored
    assert await store.list(9, NOW) == [stored]
    assert await store.sealed(NOW) == await store.sealed(NOW, "s1") == [new]
    assert await store.sealed(NOW, "s2") == []


async def test_it_is_told_of_what_happens_from_then_on(
    store: SubscriptionStore, database: Database, streams: StreamStore, recording: Recording
) -> None:
    """Its position is that of the last event, and nobody has claimed it."""
    owned = await streams.open("door", "e1", "one")
    await recording.commit([commit_of(owned, decided("t1", None, 0))])
    stored = await store.create(new_subscription(), most=5)
    assert stored.position == 1
    relay = EventRelayStore(database, relay_name(SinkKind.WEBHOOK, "s1"), "e-s1", "one", creates=False)
    assert await relay.state(9) == RelayState(1, stopped=False)
    assert await relay.claim(at(0), 60.0)


async def test_they_are_listed_by_id_in_pages(store: SubscriptionStore) -> None:
    """Each page begins after the one before."""
    for number in (2, 0, 1):
        await store.create(new_subscription(f"s{number}"), most=5)
    assert [each.subscription_id for each in await store.list(2, NOW)] == ["s0", "s1"]
    assert [each.subscription_id for each in await store.list(2, NOW, "s1")] == ["s2"]


async def test_there_are_no_more_than_the_settings_allow(store: SubscriptionStore) -> None:
    """The one above is refused, and nothing of it is stored."""
    await store.create(new_subscription("s1"), most=1)
    with pytest.raises(LimitReached, match="PORTERO_SUBSCRIPTION_LIMIT"):
        await store.create(new_subscription("s2"), most=1)
    assert len(await store.sealed(NOW)) == 1


async def test_a_filter_names_people_who_exist(store: SubscriptionStore, ana_and_ben: None) -> None:
    """When it is made, and when it is changed; what was stored stays."""
    with pytest.raises(InvalidInput, match="people/eve does not exist"):
        await store.create(new_subscription("s1", filter_of(people=["ana", "eve"])), most=5)
    assert await store.sealed(NOW) == []
    stored = await store.create(new_subscription("s1", filter_of(people=["ana"])), most=5)
    with pytest.raises(InvalidInput, match="people/eve does not exist"):
        await store.update("s1", {"wanted": filter_of(people=["eve"])}, at(1))
    assert await store.get("s1", NOW) == stored


async def test_what_is_changed_is_noticed_by_all_servers(store: SubscriptionStore, ana_and_ben: None) -> None:
    """Only what is named changes, and the version of what is sent with differs each time."""
    await store.create(new_subscription("s1", WANTED), most=5)
    (before,) = await store.sealed(NOW)
    changed = await store.update("s1", {"display_name": "new", "concurrency": 2}, at(1))
    assert (changed.display_name, changed.concurrency, changed.wanted) == ("new", 2, WANTED)
    assert changed.updated_at == at(1)
    (between,) = await store.sealed(NOW)
    changed = await store.update("s1", {"wanted": filter_of(people=["ben"])}, at(2))
    assert changed.wanted == filter_of(people=["ben"])
    (after,) = await store.sealed(NOW)
    assert len({before.version, between.version, after.version}) == 3
    with pytest.raises(NotFound):
        await store.update("s2", {"concurrency": 2}, at(2))


async def test_one_that_is_touched_is_begun_anew_and_stays_as_it_is(store: SubscriptionStore) -> None:
    """So that a relay which waits for its next try does not go on waiting."""
    stored = await store.create(new_subscription(), most=5)
    (before,) = await store.sealed(NOW)
    await store.touch("s1")
    (after,) = await store.sealed(NOW)
    assert (before.version != after.version, after.subscription) == (True, stored)
    with pytest.raises(NotFound):
        await store.touch("s2")


async def test_a_pause_and_an_answer_of_410_are_its_state(store: SubscriptionStore, database: Database) -> None:
    """They are stored with the position, which the relay reads."""
    await store.create(new_subscription(), most=5)
    relay = EventRelayStore(database, relay_name(SinkKind.WEBHOOK, "s1"), "e-s1", "one", creates=False)
    for state in (SubscriptionState.PAUSED, SubscriptionState.GONE):
        await relay.stop(state.stop)
        assert (await store.get("s1", NOW)).state is state
        assert (await relay.state(0)).stopped
    await relay.resume()
    assert (await store.get("s1", NOW)).state is SubscriptionState.ACTIVE


async def test_replaced_secrets_sign_for_the_stated_time(store: SubscriptionStore) -> None:
    """The newest comes first; what has ended signs no more, and is removed with the next rotation."""
    await store.create(new_subscription(), most=5)
    day = timedelta(days=1)
    rotated = await store.add_secret("s1", SealedSecret("k2", b"2"), at(0), day)
    assert (rotated.secrets, rotated.overlap_until) == (2, at(0) + day)
    (sealed,) = await store.sealed(at(86_399))
    assert [secret.secret_id for secret in sealed.secrets] == ["k2", "k-s1"]
    (ended,) = await store.sealed(at(86_400))
    assert [secret.secret_id for secret in ended.secrets] == ["k2"]
    assert ended.version != sealed.version
    at_once = await store.add_secret("s1", SealedSecret("k3", b"3"), at(10), timedelta())
    assert (at_once.secrets, at_once.overlap_until) == (1, None)
    (sealed,) = await store.sealed(at(10))
    assert [(secret.secret_id, secret.sealed) for secret in sealed.secrets] == [("k3", b"3")]


async def test_a_shorter_overlap_holds_for_earlier_secrets_too(store: SubscriptionStore) -> None:
    """Whoever rotates since a secret has leaked says how long it may still sign."""
    await store.create(new_subscription(), most=5)
    await store.add_secret("s1", SealedSecret("k2", b"2"), at(0), timedelta(days=7))
    rotated = await store.add_secret("s1", SealedSecret("k3", b"3"), at(0), timedelta(hours=1))
    assert (rotated.secrets, rotated.overlap_until) == (3, at(3600))


async def test_five_secrets_sign_at_once_at_most(store: SubscriptionStore) -> None:
    """The sixth is refused, and changes nothing; one that ends the others at once is taken."""
    await store.create(new_subscription(), most=5)
    for number in range(2, 6):
        await store.add_secret("s1", SealedSecret(f"k{number}", b""), at(number), timedelta(days=1))
    with pytest.raises(FailedPrecondition, match="5 secrets"):
        await store.add_secret("s1", SealedSecret("k6", b""), at(6), timedelta(hours=1))
    assert (await store.get("s1", at(6))).overlap_until == at(5) + timedelta(days=1)
    assert (await store.add_secret("s1", SealedSecret("k7", b""), at(7), timedelta())).secrets == 1
    with pytest.raises(NotFound):
        await store.add_secret("s2", SealedSecret("k8", b""), at(8), timedelta())


async def test_nothing_is_left_of_a_deleted_one(store: SubscriptionStore, database: Database) -> None:
    """A server that still runs its relay is stopped, and does not make it again; nor does a restored backup."""
    await store.create(new_subscription(), most=5)
    relay = EventRelayStore(database, relay_name(SinkKind.WEBHOOK, "s1"), "e-s1", "one", creates=False)
    await store.delete("s1", at(1))
    assert await relay.state(3) == RelayState(3, stopped=True)
    assert await store.sealed(NOW) == []
    for gone in (store.get("s1", NOW), store.delete("s1", at(2))):
        with pytest.raises(NotFound):
            await gone
    records = (await decisions_of(database)).records

    async def restored(connection: AsyncConnection) -> int:
        await connection.execute(delete(erased_records))
        return await erase_again(connection, records)

    await store.create(new_subscription(), most=5)
    assert await database.run(restored) == 1
    assert await store.sealed(NOW) == []


async def test_an_export_says_which_filters_name_a_person(
    store: SubscriptionStore, database: Database, ana_and_ben: None
) -> None:
    """Beside what else is stored of them."""
    await store.create(new_subscription("s1", filter_of(people=["ana", "ben"])), most=5)
    records = await ExportStore(database).records("ana", 99)
    assert [(record.kind, record.key) for record in records] == [("person", "ana"), ("subscription_filter", "s1")]


@pytest.mark.parametrize("by_an_older_server", [False, True])
async def test_whoever_is_erased_is_taken_out_of_every_filter(
    store: SubscriptionStore, database: Database, ana_and_ben: None, clock: ManualClock, by_an_older_server: bool
) -> None:
    """The filter does not become one for everybody; an older server, which knows no filters, leaves nothing either."""
    await store.create(new_subscription("s1", filter_of(people=["ana"])), most=5)
    assert "subscription_people.person_id" in {each.place for each in await remains_of(database, "ana")}
    if by_an_older_server:
        own = people_table.c.person_id == "ana"
        await database.run(lambda connection: connection.execute(delete(people_table).where(own)))
    else:
        erasures = ErasureStore(database, clock)
        erasure = await erasures.begin("ana")
        await erasures.scrub(erasure)
        receipt = await erasures.finish(erasure.erasure_id)
        assert receipt.counts["subscription_people"] == 1
    assert await remains_of(database, "ana") == []
    left = (await store.get("s1", NOW)).wanted
    assert (left.people, left.people_only) == (frozenset(), True)


async def _stored(database: Database) -> Row[Any]:
    async def unit(connection: AsyncConnection) -> Row[Any]:
        return (await connection.execute(select(subscriptions_table))).one()

    return await database.read(unit)


def _as_the_release_before_reads(row: Row[Any]) -> SubscriptionFilter:
    """Returns the filter of a row as a server reads it that knows no alerts, and drops kinds that it does not know."""
    known = {"started", "resumed", "revised", "left"}
    kinds = frozenset(SightingEventKind(word) for word in json.loads(row.kinds) if word in known)
    return SubscriptionFilter(kinds, people_only=row.people_only, strangers=row.strangers)


@pytest.mark.parametrize("changed", [False, True])
async def test_a_server_of_the_release_before_tells_nothing_to_who_asks_for_alerts_alone(
    store: SubscriptionStore, database: Database, changed: bool
) -> None:
    """It drops the kinds that it does not know, and no kinds mean all; this one reads what was asked for."""
    wanted = filter_of(kinds=ALERTS)
    await store.create(new_subscription("s1", None if changed else wanted), most=5)
    if changed:
        await store.update("s1", {"wanted": wanted}, at(1))
    assert (await store.get("s1", NOW)).wanted == wanted
    before = _as_the_release_before_reads(await _stored(database))
    assert before.kinds == frozenset()
    for person_id in ("ana", None):
        for kind in SightingEventKind:
            assert not before.wants(SightingEvent(1, kind, sighting(person_id=person_id), NOW))


async def test_alerts_beside_other_kinds_come_back_as_they_were_stored(
    store: SubscriptionStore, database: Database, ana_and_ben: None
) -> None:
    """A server of the release before tells of the other kinds alone."""
    wanted = filter_of(kinds=[SightingEventKind.STARTED, *ALERTS], people=["ana"])
    await store.create(new_subscription("s1", wanted), most=5)
    assert (await store.get("s1", NOW)).wanted == wanted
    assert _as_the_release_before_reads(await _stored(database)).kinds == {SightingEventKind.STARTED}


@pytest.mark.parametrize(
    ("stored", "told"), [(["of_next_year"], set()), (["left", "of_next_year"], {SightingEventKind.LEFT})]
)
async def test_kinds_that_this_server_does_not_know_match_nothing(
    store: SubscriptionStore, database: Database, stored: list[str], told: set[SightingEventKind]
) -> None:
    """A newer server stored them; without them a filter does not become one for all kinds."""
    await store.create(new_subscription(), most=5)
    newer = update(subscriptions_table).values(kinds=json.dumps(stored))
    await database.run(lambda connection: connection.execute(newer))
    wanted = (await store.get("s1", NOW)).wanted
    for person_id in ("ana", None):
        events = [SightingEvent(1, kind, sighting(person_id=person_id), NOW) for kind in SightingEventKind]
        assert {event.kind for event in events if wanted.wants(event)} == told


async def test_people_are_stored_where_a_server_that_knows_webhooks_alone_finds_nothing(
    store: SubscriptionStore, database: Database
) -> None:
    """It looks for the progress of all subscriptions under one kind of name, and for these there is none."""
    made = new_subscription("p1")
    people = replace(made.subscription, kind=SinkKind.PEOPLE, origin="tgram mailtos", language="es")
    stored = await store.create(replace(made, subscription=people, secrets=()), most=9)
    assert (stored.kind, stored.origin, stored.language, stored.secrets) == (SinkKind.PEOPLE, "tgram mailtos", "es", 0)
    assert await store.list(9, NOW) == [stored]

    async def unit(connection: AsyncConnection) -> list[str]:
        return sorted(await connection.scalars(select(event_relays.c.name)))

    assert await database.read(unit) == ["notices/p1", "people/p1"]
    await store.delete("p1", NOW)
    assert await database.read(unit) == []


@pytest.mark.parametrize("kind", SinkKind)
async def test_each_kind_of_destination_is_stored_and_read(
    kind: SinkKind, store: SubscriptionStore, database: Database
) -> None:
    """With progress of its own, under a name that servers which do not know the kind do not look for."""
    made = new_subscription("a1")
    asked = replace(made.subscription, kind=kind, origin=f"arn:aws:sns:us-east-1:123456789012:{'t' * 256}")
    stored = await store.create(replace(made, subscription=asked), most=9)
    assert (stored.kind, stored.origin) == (kind, asked.origin)
    assert [each.subscription for each in await store.sealed(NOW)] == [stored]

    async def unit(connection: AsyncConnection) -> list[str]:
        return list(await connection.scalars(select(event_relays.c.name)))

    assert set(await database.read(unit)) == {relay_name(kind, "a1"), notice_relay_name("a1")}
    assert relay_name(kind, "a1").startswith("subscriptions/") == (kind is SinkKind.WEBHOOK)


async def test_a_kind_of_a_newer_server_is_left_to_it(store: SubscriptionStore, database: Database) -> None:
    """It is neither listed nor sent to."""
    await store.create(new_subscription("s1"), most=9)
    await store.create(new_subscription("s2"), most=9)
    newer = update(subscriptions_table).where(subscriptions_table.c.subscription_id == "s2").values(kind="pigeon")
    await database.run(lambda connection: connection.execute(newer))
    assert [each.subscription_id for each in await store.list(9, NOW)] == ["s1"]


_NOTICES = filter_of(notices=[NoticeKind.ABSENT], people=["ana"], groups=["1b"])


async def test_who_is_told_of_attendance_alone_is_told_of_no_event_by_servers_before(
    store: SubscriptionStore, database: Database, ana_and_ben: None
) -> None:
    """They do not read what notices are wanted; what they read matches nobody, not even the person who is named."""
    made = await store.create(new_subscription("s1", _NOTICES), most=9)
    assert made.wanted == _NOTICES

    async def unit(connection: AsyncConnection) -> Row[Any]:
        return (await connection.execute(select(subscriptions_table))).one()

    row = await database.read(unit)
    before = SubscriptionFilter(
        people=frozenset({"ana"}),
        people_only=bool(row.people_only),
        min_similarity=row.min_similarity,
        strangers=bool(row.strangers),
    )
    named = SightingEvent(1, SightingEventKind.STARTED, sighting(), NOW)
    assert not before.wants(named)
    assert not before.wants(SightingEvent(2, SightingEventKind.STARTED, sighting(person_id=None), NOW))
    assert not made.wanted.wants(named)


async def test_a_kind_of_notice_of_a_newer_server_is_told_to_nobody(
    store: SubscriptionStore, database: Database, ana_and_ben: None
) -> None:
    """Nor are events: without any notice that is known, the row still matches none."""
    await store.create(new_subscription("s1", _NOTICES), most=9)
    newer = update(subscriptions_table).values(notices='["birthday"]')
    await database.run(lambda connection: connection.execute(newer))
    (found,) = await store.list(9, NOW)
    assert not found.wanted.wants(SightingEvent(1, SightingEventKind.STARTED, sighting(), NOW))
    assert not found.wanted.wants(SightingEvent(2, SightingEventKind.STARTED, sighting(person_id=None), NOW))


async def test_notices_that_are_wanted_later_begin_then_and_keep_a_pause(
    store: SubscriptionStore, database: Database, ana_and_ben: None
) -> None:
    """A subscription that is paused stays so for what it is newly told."""
    made = new_subscription("s1")
    await store.create(made, most=9)
    await EventRelayStore(database, "subscriptions/s1", made.endpoint, "one", creates=False).stop("PAUSED")
    await store.update("s1", {"wanted": _NOTICES}, NOW)
    notices = EventRelayStore(database, "notices/s1", made.endpoint, "one", creates=False)
    assert await notices.state(0) == RelayState(2**52, stopped=True)


async def test_erasing_whom_a_guardian_is_told_of_leaves_nobody(
    store: SubscriptionStore, people: PeopleStore, ana_and_ben: None
) -> None:
    """The subscription stays limited, and is told of nobody else."""
    await store.create(new_subscription("s1", _NOTICES), most=9)
    await people.delete("ana")
    (found,) = await store.list(9, NOW)
    notice = AttendanceNotice("n1", NoticeKind.ABSENT, "math/2026-03-02", "1b", NOW, "ben", NOW)
    assert (found.wanted.people, found.wanted.people_only) == (frozenset(), True)
    assert not found.wanted.wants_notice(notice)
