"""Verifies API keys: looked up in the store, cached for some seconds, and their use recorded periodically."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Protocol

import structlog

from portero_server.access.key_text import key_id_of, matches
from portero_server.clock import Clock
from portero_server.domain.access.identities import Identity
from portero_server.domain.access.keys import StoredKey
from portero_server.errors import StoreUnavailable, Unauthenticated

_log = structlog.get_logger(__name__)

_NOTE_USES = 60.0
_AT_ONCE = 500
"""Keys asked for in one question."""


class Keys(Protocol):
    """Reads stored keys."""

    async def find(self, key_ids: Sequence[str]) -> Mapping[str, StoredKey]:
        """Returns those of the keys that exist, by id."""
        ...

    async def used(self, uses: Mapping[str, datetime]) -> None:
        """Records when keys were last used."""
        ...


@dataclass(frozen=True, slots=True)
class KeyPolicy:
    """How keys are cached.

    Attributes:
        remembered: Seconds for which what the store said holds; after a revocation it takes no longer in any process.
        most: Keys remembered, and as many ids of which there is no key; the one not asked for the longest is forgotten.
    """

    remembered: float = 5.0
    most: int = 4096


@dataclass(frozen=True, slots=True)
class _Known:
    until: float
    stored: StoredKey | None


class KeyRing:
    """Verifies keys against the store.

    Concurrent calls with one key share a query. Only one query runs at a time, for all keys that are waited for: a
    flood of invented ids uses at most one database connection, and a valid key waits for two queries at most. Unknown
    ids are cached separately, so that they evict no valid key.
    """

    def __init__(self, store: Keys, clock: Clock, policy: KeyPolicy | None = None) -> None:
        """Creates a cache in front of a store."""
        self._store = store
        self._clock = clock
        self._policy = policy or KeyPolicy()
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._absent: OrderedDict[str, _Known] = OrderedDict()
        self._wanted: dict[str, asyncio.Future[StoredKey | None]] = {}
        self.asking: asyncio.Task[None] | None = None
        self._uses: dict[str, datetime] = {}

    def __len__(self) -> int:
        return len(self._known) + len(self._absent)

    async def identify(self, text: str) -> Identity:
        """Returns the identity that a key proves.

        Args:
            text: The unchecked text of the request.

        Raises:
            Unauthenticated: It is not a key (KEY_UNKNOWN, also for a wrong secret), or was revoked, or has expired.
            StoreUnavailable: It cannot be checked now.
        """
        key_id = key_id_of(text)
        stored = None if key_id is None else await self._find(key_id)
        if stored is None or not matches(text, stored.digest):
            raise Unauthenticated("the API key is not one of this server's", reason="KEY_UNKNOWN")
        identity = self._valid(stored)
        self._uses[stored.key.key_id] = self._clock.now().replace(second=0, microsecond=0)
        return identity

    async def recheck(self, identity: Identity) -> Identity:
        """Returns the current identity of a key that was identified before.

        Raises:
            Unauthenticated: The key was revoked, or has expired, or is gone.
            StoreUnavailable: It cannot be checked now.
        """
        stored = await self._find(identity.credential_id)
        if stored is None:
            raise Unauthenticated("the API key is not one of this server's", reason="KEY_UNKNOWN")
        return self._valid(stored)

    async def run(self) -> None:
        """Records the use of keys once a minute, until canceled; failures are retried later."""
        while True:
            await asyncio.sleep(_NOTE_USES)
            await self.note_uses()

    async def note_uses(self) -> None:
        """Writes when keys were last used."""
        uses, self._uses = self._uses, {}
        try:
            await self._store.used(uses)
        except StoreUnavailable as error:
            self._uses = uses | self._uses
            _log.warning("key_uses_not_noted", reason=error.reason)

    def _valid(self, stored: StoredKey) -> Identity:
        key = stored.key
        if key.revoked_at is not None:
            raise Unauthenticated("the API key was revoked", reason="KEY_REVOKED")
        identity = key.identity
        if identity.expired(self._clock.now()):
            raise Unauthenticated("the API key has expired", reason="KEY_EXPIRED")
        return identity

    async def _find(self, key_id: str) -> StoredKey | None:
        for remembered in (self._known, self._absent):
            known = remembered.get(key_id)
            if known is not None and self._clock.monotonic() < known.until:
                remembered.move_to_end(key_id)
                return known.stored
        answer = self._wanted.get(key_id)
        if answer is None:
            answer = self._wanted[key_id] = asyncio.get_running_loop().create_future()
            answer.add_done_callback(_heard)
            if self.asking is None:
                # A task of its own: the caller that asked first may hang up while others wait.
                self.asking = asyncio.create_task(self._ask_all())
        return await asyncio.shield(answer)

    async def _ask_all(self) -> None:
        try:
            while self._wanted:
                await self._ask(dict(islice(self._wanted.items(), _AT_ONCE)))
        finally:
            self.asking = None

    async def _ask(self, wanted: Mapping[str, asyncio.Future[StoredKey | None]]) -> None:
        asked = self._clock.monotonic()
        try:
            found = await self._store.find(list(wanted))
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            for key_id, answer in wanted.items():
                del self._wanted[key_id]
                answer.set_exception(error)
            return
        except asyncio.CancelledError:
            # The server stops.
            for answer in self._wanted.values():
                answer.cancel()
            self._wanted.clear()
            raise
        # Valid from the time of the query: later changes are not in its answer.
        until = asked + self._policy.remembered
        for key_id, answer in wanted.items():
            del self._wanted[key_id]
            stored = found.get(key_id)
            self._remember(key_id, _Known(until, stored))
            answer.set_result(stored)

    def _remember(self, key_id: str, known: _Known) -> None:
        kept, other = (self._absent, self._known) if known.stored is None else (self._known, self._absent)
        other.pop(key_id, None)
        kept[key_id] = known
        kept.move_to_end(key_id)
        if len(kept) > self._policy.most:
            kept.popitem(last=False)


def _heard(answer: asyncio.Future[StoredKey | None]) -> None:
    if not answer.cancelled():
        # When all who waited have hung up, nobody else takes the error.
        answer.exception()
