"""The audit trail as the rest of the server sees it.

Two guarantees, by how a deed is reported:

- `record` waits for the entry's commit. Whoever changes something records it *before* doing it, so that nothing is done
  which the trail does not know of: when the entry cannot be written, the caller gets the error and does nothing. The
  other way round there may be an entry for something that was not done, because it failed (a second entry says so) or
  because the server was killed in between.
- `note` never waits and never fails, for what was refused: nothing happened, and whoever floods the server with bad
  credentials must neither fill the database nor slow others down. What is alike is counted together and written within
  a second; beyond `most` unlike deeds within it the rest is counted in one entry. A server that is killed loses that
  second; when nobody knows whether a commit happened, what it held is written again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import structlog

from portero_server.clock import Clock
from portero_server.domain.audit.chain import SERVER, Anchor, AuditOutcome, Deed, Entry, Head
from portero_server.domain.audit.check import ChainCheck, Finding
from portero_server.errors import PorteroError, Unavailable

_log = structlog.get_logger(__name__)

OVERFLOW = "audit.overflow"
"""Action of the entry that counts refusals which were too many to be told apart."""

_PAGE = 500


class AuditLog(Protocol):
    """Stores the entries (`store/audit.py`)."""

    async def append(self, deeds: Sequence[Deed], at: datetime) -> Sequence[Entry]:
        """Appends entries in one transaction and returns them."""
        ...

    async def head(self) -> Head:
        """Returns the end of the chain."""
        ...

    async def page(self, after: int, limit: int) -> tuple[Sequence[Entry], Head]:
        """Returns the entries after a position, in order, and a head at least as new as they are."""
        ...

    async def newest(self, limit: int, before: int | None = None) -> Sequence[Entry]:
        """Returns the newest entries, newest first; with `before`, only those before that position."""
        ...


class AuditObserver(Protocol):
    """Receives the results of writing the trail, for metrics."""

    def audit_written(self, count: int) -> None:
        """`count` entries were committed."""
        ...

    def audit_failed(self) -> None:
        """Entries could not be written."""
        ...

    def audit_overflowed(self, count: int) -> None:
        """`count` refusals were combined into one entry."""
        ...


@dataclass(frozen=True, slots=True)
class AuditReport:
    """The result of checking the whole trail.

    Attributes:
        head: Where the chain ends.
        anchors: Number of anchors compared.
        findings: Inconsistencies; empty if the chain is intact.
    """

    head: Head
    anchors: int
    findings: Sequence[Finding]


class AuditTrail:
    """Writes and checks the audit trail."""

    def __init__(
        self, log: AuditLog, clock: Clock, observer: AuditObserver, *, interval: float = 1.0, most: int = 256
    ) -> None:
        """Prepares the trail; `run` writes what `note` queues.

        Args:
            log: Where entries are kept.
            clock: Dates them.
            observer: Receives the results.
            interval: Longest time until what was noted is written, seconds.
            most: Number of different deeds per interval that get their own entry.
        """
        self._log = log
        self._clock = clock
        self._observer = observer
        self._interval = interval
        self._most = most
        self._noted: dict[Deed, int] = {}
        self._beyond = 0

    async def record(self, *deeds: Deed) -> None:
        """Writes entries and returns once they are committed.

        Raises:
            Unavailable: They could not be written, or nobody knows; do not do them.
        """
        try:
            await self._log.append(deeds, self._clock.now())
        except Unavailable:
            self._observer.audit_failed()
            raise
        except PorteroError as error:
            self._observer.audit_failed()
            # A broken chain, or a server defect: the error tells the caller that the server is at fault.
            _log.error("audit_refused", reason=error.reason)
            raise Unavailable("the audit trail cannot be written", reason="AUDIT_UNAVAILABLE") from None
        self._observer.audit_written(len(deeds))

    def note(self, deed: Deed) -> None:
        """Queues an entry to be written soon; never waits and never fails."""
        if deed in self._noted or len(self._noted) < self._most:
            self._noted[deed] = self._noted.get(deed, 0) + deed.count
        else:
            self._beyond += deed.count

    async def run(self) -> None:
        """Writes queued entries until canceled; failures are retried."""
        while True:
            await asyncio.sleep(self._interval)
            await self.flush()

    async def flush(self) -> None:
        """Writes the queued entries now."""
        if not self._noted:
            return
        noted, beyond = self._noted, self._beyond
        self._noted, self._beyond = {}, 0
        deeds = [replace(deed, count=count) for deed, count in noted.items()]
        if beyond:
            deeds.append(Deed(SERVER, OVERFLOW, outcome=AuditOutcome.DENIED, count=beyond))
        try:
            await self.record(*deeds)
        except Unavailable:
            self._restore(noted, beyond)
        else:
            if beyond:
                self._observer.audit_overflowed(beyond)

    async def newest(self, limit: int, before: int | None = None) -> Sequence[Entry]:
        """Returns the newest entries, newest first.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        return await self._log.newest(limit, before)

    async def check(self, anchors: Iterable[Anchor] = ()) -> AuditReport:
        """Checks the whole trail, however long, while others keep appending.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        return await check_trail(self._log, anchors)

    def _restore(self, noted: dict[Deed, int], beyond: int) -> None:
        newer, self._noted = self._noted, noted
        self._beyond += beyond
        for deed, count in newer.items():
            self.note(replace(deed, count=count))


async def check_trail(log: AuditLog, anchors: Iterable[Anchor] = ()) -> AuditReport:
    """Checks a whole trail, however long, while others keep appending.

    Raises:
        StoreUnavailable: The database does not answer.
    """
    known = tuple(anchors)
    while True:
        head = await log.head()
        begun = (head.base_count, head.base_digest)
        checking = ChainCheck(*begun, known)
        after = 0
        while True:
            entries, newer = await log.page(after, _PAGE)
            if not entries and newer == head:
                break
            head = newer
            checking.feed(entries)
            after = entries[-1].position if entries else after
            if checking.full:
                break
        # Retention may have removed what was to be read next.
        if (head.base_count, head.base_digest) == begun:
            return AuditReport(head, checking.anchors_met, checking.finish(head))
