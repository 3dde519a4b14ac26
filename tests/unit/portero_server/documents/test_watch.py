"""Watchers of check-ins: woken by changes, alive in silence, and few enough."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from portero_server.access.authorized_cameras import everywhere
from portero_server.documents.watch import CheckInWatch
from portero_server.domain.access.fair_places import PlaceShares
from portero_server.domain.documents.check_in import CheckIn, CheckInState
from portero_server.errors import InvalidInput, LimitReached, Unavailable
from tests.support.time.virtual_time import in_virtual_time

_NOW = datetime(2026, 3, 2, tzinfo=UTC)
_PLACES = PlaceShares(2, 3, 4)


class _Changes:
    """Check-ins by position."""

    def __init__(self) -> None:
        self.last = 0

    async def changes_after(
        self, position: int, camera_id: str | None, limit: int, within: frozenset[str] | None = None
    ) -> Sequence[CheckIn]:
        """Returns what changed after a position."""
        after = range(position + 1, self.last + 1)
        return [CheckIn(f"c{each}", "desk", CheckInState.RUNNING, _NOW, _NOW, position=each) for each in after[:limit]]

    async def last_position(self) -> int:
        """Returns the last position."""
        return self.last


def _watch(changes: _Changes, places: PlaceShares = _PLACES) -> CheckInWatch:
    return CheckInWatch(changes, heartbeat=15, places=places)


@in_virtual_time
async def test_a_watcher_is_told_of_what_changes() -> None:
    """What is stored comes first, what changes then at once, and in silence a position."""
    changes = _Changes()
    changes.last = 250
    watch = _watch(changes)
    async with aclosing(watch.watch(0, None, everywhere())) as told:
        assert [(await anext(told)).position for _ in range(250)] == list(range(1, 251))
        changes.last = 251
        watch.notify(251)
        change = await anext(told)
        assert change.check_in is not None
        assert change.check_in.check_in_id == "c251"
        alive = await anext(told)
        assert (alive.position, alive.check_in) == (251, None)


@in_virtual_time
async def test_a_watch_begins_now_and_not_beyond() -> None:
    """Without a position the present one is told first; one that does not exist yet is refused."""
    changes = _Changes()
    changes.last = 7
    watch = _watch(changes)
    async with aclosing(watch.watch(None, None, everywhere())) as told:
        first = await anext(told)
        assert (first.position, first.check_in) == (7, None)
    with pytest.raises(InvalidInput, match="beyond the last position, 7"):
        await anext(watch.watch(8, None, everywhere()))


@in_virtual_time
async def test_places_are_few_and_given_back() -> None:
    """A holder's places are limited, and one that ends can be taken again; a draining server ends all watches."""
    watch = _watch(_Changes(), PlaceShares(1, 2, 2))
    first = watch.watch(None, None, everywhere(), subject="ana")
    await anext(first)
    with pytest.raises(LimitReached):
        await anext(watch.watch(None, None, everywhere(), subject="ana"))
    await first.aclose()
    again = watch.watch(None, None, everywhere(), subject="ana")
    await anext(again)
    watch.drain()
    with pytest.raises(Unavailable, match="going away"):
        await anext(again)
