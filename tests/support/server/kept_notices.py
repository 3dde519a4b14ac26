"""Stored notices of attendance, of people who have names until they are erased."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace

from portero_server.clock import Clock
from portero_server.domain.attendance.notices import AttendanceNotice, NoticeKind
from portero_server.store.attendance.notices import StoredNotice
from portero_server.store.event_relays import Batch
from tests.support.server.relay_scene import KeptEvents


class KeptNotices:
    """What is stored, in order.

    Attributes:
        people: Who has a name.
        stored: The notices.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.people = KeptEvents(clock)
        self.stored: list[StoredNotice] = []

    def happen(self, person_id: str | None = "ana") -> int:
        """Stores one more absence, and returns its position."""
        position, now = len(self.stored) + 1, self._clock.now()
        notice = AttendanceNotice(f"n{position}", NoticeKind.ABSENT, "math/1", "1b", now, person_id, now)
        self.stored.append(StoredNotice(position, notice, "1b"))
        return position

    def withdraw(self, position: int) -> int:
        """Stores that a notice does not hold any more, and returns the position of this one."""
        before = self.stored[position - 1].notice
        last = self.happen(before.person_id)
        stored = self.stored[-1]
        self.stored[-1] = replace(stored, notice=replace(stored.notice, withdraws=before.notice_id))
        return last

    async def after(self, position: int, limit: int) -> Sequence[StoredNotice]:
        """Returns notices after a position, in order."""
        return [each for each in self.stored if each.position > position][:limit]

    async def last_position(self) -> int:
        """Returns the position of the last notice."""
        return len(self.stored)

    async def within(self, batch: Batch) -> Set[int]:
        """Returns the positions of notices that others of the batch withdraw, and of these."""
        theirs = [each for each in self.stored if batch.after < each.position <= batch.until]
        by_id = {each.notice.notice_id: each.position for each in theirs}
        return {
            position
            for each in theirs
            if each.notice.withdraws in by_id
            for position in (each.position, by_id[each.notice.withdraws])
        }
