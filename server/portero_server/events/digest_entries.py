"""Where the entries of digests are read: events, and notices of attendance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Protocol

from portero_server.domain.attendance.notices import AttendanceNotice
from portero_server.domain.events.digests import DigestEntry
from portero_server.domain.events.message import EventMessage, message_of
from portero_server.domain.events.notice_message import message_of_notice
from portero_server.domain.recording.sightings import SightingEvent
from portero_server.events.notice_relay import NoticeSource
from portero_server.events.relay import as_may_be_told
from portero_server.events.relay_ports import EventSelection, EventSource, Withdrawals
from portero_server.store.attendance.notices import StoredNotice
from portero_server.store.event_relays import Batch


class DigestSource(Protocol):
    """Where entries are read."""

    @property
    def topic(self) -> str:
        """What the entries are about, in one word."""
        ...

    async def last_position(self) -> int:
        """Returns the position of the last entry. Raises StoreUnavailable."""
        ...

    async def page(self, position: int, limit: int) -> Sequence[DigestEntry]:
        """Returns entries after a position, in order, with those that are not wanted. Raises StoreUnavailable."""
        ...

    async def canceled(self, batch: Batch) -> Set[int]:
        """Returns the positions of those entries of a batch that are told to nobody. Raises StoreUnavailable."""
        ...


class EventEntries:
    """Events as entries of a digest."""

    topic = "events"

    def __init__(self, source: EventSource, selection: EventSelection) -> None:
        self._source = source
        self._selection = selection

    async def last_position(self) -> int:
        """Returns the position of the last event."""
        return await self._source.last_position()

    async def page(self, position: int, limit: int) -> Sequence[DigestEntry]:
        """Returns events after a position, alerts as these."""
        events = await self._source.events_after(position, limit=limit)
        await self._selection.refresh()
        return [self._entry(event) for event in await self._selection.told(events)]

    async def canceled(self, batch: Batch) -> Set[int]:
        """Returns none: no event takes another one back."""
        return frozenset()

    def _entry(self, event: SightingEvent) -> DigestEntry:
        def told(names: Mapping[str, str]) -> EventMessage | None:
            shown = as_may_be_told(event, names)
            return message_of(shown) if self._selection.wants(shown) else None

        return DigestEntry(event.position, event.happened_at, event.sighting.person_id, told)


class NoticeEntries:
    """Notices of attendance as entries of a digest."""

    topic = "attendance"

    def __init__(
        self, source: NoticeSource, withdrawals: Withdrawals, wanted: Callable[[AttendanceNotice], bool]
    ) -> None:
        self._source = source
        self._withdrawals = withdrawals
        self._wanted = wanted

    async def last_position(self) -> int:
        """Returns the position of the last notice."""
        return await self._source.last_position()

    async def page(self, position: int, limit: int) -> Sequence[DigestEntry]:
        """Returns notices after a position."""
        return [self._entry(stored) for stored in await self._source.after(position, limit)]

    async def canceled(self, batch: Batch) -> Set[int]:
        """Returns those notices that are withdrawn in the same batch, and those that withdraw them."""
        return await self._withdrawals.within(batch)

    def _entry(self, stored: StoredNotice) -> DigestEntry:
        notice = stored.notice

        def told(names: Mapping[str, str]) -> EventMessage | None:
            # Who may not be named any more is left out: a notice without its person says nothing.
            if not self._wanted(notice) or (notice.person_id is not None and notice.person_id not in names):
                return None
            name = None if notice.person_id is None else names[notice.person_id]
            return message_of_notice(stored.position, notice, name, stored.group_name)

        return DigestEntry(stored.position, notice.decided_at, notice.person_id, told)
