"""API keys as they are stored."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.access.identities import EVERYTHING, Role, Scope
from portero_server.domain.access.keys import ApiKey, StoredKey
from portero_server.errors import NotFound
from portero_server.store.attendance.groups import AttendanceGroupStore
from portero_server.store.database import Database
from portero_server.store.keys import KeyStore
from portero_server.store.people import PeopleStore
from tests.support.attendance.classroom import GROUP
from tests.support.time.virtual_time import ManualClock

_DIGEST = bytes(range(32))


@pytest.fixture
def keys(database: Database) -> KeyStore:
    """Keys of the database."""
    return KeyStore(database)


def _key(key_id: str = "0a", scope: Scope = EVERYTHING) -> ApiKey:
    now = ManualClock().now()
    return ApiKey(key_id, "Lobby", frozenset({Role.READER, Role.BRIDGE}), scope, now, "local", now + timedelta(days=1))


async def test_a_key_is_found_as_it_was_stored(keys: KeyStore) -> None:
    """Roles, scope, times and digest come back as they went in, and another id finds nothing."""
    stored = StoredKey(_key(scope=Scope(frozenset({"door", "desk"}), frozenset({"lobby"}))), _DIGEST)
    await keys.add(stored)
    await keys.add(StoredKey(_key("0b"), _DIGEST))
    assert await keys.find(["0a", "0A", "0c"]) == {"0a": stored}


async def test_keys_are_listed_by_id(keys: KeyStore) -> None:
    """A list goes on after an id and ends."""
    for key_id in ("03", "01", "02"):
        await keys.add(StoredKey(_key(key_id), _DIGEST))
    assert [key.key_id for key in await keys.list(2)] == ["01", "02"]
    assert [key.key_id for key in await keys.list(2, "02")] == ["03"]


async def test_a_revocation_keeps_its_first_time(keys: KeyStore) -> None:
    """A key revoked again was revoked when it was first, and one that is not there is not found."""
    await keys.add(StoredKey(_key(), _DIGEST))
    first = ManualClock().now()
    assert await keys.revoke("0a", first) == replace(_key(), revoked_at=first)
    assert (await keys.revoke("0a", first + timedelta(hours=1))).revoked_at == first
    with pytest.raises(NotFound, match="keys/0b"):
        await keys.revoke("0b", first)


async def test_the_last_use_never_goes_back(keys: KeyStore) -> None:
    """Of two servers that note a use the later one counts, whichever comes first."""
    await keys.add(StoredKey(_key("01"), _DIGEST))
    await keys.add(StoredKey(_key("02"), _DIGEST))
    noon = ManualClock().now()
    await keys.used({"01": noon, "02": noon, "03": noon})
    await keys.used({"01": noon - timedelta(hours=1), "02": noon + timedelta(hours=1)})
    await keys.used({})
    assert [key.last_used_at for key in await keys.list(9)] == [noon, noon + timedelta(hours=1)]


async def test_a_role_of_a_newer_server_is_none_here(keys: KeyStore, database: Database) -> None:
    """A role that this version does not know gives nothing, and the key stays readable."""
    await keys.add(StoredKey(_key(), _DIGEST))

    async def grow(connection: AsyncConnection) -> None:
        await connection.execute(text("""UPDATE api_keys SET roles = '["reader","wizard"]'"""))

    await database.run(grow)
    found = (await keys.find(["0a"]))["0a"]
    assert found is not None
    assert found.key.roles == {Role.READER}


async def test_a_key_names_groups_and_people(keys: KeyStore, database: Database) -> None:
    """They come back with the key; what does not exist is not found, and what is removed is taken out."""
    clock = ManualClock()
    people, groups = PeopleStore(database, clock), AttendanceGroupStore(database, clock)
    await people.create("ana", "Ana", {})
    await groups.put_group(GROUP)
    scope = Scope(groups=frozenset({"1b"}), people=frozenset({"ana"}))
    stored = StoredKey(replace(_key(scope=scope), roles=frozenset({Role.TEACHER, Role.GUARDIAN})), _DIGEST)
    await keys.add(stored)
    assert await keys.find(["0a"]) == {"0a": stored}
    assert [each.scope for each in await keys.list(9)] == [scope]
    for missing, name in ((replace(scope, groups=frozenset({"2a"})), "2a"), (Scope(people=frozenset({"eva"})), "eva")):
        with pytest.raises(NotFound, match=name):
            await keys.add(StoredKey(replace(stored.key, key_id="0b", scope=missing), _DIGEST))
    await people.delete("ana")
    await groups.delete_group("1b")
    assert (await keys.find(["0a"]))["0a"].key.scope == Scope()
