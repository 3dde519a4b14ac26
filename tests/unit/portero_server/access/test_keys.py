"""Keys on the way in: what is accepted, how often the store is asked, how fast a revocation works."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from portero_server.access.key_text import digest_of, key_id_of, matches, mint
from portero_server.access.keys import KeyPolicy, KeyRing
from portero_server.domain.access.identities import EVERYTHING, AuthMethod, Role
from portero_server.domain.access.keys import ApiKey, StoredKey
from portero_server.errors import StoreUnavailable, Unauthenticated
from tests.support.time.virtual_time import ManualClock, in_virtual_time, running_clock


class Shelf:
    """Implements access.keys.Keys: what the test puts there; counts what it is asked."""

    def __init__(self) -> None:
        self.stored: dict[str, StoredKey] = {}
        self.uses: dict[str, datetime] = {}
        self.asked = self.most = self.at_once = 0
        self.broken = False
        self.open = asyncio.Event()
        self.open.set()

    async def find(self, key_ids: Sequence[str]) -> Mapping[str, StoredKey]:
        """Returns the keys that are there."""
        self.asked += 1
        self.most = max(self.most, len(key_ids))
        self.at_once += 1
        assert self.at_once == 1, "a second question to the store beside another"
        await self.open.wait()
        self.at_once -= 1
        if self.broken:
            raise StoreUnavailable("the database does not answer")
        return {key_id: self.stored[key_id] for key_id in key_ids if key_id in self.stored}

    async def used(self, uses: Mapping[str, datetime]) -> None:
        """Notes uses."""
        if self.broken:
            raise StoreUnavailable("the database does not answer")
        self.uses.update(uses)

    def put(self, clock: ManualClock, *, lasts: float | None = None) -> str:
        """Puts a reader's key there and gives its text."""
        key_id, text = mint()
        end = None if lasts is None else clock.now() + timedelta(seconds=lasts)
        key = ApiKey(key_id, "Reader", frozenset({Role.READER}), EVERYTHING, clock.now(), "local", end)
        self.stored[key_id] = StoredKey(key, digest_of(text))
        return text

    def revoke(self, text: str, at: datetime) -> None:
        """Revokes a key, as another server process would."""
        stored = self.stored[key_id_of(text) or ""]
        self.stored[stored.key.key_id] = replace(stored, key=replace(stored.key, revoked_at=at))


async def _refused(ring: KeyRing, text: str) -> str:
    with pytest.raises(Unauthenticated) as caught:
        await ring.identify(text)
    return caught.value.reason


def test_a_minted_key_has_192_bits_and_matches_its_digest_alone() -> None:
    """A key's secret is 48 hexadecimal digits, no two keys are alike, and only the very text matches the digest."""
    texts = {mint()[1] for _ in range(100)}
    assert len(texts) == 100
    key_id, text = mint()
    assert text.startswith(f"ptk_{key_id}_")
    assert len(text.rpartition("_")[2]) * 4 == 192
    assert key_id_of(text) == key_id
    assert matches(text, digest_of(text))
    assert not matches(text[:-1] + ("0" if text[-1] != "0" else "1"), digest_of(text))


@pytest.mark.parametrize("text", ["", "ptk_", "ptk_x_y", "Bearer", "ptk_" + "0" * 16 + "_" + "g" * 48, "é" * 40, "\0"])
async def test_what_has_not_the_form_of_a_key_is_refused_without_asking(text: str) -> None:
    """Text that is not a key costs the store nothing."""
    shelf = Shelf()
    assert await _refused(KeyRing(shelf, ManualClock()), text) == "KEY_UNKNOWN"
    assert shelf.asked == 0


@in_virtual_time
async def test_a_key_is_asked_for_once_in_five_seconds() -> None:
    """Calls at once and within five seconds share one question to the store."""
    clock, shelf = running_clock(), Shelf()
    ring, text = KeyRing(shelf, clock), shelf.put(clock)
    shelf.open.clear()
    calls = [asyncio.create_task(ring.identify(text)) for _ in range(20)]
    await asyncio.sleep(1)
    calls[0].cancel()
    shelf.open.set()
    identities = await asyncio.gather(*calls[1:])
    assert {(who.method, who.roles) for who in identities} == {(AuthMethod.KEY, frozenset({Role.READER}))}
    await asyncio.sleep(3.9)
    await ring.identify(text)
    assert shelf.asked == 1
    await asyncio.sleep(0.2)
    await ring.identify(text)
    assert shelf.asked == 2


@in_virtual_time
async def test_a_wrong_secret_and_an_unknown_id_read_the_same() -> None:
    """Whoever guesses is not told whether the id exists, and asking again does not ask the store again."""
    clock, shelf = running_clock(), Shelf()
    ring, text = KeyRing(shelf, clock), shelf.put(clock)
    wrong = text[:-4] + ("0000" if not text.endswith("0000") else "1111")
    unknown = mint()[1]
    assert [await _refused(ring, each) for each in (wrong, unknown, unknown, wrong)] == ["KEY_UNKNOWN"] * 4
    assert shelf.asked == 2


@in_virtual_time
async def test_a_revoked_or_expired_key_is_refused() -> None:
    """A revocation works within five seconds and an expiry at once, for calls and for open streams."""
    clock, shelf = running_clock(), Shelf()
    ring, revoked, short = KeyRing(shelf, clock), shelf.put(clock), shelf.put(clock, lasts=2)
    identities = [await ring.identify(revoked), await ring.identify(short)]
    shelf.revoke(revoked, clock.now())
    await asyncio.sleep(2)
    assert await _refused(ring, short) == "KEY_EXPIRED"
    await asyncio.sleep(3)
    assert await _refused(ring, revoked) == "KEY_REVOKED"
    for identity, reason in zip(identities, ("KEY_REVOKED", "KEY_EXPIRED"), strict=True):
        with pytest.raises(Unauthenticated) as caught:
            await ring.recheck(identity)
        assert caught.value.reason == reason
    del shelf.stored[identities[0].credential_id]
    await asyncio.sleep(5)
    with pytest.raises(Unauthenticated):
        await ring.recheck(identities[0])


@in_virtual_time
async def test_without_the_database_nothing_is_known() -> None:
    """A key that was not asked for lately cannot be checked while the database is away, and can be afterward."""
    clock, shelf = running_clock(), Shelf()
    ring, text = KeyRing(shelf, clock), shelf.put(clock)
    shelf.broken = True
    with pytest.raises(StoreUnavailable):
        await ring.identify(text)
    shelf.broken = False
    assert (await ring.identify(text)).subject.startswith("keys/")


@in_virtual_time
async def test_uses_are_noted_once_a_minute() -> None:
    """A use is written down within a minute, to the minute, and after a broken attempt with the next one."""
    clock, shelf = running_clock(), Shelf()
    ring, text = KeyRing(shelf, clock), shelf.put(clock)
    used = clock.now()
    await ring.identify(text)
    running = asyncio.create_task(ring.run())
    shelf.broken = True
    await asyncio.sleep(61)
    assert shelf.uses == {}
    shelf.broken = False
    await asyncio.sleep(60)
    assert shelf.uses == {key_id_of(text): used.replace(second=0, microsecond=0)}
    running.cancel()


@in_virtual_time
async def test_memory_of_keys_is_bounded() -> None:
    """A flood of ids that do not exist forgets the oldest of them, and displaces no key."""
    clock, shelf = running_clock(), Shelf()
    ring, text = KeyRing(shelf, clock, KeyPolicy(most=10)), shelf.put(clock)
    await ring.identify(text)
    for _ in range(50):
        assert await _refused(ring, mint()[1]) == "KEY_UNKNOWN"
    assert len(ring) == 11
    await ring.identify(text)
    assert shelf.asked == 51


@in_virtual_time
async def test_a_flood_of_made_up_ids_is_one_question_at_a_time() -> None:
    """Thousands of unknown ids at once are asked for together, and a good key among the last is answered with them."""
    clock, shelf = running_clock(), Shelf()
    ring, text = KeyRing(shelf, clock), shelf.put(clock)
    flood = [asyncio.create_task(_refused(ring, mint()[1])) for _ in range(2000)]
    assert (await ring.identify(text)).subject.startswith("keys/")
    assert set(await asyncio.gather(*flood)) == {"KEY_UNKNOWN"}
    assert (shelf.asked, shelf.most) == (5, 500)


@in_virtual_time
async def test_a_server_that_stops_lets_go_of_who_waits() -> None:
    """When the question to the store is canceled, nobody goes on waiting for its answer."""
    clock, shelf = running_clock(), Shelf()
    ring, text = KeyRing(shelf, clock), shelf.put(clock)
    shelf.open.clear()
    call = asyncio.create_task(ring.identify(text))
    await asyncio.sleep(0.1)
    assert ring.asking is not None
    ring.asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
