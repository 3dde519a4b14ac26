"""Plans sessions, decides those that are over, and decides those anew of which something became known."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog

from portero_server.clock import Clock
from portero_server.errors import NotFound, PorteroError, StoreUnavailable
from portero_server.store.attendance.sessions import AttendanceSessionStore
from portero_server.telemetry.attendance_metrics import AttendanceMetrics

_log = structlog.get_logger(__name__)

_INTERVAL = 10.0
_EVENTS = 1000
"""Events that one transaction looks at."""
_AT_ONCE = 500
"""Schedules, and sessions, that one round takes."""


class AttendanceRecomputing:
    """Keeps records what the facts say. Several servers may do it at once."""

    def __init__(
        self, sessions: AttendanceSessionStore, clock: Clock, metrics: AttendanceMetrics, *, settle: timedelta
    ) -> None:
        """Creates the task.

        Args:
            sessions: The sessions.
            clock: The server's clock.
            metrics: Count what is decided.
            settle: How long after its end a session is first decided, so that its last frames are settled.
        """
        self._sessions = sessions
        self._clock = clock
        self._metrics = metrics
        self._settle = settle
        # Sessions that the database did not decide in time: they are tried after all others, which it may decide.
        self._last: set[str] = set()

    async def run(self) -> None:
        """Works until canceled."""
        while True:
            try:
                await self.round()
            except StoreUnavailable as error:
                _log.warning("attendance_waits_for_database", reason=error.reason)
            await asyncio.sleep(_INTERVAL)

    async def round(self) -> None:
        """Does everything that is to be done now.

        Raises:
            StoreUnavailable: The database does not answer; the next round goes on.
        """
        for schedule_id in await self._sessions.unplanned(_AT_ONCE):
            await self._plan(schedule_id)
        while await self._sessions.follow_sightings(_EVENTS) == _EVENTS:
            pass
        # Each list is read anew: what is decided is not on it any more.
        due = await self._sessions.due(self._clock.now() - self._settle, _AT_ONCE)
        stale = await self._sessions.stale(_AT_ONCE)
        self._metrics.sessions_waiting(len(due) + len(stale))
        waiting = [*due, *stale]
        self._last.intersection_update(waiting)
        await self._decide(sorted(waiting, key=self._last.__contains__))

    async def _plan(self, schedule_id: str) -> None:
        try:
            await self._sessions.plan(schedule_id)
        except StoreUnavailable:
            raise
        except PorteroError as error:
            _log.warning("schedule_not_planned", schedule=schedule_id, reason=error.reason)

    async def _decide(self, session_ids: Sequence[str]) -> None:
        for session_id in session_ids:
            began = self._clock.monotonic()
            try:
                decided = await self._sessions.decide(session_id)
            except NotFound:
                # Its group was removed meanwhile.
                continue
            except StoreUnavailable:
                self._last.add(session_id)
                raise
            except PorteroError as error:
                # As when somebody who has left was erased meanwhile; it is decided in the next round.
                _log.warning("session_not_decided", session=session_id, reason=error.reason)
                continue
            self._metrics.session_decided(decided.changes, self._clock.monotonic() - began)
