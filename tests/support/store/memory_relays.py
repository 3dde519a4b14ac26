"""How far events are sent, kept in memory: two servers share one `MemoryRelays`, each by a `MemoryRelay` of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from portero_server.errors import StoreUnavailable
from portero_server.store.event_relays import Batch, RelayState

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class MemoryRelays:
    """What is stored; while `broken` is set, nobody reaches it."""

    position: int | None = None
    reason: str = ""
    endpoint: str = ""
    holder: str = ""
    until: datetime = _NEVER
    broken: bool = False
    rewinds: int = 0
    batch: Batch | None = None
    digested_at: datetime | None = None


class MemoryRelay:
    """Keeps the rules of `EventRelayStore`; tests/contracts/test_relay_stores.py holds it to them."""

    def __init__(self, kept: MemoryRelays, endpoint: str = "e1", server: str = "one") -> None:
        self.kept = kept
        self._endpoint = endpoint
        self._server = server

    async def state(self, start: int) -> RelayState:
        """Returns the state; a relay that is new begins after position `start`."""
        self._check()
        if self.kept.position is None:
            self.kept.position, self.kept.endpoint = start, self._endpoint
        stopped = bool(self.kept.reason) and self.kept.endpoint == self._endpoint
        begun = self.kept.batch if self.kept.batch and self.kept.position < self.kept.batch.until else None
        return RelayState(self.kept.position, stopped, self.kept.rewinds, begun, self.kept.digested_at)

    async def claim(self, now: datetime, lease: float) -> bool:
        """Claims the sending."""
        self._check()
        until = now + timedelta(seconds=lease)
        if self.kept.holder != self._server and now < self.kept.until <= until:
            return False
        self.kept.holder, self.kept.until = self._server, until
        return True

    async def release(self) -> None:
        """Lets another server send at once."""
        self._check()
        if self.kept.holder == self._server:
            self.kept.until = _NEVER

    async def advance(self, since: RelayState, position: int) -> None:
        """Stores a position, unless the state is another one than `since`."""
        if self._may(since):
            self.kept.position = position

    async def begin(self, since: RelayState, until: int, moment: datetime | None = None) -> bool:
        """Stores what is told together, unless the state is another one than `since` or something is begun."""
        begun = self.kept.batch is not None and (self.kept.position or 0) < self.kept.batch.until
        if not self._may(since) or begun:
            return False
        self.kept.batch, self.kept.digested_at = Batch(since.position, until), moment
        return True

    async def stop(self, reason: str) -> None:
        """Stores that the endpoint wants no more."""
        self._check()
        self.kept.reason, self.kept.endpoint = reason, self._endpoint

    async def resume(self) -> bool:
        """Starts to send again."""
        self._check()
        self.kept.reason, self.kept.endpoint = "", self._endpoint
        return self.kept.position is not None

    async def rewind(self, position: int) -> bool:
        """Has everything after a position sent again."""
        self._check()
        known = self.kept.position is not None
        if known:
            self.kept.position = position
            self.kept.rewinds += 1
            self.kept.batch = None
        return known

    def _may(self, since: RelayState) -> bool:
        self._check()
        same = (self.kept.position, self.kept.rewinds) == (since.position, since.rewinds)
        return self.kept.holder == self._server and same

    def _check(self) -> None:
        if self.kept.broken:
            raise StoreUnavailable("the database does not answer")
