"""Events and notices of attendance as entries of a digest."""

from __future__ import annotations

from collections.abc import Sequence, Set

from portero_server.domain.attendance.notices import AttendanceNotice, NoticeKind
from portero_server.domain.events.delivery import EventFilter
from portero_server.events.digest_entries import EventEntries, NoticeEntries
from portero_server.events.selection import FixedSelection
from portero_server.store.attendance.notices import StoredNotice
from portero_server.store.event_relays import Batch
from tests.support.server.relay_scene import EVERYTHING, KeptEvents
from tests.support.store.sighting_events import NOON
from tests.support.time.virtual_time import ManualClock


async def test_an_event_is_told_by_the_names_that_may_be_told_now() -> None:
    """Of somebody without one it is a stranger's, which is told only where strangers are."""
    events = KeptEvents(ManualClock())
    events.happen(person="ana")
    for strangers in (True, False):
        entries = EventEntries(events, FixedSelection(EventFilter(EVERYTHING.kinds, strangers=strangers)))
        assert (entries.topic, await entries.last_position()) == ("events", 1)
        (entry,) = await entries.page(0, 10)
        assert (entry.position, entry.person_id) == (1, "ana")
        named = entry.told({"ana": "Ana"})
        assert named is not None
        assert named.content["data"]["display_name"] == "Ana"
        unnamed = entry.told({})
        assert (unnamed is not None) is strangers
        assert unnamed is None or unnamed.content["data"]["person"] is None
    assert await entries.page(1, 10) == []


class _Notices:
    def __init__(self, *people: str | None) -> None:
        self._stored = [
            StoredNotice(
                number, AttendanceNotice(f"n{number}", NoticeKind.ABSENT, "math/1", "1b", NOON, person, NOON), "1° B"
            )
            for number, person in enumerate(people, 1)
        ]

    async def after(self, position: int, limit: int) -> Sequence[StoredNotice]:
        return self._stored[position : position + limit]

    async def last_position(self) -> int:
        return len(self._stored)


async def test_a_notice_of_who_may_not_be_named_is_left_out() -> None:
    """As is one that is not wanted; one of a whole session is about nobody."""
    entries = NoticeEntries(_Notices("ana", "ben", None), _Withdrawn(), lambda notice: notice.person_id != "ben")
    assert (entries.topic, await entries.last_position()) == ("attendance", 3)
    page = await entries.page(0, 10)
    told = [entry.told({"ana": "Ana", "ben": "Ben"}) for entry in page]
    assert [each and each.message_id for each in told] == ["evt_n1", None, "evt_n3"]
    assert [entry.told({}) is None for entry in page] == [True, True, False]
    assert [entry.position for entry in await entries.page(1, 1)] == [2]


class _Withdrawn:
    async def within(self, batch: Batch) -> Set[int]:
        return {batch.after + 1, batch.until}


async def test_notices_cancel_each_other_out_and_events_do_not() -> None:
    """As the store says it of what is told together."""
    assert await NoticeEntries(_Notices(), _Withdrawn(), lambda _: True).canceled(Batch(3, 9)) == {4, 9}
    events = EventEntries(KeptEvents(ManualClock()), FixedSelection(EVERYTHING))
    assert await events.canceled(Batch(3, 9)) == frozenset()
