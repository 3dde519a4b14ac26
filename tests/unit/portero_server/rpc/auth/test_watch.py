"""The watch over open streams, in virtual time and with the intervals a server really has."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from portero_server.access.authenticator import Authenticator
from portero_server.access.authorized_cameras import AuthorizedCameras, Sites
from portero_server.access.key_text import digest_of, mint
from portero_server.access.keys import KeyRing
from portero_server.access.limits import LimitPolicy, Limits
from portero_server.domain.access.identities import EVERYTHING, AuthMethod, Grant, Identity, Role
from portero_server.domain.access.keys import ApiKey, StoredKey
from portero_server.errors import StoreUnavailable, Unauthenticated
from portero_server.rpc.auth.caller import Caller
from portero_server.rpc.auth.interceptor import AuthInterceptor
from tests.support.server.open_access import NoCameras, Refusals
from tests.support.time.virtual_time import ManualClock, in_virtual_time, running_clock

_PROMISED = 15.0


class OneKey:
    """A store with one key, whose answers take a moment."""

    def __init__(self, clock: ManualClock) -> None:
        key_id, self.text = mint()
        key = ApiKey(key_id, "x", frozenset({Role.READER}), EVERYTHING, clock.now(), "local")
        self.stored = StoredKey(key, digest_of(self.text))
        self.away = False

    async def find(self, key_ids: Sequence[str]) -> Mapping[str, StoredKey]:
        """Returns the key as it was when it was asked for."""
        found = self.stored
        await asyncio.sleep(0.5)
        if self.away:
            raise StoreUnavailable("the database does not answer")
        return {key_ids[0]: found}

    async def used(self, uses: Mapping[str, datetime]) -> None:
        """Notes nothing."""

    def revoke(self, at: datetime) -> None:
        """Revokes it, as another process would."""
        self.stored = replace(self.stored, key=replace(self.stored.key, revoked_at=at))


def _auth(clock: ManualClock, store: OneKey) -> tuple[AuthInterceptor, KeyRing]:
    ring, refusals = KeyRing(store, clock), Refusals()
    limits = Limits(LimitPolicy(), refusals, clock)
    return AuthInterceptor(Authenticator(ring, None, {}, clock), Sites(NoCameras(), clock), limits, refusals), ring


async def _serve(auth: AuthInterceptor, identity: Identity) -> None:
    """Serves a stream that never ends by itself."""
    async with auth.watched(Caller(identity, "192.0.2.7", AuthorizedCameras(EVERYTHING))):
        await asyncio.Event().wait()


@in_virtual_time
async def test_a_revoked_stream_is_cut_within_the_promise_whenever_that_is() -> None:
    """Of revocations at any moment between two looks, while others use the key, the slowest cut takes under 15 s."""
    clock, worst = running_clock(), 0.0
    for tenth in range(0, 110, 3):
        store = OneKey(clock)
        auth, ring = _auth(clock, store)
        identity = await ring.identify(store.text)
        stream = asyncio.create_task(_serve(auth, identity))
        await asyncio.sleep(tenth / 10)
        await ring.identify(store.text)
        store.revoke(clock.now())
        revoked = clock.monotonic()
        with pytest.raises(Unauthenticated, match="revoked"):
            await stream
        worst = max(worst, clock.monotonic() - revoked)
    print(f"slowest cut after a revocation: {worst:.1f} s of {_PROMISED:g} s promised")
    assert 0 < worst <= 11.5 < _PROMISED


@in_virtual_time
async def test_an_expired_token_ends_its_stream_within_one_look() -> None:
    """A stream outlives its token, or its certificate, by no more than the five seconds between two looks."""
    clock = running_clock()
    auth, _ = _auth(clock, OneKey(clock))
    for method, word in ((AuthMethod.TOKEN, "token"), (AuthMethod.CERTIFICATE, "certificate")):
        end = clock.now() + timedelta(seconds=12)
        with pytest.raises(Unauthenticated, match=f"the {word} has expired"):
            await _serve(auth, Identity("users/1", method, (Grant(Role.READER),), end))
        assert timedelta() <= clock.now() - end <= timedelta(seconds=5)


@in_virtual_time
async def test_a_database_that_is_away_ends_no_stream() -> None:
    """A stream goes on while nobody can say whether its key is good, and is cut when it turns out that it is not."""
    clock = running_clock()
    store = OneKey(clock)
    auth, ring = _auth(clock, store)
    stream = asyncio.create_task(_serve(auth, await ring.identify(store.text)))
    store.away = True
    await asyncio.sleep(600)
    assert not stream.done()
    store.revoke(clock.now())
    store.away = False
    with pytest.raises(Unauthenticated):
        await asyncio.wait_for(stream, _PROMISED)


@in_virtual_time
async def test_a_watch_that_breaks_ends_its_stream() -> None:
    """A defect in looking at a credential cuts the stream rather than leave it unwatched."""
    clock = running_clock()
    store = OneKey(clock)
    auth, ring = _auth(clock, store)
    identity = await ring.identify(store.text)
    store.find = None  # type: ignore[assignment, method-assign]
    with pytest.raises(TypeError):
        await asyncio.wait_for(_serve(auth, identity), _PROMISED)


@in_virtual_time
async def test_whoever_hangs_up_is_not_told_that_a_key_is_void() -> None:
    """A stream canceled from outside ends as canceled, and nothing goes on behind it."""
    clock = running_clock()
    store = OneKey(clock)
    auth, ring = _auth(clock, store)
    stream = asyncio.create_task(_serve(auth, await ring.identify(store.text)))
    await asyncio.sleep(7)
    stream.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stream
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}
