"""Logins, kept by the console: a browser holds a random word, and never the key."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class ConsoleSession:
    """A login.

    Attributes:
        key: The API key or token that was shown.
        csrf: Word that a page of this login sends back with each change.
        began, used: When it began and was used last, monotonic seconds.
        word: What the browser holds.
    """

    key: str = field(repr=False)
    csrf: str = field(repr=False)
    began: float
    used: float
    word: str = field(repr=False)


class Sessions:
    """All logins, of a bounded number: one more ends the login that was not used for the longest.

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
        now = self._now()
        session = ConsoleSession(key, secrets.token_urlsafe(24), now, now, secrets.token_urlsafe(32))
        self._by_digest[_digest(session.word)] = session
        while len(self._by_digest) > self._most:
            self._by_digest.popitem(last=False)
        return session

    def find(self, word: str) -> ConsoleSession | None:
        """Returns the login of a browser's word, or None if it ended; it counts as used now."""
        digest = _digest(word)
        session = self._by_digest.get(digest)
        if session is None:
            return None
        now = self._now()
        if now - session.began > self._lifetime or now - session.used > self._idle:
            del self._by_digest[digest]
            return None
        session.used = now
        self._by_digest.move_to_end(digest)
        return session

    def end(self, session: ConsoleSession) -> None:
        """Ends a login."""
        self._by_digest.pop(_digest(session.word), None)

    def end_all_of(self, key: str) -> None:
        """Ends every login of a key that the server no longer takes."""
        for digest in [each for each, session in self._by_digest.items() if session.key == key]:
            del self._by_digest[digest]


def _digest(word: str) -> bytes:
    # Found by its digest, so that no comparison's duration says how much of a guess was right.
    return hashlib.sha256(word.encode()).digest()
