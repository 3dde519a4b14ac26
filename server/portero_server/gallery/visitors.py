"""Finds out which strangers came before, away from the frames and after their commits.

A stranger is taken at once and compared when the sighting is stored. Nothing waits for it: a server that is killed in
between leaves a visit without a visitor.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import structlog
from numpy.typing import NDArray

from portero_server.clock import Clock
from portero_server.domain.detection.detections import FaceQuality
from portero_server.domain.people.visitors import (
    Stranger,
    VisitorDecision,
    VisitorOutcome,
    VisitorPolicy,
    decide_visitor,
)
from portero_server.errors import StoreUnavailable
from portero_server.store.visitors import Assigned, KnownVisitors, StrangerVisit, VisitorStore
from portero_server.telemetry.visitor_metrics import VisitorMetrics

_log = structlog.get_logger(__name__)

_MOST_WAITING = 256
"""Strangers that wait for their sightings; each is three encodings."""
_PATIENCE = 30.0
"""Seconds after which no sighting is expected any more: a commit takes hundredths of one."""
_POLL = 1.0
"""Seconds between two looks for sightings that nobody told of."""
_ATTEMPTS = 10
"""How often a decision is made again that another server has overtaken."""


@dataclass(frozen=True, slots=True)
class VisitorRules:
    """Who is known again.

    Attributes:
        model_version: What encodes the faces; encodings of another model are not compared.
        policy: When a stranger is taken for one who came before.
        most_visitors: Visitors that a site knows at most.
        forbidden_sites: Sites whose strangers are not known again.
    """

    model_version: str
    policy: VisitorPolicy
    most_visitors: int
    forbidden_sites: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Waiting:
    stranger: Stranger
    until: float
    told: asyncio.Future[str | None]


class Visitors:
    """Takes strangers of all streams, and stores whose visits these are; `run` does the work."""

    def __init__(
        self,
        store: VisitorStore,
        rules: VisitorRules,
        clock: Clock,
        metrics: VisitorMetrics,
        notify: Callable[[int], None],
    ) -> None:
        """Creates the work of one server.

        Args:
            store: The visitors.
            rules: Who is known again.
            clock: The server's clock.
            metrics: Counts what became of strangers.
            notify: Called with the position of each event that was written.
        """
        self._store = store
        self._rules = rules
        self._clock = clock
        self._metrics = metrics
        self._notify = notify
        self._waiting: list[_Waiting] = []
        self._changed = asyncio.Event()

    def trusts(self, width: float, height: float, quality: FaceQuality) -> bool:
        """Returns whether the encoding of a face may tell a visitor, given its sides in pixels."""
        return self._rules.policy.trusts(width, height, quality)

    def offer(self, stranger: Stranger) -> asyncio.Future[str | None]:
        """Takes a stranger. What it returns has the visitor's id when that is stored; None: nobody's."""
        told: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        if len(self._waiting) >= _MOST_WAITING:
            self._metrics.stranger_seen(VisitorOutcome.DROPPED)
            told.set_result(None)
            return told
        self._waiting.append(_Waiting(stranger, self._clock.monotonic() + _PATIENCE, told))
        self._changed.set()
        return told

    def notify(self, position: int) -> None:
        """Says that events up to a position exist, and so, maybe, sightings that are waited for."""
        if self._waiting:
            self._changed.set()

    async def run(self) -> None:
        """Works until canceled."""
        while True:
            self._changed.clear()
            try:
                await self.round()
            except StoreUnavailable as error:
                _log.warning("visitors_wait_for_database", reason=error.reason)
                await asyncio.sleep(_POLL)
            with suppress(TimeoutError):
                async with asyncio.timeout(_POLL if self._waiting else None):
                    await self._changed.wait()

    async def round(self) -> None:
        """Looks once for the sighting of everybody who waits. Raises StoreUnavailable."""
        for waiting in tuple(self._waiting):
            if waiting.until < self._clock.monotonic():
                self._settle(waiting, VisitorOutcome.UNSTORED, None)
                continue
            visit = await self._store.visit_of(waiting.stranger.track_id)
            if visit is None:
                continue
            outcome, assigned = await self._decided(waiting.stranger, visit)
            self._settle(waiting, outcome, assigned)

    async def _decided(self, stranger: Stranger, visit: StrangerVisit) -> tuple[VisitorOutcome | None, Assigned | None]:
        """Decides whose visit it is, and stores it. Returns None if its site forbids that."""
        if visit.site in self._rules.forbidden_sites:
            return None, None
        if visit.named:
            return VisitorOutcome.NAMED, None
        rules = self._rules
        for _ in range(_ATTEMPTS):
            known = await self._store.known(visit, rules.model_version)
            decision = await asyncio.to_thread(_decision, stranger, known, rules.policy)
            if decision.outcome is VisitorOutcome.UNSURE:
                return decision.outcome, None
            if decision.outcome is VisitorOutcome.NEW and known.count >= rules.most_visitors:
                return VisitorOutcome.FULL, None
            stored = await self._store.assign(
                visit, decision.visitor_id, stranger.faces, rules.model_version, known.position
            )
            if isinstance(stored, VisitorOutcome):
                return stored, None
            if stored is not None:
                return decision.outcome, stored
        return VisitorOutcome.UNSURE, None

    def _settle(self, waiting: _Waiting, outcome: VisitorOutcome | None, assigned: Assigned | None) -> None:
        self._waiting.remove(waiting)
        if outcome is not None:
            self._metrics.stranger_seen(outcome)
        if not waiting.told.done():
            waiting.told.set_result(None if assigned is None else assigned.visitor_id)
        if assigned is not None:
            if assigned.visit > 1:
                self._metrics.visitor_returned()
            self._notify(assigned.position)


def _decision(stranger: Stranger, known: KnownVisitors, policy: VisitorPolicy) -> VisitorDecision:
    seen = np.asarray([face.encoding for face in stranger.faces], dtype=np.float32)
    return decide_visitor(distances_to(seen, known.visitor_ids, known.encodings), policy, known.beside)


def distances_to(
    seen: NDArray[np.float32], owners: Collection[str], encodings: NDArray[np.float32]
) -> dict[str, float]:
    """Returns how far a stranger is from each visitor: the middle of the looks, from the visitor's nearest encoding.

    Args:
        seen: Encodings of the stranger, one row each.
        owners: Whose each known encoding is.
        encodings: The known ones, one row each.
    """
    if not len(encodings):
        return {}
    middle = seen.mean(axis=0)
    found: dict[str, float] = {}
    for owner, distance in zip(owners, np.linalg.norm(encodings - middle, axis=1), strict=True):
        found[owner] = min(found.get(owner, np.inf), float(distance))
    return found
