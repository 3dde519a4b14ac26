"""Logins, kept by the console: a browser holds a random word, and never the key."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

_MOST_OF_KEY = 20
"""Logins of one key at once: whoever has a key cannot end those of others by logging in again and again."""


@dataclass(slots=True)
class ConsoleSession:
    """A login.

    Attributes:
        key: The API key or token that was shown.
        csrf: Word that a page of this login sends back with each change.
        began, used: When it began and was used last, monotonic seconds.
        word: What the browser holds.
        over: Set when it ends; live views end with it.
    """

    key: str = field(repr=False)
    csrf: str = field(repr=False)
    began: float
    used: float
    word: str = field(repr=False)
    over: asyncio.Event = field(default_factory=asyncio.Event, repr=False)


class Sessions:
    """All logins, of a bounded number: one more ends the login that was not used for the longest.

    Of one key there are at most 20: one more ends the key's own that was not used for the longest.

    They are in memory alone: after a restart of the console everybody logs in again.
    """

    def __init__(self, most: int, lifetime: float, idle: float, now: Callable[[], float]) -> None:
        """Creates an empty store.

        Args:
            most: How many there may be.
            lifetime: How long each may last, seconds.
            idle: How long each may be unused, seconds.
            now: Monotonic clock, seconds.
        """
        self._most = most
        self._lifetime = lifetime
        self._idle = idle
        self._now = now
        self._by_digest: OrderedDict[bytes, ConsoleSession] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_digest)

    def begin(self, key: str) -> ConsoleSession:
        """Returns a new login."""
        own = [digest for digest, session in self._by_digest.items() if session.key == key]
        for digest in own[: max(0, len(own) - _MOST_OF_KEY + 1)]:
            self._remove(digest)
        now = self._now()
        session = ConsoleSession(key, secrets.token_urlsafe(24), now, now, secrets.token_urlsafe(32))
        self._by_digest[_digest(session.word)] = session
        while len(self._by_digest) > self._most:
            self._remove(next(iter(self._by_digest)))
        return session

    def find(self, word: str) -> ConsoleSession | None:
        """Returns the login of a browser's word, or None if it ended; it counts as used now."""
        session = self._by_digest.get(_digest(word))
        return session if session is not None and self.use(session) else None

    def use(self, session: ConsoleSession) -> bool:
        """Returns whether a login still holds; if so, it counts as used now."""
        digest = _digest(session.word)
        if digest not in self._by_digest:
            return False
        now = self._now()
        if now - session.began > self._lifetime or now - session.used > self._idle:
            self._remove(digest)
            return False
        session.used = now
        self._by_digest.move_to_end(digest)
        return True

    def end(self, session: ConsoleSession) -> None:
        """Ends a login."""
        self._remove(_digest(session.word))

    def end_all_of(self, key: str) -> None:
        """Ends every login of a key that the server no longer takes."""
        for digest in [each for each, session in self._by_digest.items() if session.key == key]:
            self._remove(digest)

    def _remove(self, digest: bytes) -> None:
        session = self._by_digest.pop(digest, None)
        if session is not None:
            session.over.set()


def _digest(word: str) -> bytes:
    # Found by its digest, so that no comparison's duration says how much of a guess was right.
    return hashlib.sha256(word.encode()).digest()
