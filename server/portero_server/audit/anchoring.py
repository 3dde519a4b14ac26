"""Anchors the end of the audit trail periodically, if it has moved."""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

from portero_server.clock import Clock
from portero_server.domain.audit.chain import Anchor, Head
from portero_server.errors import Unavailable

_log = structlog.get_logger(__name__)


class Ends(Protocol):
    """Reads the end of the chain (`store/audit.py`)."""

    async def head(self) -> Head:
        """Returns the end of the chain."""
        ...


class AnchorPlace(Protocol):
    """Stores anchors (`anchors.py`)."""

    async def put(self, anchor: Anchor) -> None:
        """Stores the head as an anchor. Raises Unavailable."""
        ...


class AnchoringObserver(Protocol):
    """Receives the results of anchoring, for metrics."""

    def anchored_at(self, moment: float) -> None:
        """The end of the trail was anchored at this Unix time."""
        ...

    def anchoring_failed(self) -> None:
        """The end of the trail could not be anchored."""
        ...


class Anchoring:
    """Keeps the trail anchored. A failure is retried at the next interval, and never stops a call."""

    def __init__(
        self, ends: Ends, place: AnchorPlace, clock: Clock, observer: AnchoringObserver, *, interval: float
    ) -> None:
        """Prepares anchoring every `interval` seconds; `run` does the work."""
        self._ends = ends
        self._place = place
        self._clock = clock
        self._observer = observer
        self._interval = interval
        self._last = Anchor(0, "")

    async def run(self) -> None:
        """Anchors now and every interval, until canceled."""
        while True:
            await self.anchor()
            await asyncio.sleep(self._interval)

    async def anchor(self) -> None:
        """Anchors the end, unless it has not moved."""
        try:
            head = await self._ends.head()
            anchor = Anchor(head.count, head.digest)
            if anchor.count and anchor != self._last:
                await self._place.put(anchor)
                self._last = anchor
        except Unavailable as error:
            _log.warning("audit_not_anchored", problem=error.message)
            self._observer.anchoring_failed()
            return
        # Also when nothing was new: what there is, is anchored.
        self._observer.anchored_at(self._clock.now().timestamp())
