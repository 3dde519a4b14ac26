"""Who keeps a place when there are too few."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.access.fair_places import FairPlaces, PlaceEntry, PlaceShares

_STEPS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.booleans()), max_size=80)


class _Model:
    """Places beside a plain list of who holds what, in order of arrival."""

    def __init__(self, shares: PlaceShares, *, brief: bool) -> None:
        self.shares = shares
        self.places: FairPlaces[int] = FairPlaces(shares, brief=brief)
        self.held: dict[int, tuple[str, str]] = {}

    def enter(self, ticket: int, holder: str, group: str) -> PlaceEntry[int]:
        """Asks for a place, and keeps the list."""
        entry = self.places.enter(ticket, holder, group)
        if entry.gives_way is not None:
            del self.held[entry.gives_way]
        if entry.admitted:
            self.held[ticket] = (holder, group)
        return entry

    def check(self) -> None:
        """Asserts that nobody holds more than a share, and that the places hold what the list says."""
        assert set(self.held) == {ticket for ticket in self.held if ticket in self.places}
        assert len(self.places) == len(self.held) <= self.shares.total
        assert all(count <= self.shares.holder for count in Counter(self.held.values()).values())
        groups = Counter(group for _, group in self.held.values())
        assert self.shares.group is None or all(count <= self.shares.group for count in groups.values())


@pytest.mark.parametrize("brief", [True, False])
@given(steps=_STEPS, shares=st.builds(PlaceShares, st.integers(1, 4), st.none() | st.integers(1, 6), st.integers(1, 9)))
def test_nobody_ever_holds_more_than_a_share(
    brief: bool, steps: list[tuple[int, int, bool]], shares: PlaceShares
) -> None:
    """Whatever comes and goes, no limit is exceeded, and exactly one call loses where there is one too many."""
    model = _Model(shares, brief=brief)
    for ticket, (holder, group, leaves) in enumerate(steps):
        before = dict(model.held)
        reached = model.places.reached(f"{group}/{holder}", f"{group}")
        entry = model.enter(ticket, f"{group}/{holder}", f"{group}")
        assert (reached is None) == (entry == PlaceEntry(admitted=True))
        assert entry.admitted or entry.gives_way is None
        assert entry.gives_way is None or entry.gives_way in before
        if leaves and model.held:
            left = next(iter(model.held))
            model.places.leave(left)
            del model.held[left]
        model.check()


@given(steps=_STEPS, shares=st.builds(PlaceShares, st.integers(1, 4), st.none() | st.integers(1, 6), st.integers(1, 9)))
def test_a_newcomer_always_gets_a_brief_place(steps: list[tuple[int, int, bool]], shares: PlaceShares) -> None:
    """Where places are held briefly nobody who comes is refused, however many are there already."""
    model = _Model(shares, brief=True)
    for ticket, (holder, group, _) in enumerate(steps):
        assert model.enter(ticket, f"{group}/{holder}", f"{group}").admitted


@pytest.mark.parametrize("brief", [True, False])
@given(flood=st.lists(st.integers(0, 20), max_size=120))
def test_one_group_cannot_push_out_a_light_one(brief: bool, flood: list[int]) -> None:
    """A call that holds one place of two for its address is not displaced by a flood from another address."""
    model = _Model(PlaceShares(4, None, 8), brief=brief)
    model.enter(-1, "good/1", "good")
    for ticket, holder in enumerate(flood):
        model.enter(ticket, f"bad/{holder}", "bad")
    assert -1 in model.places
    assert model.enter(-2, "good/2", "good").admitted


def test_where_callers_stay_equals_do_not_replace_each_other() -> None:
    """A newcomer who would hold as much as everybody else is refused, and those who stay are left alone."""
    model = _Model(PlaceShares(2, 3, 3), brief=False)
    assert all(model.enter(number, f"{number}", "a").admitted for number in range(3))
    assert model.enter(3, "3", "a") == PlaceEntry(admitted=False)
    assert model.enter(4, "0", "a") == PlaceEntry(admitted=False)


def test_where_callers_stay_the_heaviest_gives_way() -> None:
    """A newcomer replaces the oldest call of whoever holds more."""
    model = _Model(PlaceShares(2, 3, 3), brief=False)
    for ticket, holder in enumerate(("light", "heavy", "heavy")):
        model.enter(ticket, holder, "a")
    assert model.enter(3, "new", "a") == PlaceEntry(admitted=True, gives_way=1)


def test_leaving_twice_changes_nothing() -> None:
    """A ticket that gave its place back may do so again."""
    places: FairPlaces[int] = FairPlaces(PlaceShares(1, 1, 1), brief=True)
    places.enter(1, "a", "a")
    places.leave(1)
    places.leave(1)
    assert len(places) == 0
