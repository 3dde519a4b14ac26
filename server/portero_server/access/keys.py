"""API keys on the way in: checked against the store, remembered for some seconds, their use noted now and then."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from portero_server.access.key_text import key_id_of, matches
from portero_server.clock import Clock
from portero_server.domain.access import Identity
from portero_server.domain.keys import StoredKey
from portero_server.errors import StoreUnavailable, Unauthenticated

_log = structlog.get_logger(__name__)

_NOTE_USES = 60.0


class Keys(Protocol):
    """Where keys are kept."""

    async def get(self, key_id: str) -> StoredKey | None:
        """Gives a key, or None."""
        ...

    async def used(self, uses: Mapping[str, datetime]) -> None:
        """Notes when keys were last used."""
        ...


@dataclass(frozen=True, slots=True)
class KeyPolicy:
    """How keys are remembered.

    Attributes:
        remembered: Seconds for which what the store said holds; after a revocation it takes no longer in any process.
        most: Keys remembered, those that are none included; the one not asked for the longest is forgotten.
    """

    remembered: float = 5.0
    most: int = 4096


@dataclass(frozen=True, slots=True)
class _Known:
    until: float
    stored: StoredKey | None


class KeyRing:
    """Checks keys. Many calls with one key ask the store once; keys that do not exist are remembered too."""

    def __init__(self, store: Keys, clock: Clock, policy: KeyPolicy | None = None) -> None:
        self._store = store
        self._clock = clock
        self._policy = policy or KeyPolicy()
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._asking: dict[str, asyncio.Task[StoredKey | None]] = {}
        self._uses: dict[str, datetime] = {}

    def __len__(self) -> int:
        return len(self._known)

    async def identify(self, text: str) -> Identity:
        """Gives who shows this key.

        Args:
            text: As it came; anything at all.

        Raises:
            Unauthenticated: It is no key (KEY_UNKNOWN, also for a wrong secret), or was revoked, or has expired.
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
        """Gives the identity of a key that was identified before, as it is now.

        Raises:
            Unauthenticated: The key was revoked, or has expired, or is gone.
            StoreUnavailable: It cannot be checked now.
        """
        stored = await self._find(identity.credential_id)
        if stored is None:
            raise Unauthenticated("the API key is not one of this server's", reason="KEY_UNKNOWN")
        return self._valid(stored)

    async def run(self) -> None:
        """Notes the use of keys once a minute, until cancelled; a use that cannot be noted is noted later."""
        while True:
            await asyncio.sleep(_NOTE_USES)
            await self.note_uses()

    async def note_uses(self) -> None:
        """Writes down when keys were last used."""
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
        known = self._known.get(key_id)
        if known is not None and self._clock.monotonic() < known.until:
            self._known.move_to_end(key_id)
            return known.stored
        asking = self._asking.get(key_id)
        if asking is None:
            # A task of its own: the caller that asked first may hang up while others wait.
            asking = self._asking[key_id] = asyncio.create_task(self._ask(key_id))
            asking.add_done_callback(_heard)
        return await asyncio.shield(asking)

    async def _ask(self, key_id: str) -> StoredKey | None:
        asked = self._clock.monotonic()
        try:
            stored = await self._store.get(key_id)
        finally:
            del self._asking[key_id]
        # From when it was asked: what changed while the answer was on its way is not in it.
        self._known[key_id] = _Known(asked + self._policy.remembered, stored)
        self._known.move_to_end(key_id)
        while len(self._known) > self._policy.most:
            self._known.popitem(last=False)
        return stored


def _heard(asking: asyncio.Task[StoredKey | None]) -> None:
    if not asking.cancelled():
        # When all who waited have hung up, nobody else takes the error.
        asking.exception()
