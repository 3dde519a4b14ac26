"""Who belongs to a group on which day, under which id, and which camera is where."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from portero_server.domain.attendance.groups import Membership, Placement, Roster, surviving, views_of_room
from portero_server.domain.attendance.spans import TimeSpan
from portero_server.errors import InvalidInput


def _at(hour: int) -> datetime:
    return datetime(2026, 3, 9, hour, tzinfo=UTC)


def test_first_and_last_day_are_in_a_membership() -> None:
    """Whoever left and came back is expected in both times, and not between them."""
    roster = Roster((Membership("ana", date(2026, 3, 1), date(2026, 3, 5)), Membership("ana", date(2026, 3, 9))))
    expected = [bool(roster.people_on(date(2026, 3, day))) for day in range(1, 11)]
    assert expected == [True, True, True, True, True, False, False, False, True, True]
    assert roster.people_on(date(2026, 2, 28)) == ()


def test_people_are_in_order_and_once() -> None:
    """Two ids of one person are one."""
    since = date(2026, 3, 1)
    roster = Roster((Membership("eva", since), Membership("ana-2", since), Membership("ana", since)))
    assert roster.people_on(since) == ("ana", "ana-2", "eva")
    assert roster.people_on(since, {"ana-2": "ana"}) == ("ana", "eva")


def test_merges_lead_to_who_is_left() -> None:
    """Over several steps; in a circle nobody is left, and that is an error."""
    assert surviving("c", {"c": "b", "b": "a"}) == "a"
    with pytest.raises(ValueError, match="circle"):
        surviving("a", {"a": "b", "b": "a"})


def test_a_camera_watches_a_room_while_it_is_placed_there() -> None:
    """Its times are merged and clipped to what is asked for, and other rooms are left out."""
    placements = [
        Placement("one", "room", None, _at(9)),
        Placement("one", "room", _at(9), _at(10)),
        Placement("two", "room", _at(11)),
        Placement("two", "gym", None, _at(11)),
    ]
    assert views_of_room("room", placements, TimeSpan(_at(8), _at(12))) == {
        "one": (TimeSpan(_at(8), _at(10)),),
        "two": (TimeSpan(_at(11), _at(12)),),
    }


def test_what_ends_before_it_begins_is_refused() -> None:
    """The error names the field."""
    with pytest.raises(InvalidInput, match="until must be") as until:
        Membership("ana", date(2026, 3, 2), date(2026, 3, 1))
    with pytest.raises(InvalidInput, match="end must be") as end:
        Placement("one", "room", _at(9), _at(9))
    assert (until.value.field, end.value.field) == ("until", "end")
