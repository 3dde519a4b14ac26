"""Whose turn it is when most of what is shown is worthless."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.access.turns import FairTurns, TurnPolicy

_STEPS = st.lists(st.tuples(st.integers(0, 3), st.floats(0, 0.5), st.booleans()), max_size=100)


@given(steps=_STEPS, waiting=st.integers(1, 20))
def test_no_more_turns_are_used_up_than_the_rate_allows(steps: list[tuple[int, float, bool]], waiting: int) -> None:
    """Whatever comes, turns without a return are at most the rate's; who waits gets a turn or is dropped, once."""
    turns: FairTurns[int] = FairTurns(TurnPolicy(per_second=5, waiting=waiting))
    now, used, pending = 0.0, 0, set[int]()
    for ticket, (group, pause, passes) in enumerate(steps):
        now += pause
        while (served := turns.next(now)) is not None:
            pending.remove(served)
            used += 1
        at_once, dropped = turns.ask(ticket, f"{group}", now)
        if not at_once:
            pending.add(ticket)
        elif passes:
            turns.passed()
        else:
            used += 1
        pending -= {dropped} if dropped is not None else set()
        assert used <= 5 * (now + 1) + 1e-6
        assert len(turns) == len(pending) <= waiting
    while pending:
        now += turns.wait(now)
        served = turns.next(now)
        assert served is not None
        pending.remove(served)
    assert turns.next(now + 9) is None


@given(flood=st.lists(st.integers(0, 4), min_size=50, max_size=200))
def test_a_group_waits_one_round_whatever_the_others_have_waiting(flood: list[int]) -> None:
    """Somebody of a group that has nobody waiting is served after at most one ticket of each other group."""
    turns: FairTurns[int] = FairTurns(TurnPolicy(per_second=1, waiting=1000))
    for ticket, group in enumerate(flood):
        turns.ask(ticket, f"bad/{group}", 0.0)
    assert turns.ask(-1, "good", 0.0) == (False, None)
    served = [turns.next(float(second)) for second in range(1, 2 + len(set(flood)))]
    assert -1 in served


def test_turns_that_were_worth_it_hold_nobody_up() -> None:
    """A thousand good ones at one moment wait for nothing."""
    turns: FairTurns[int] = FairTurns(TurnPolicy(per_second=2))
    for ticket in range(1000):
        assert turns.ask(ticket, "all", 0.0) == (True, None)
        turns.passed()


def test_who_has_the_most_waiting_loses_one_when_too_many_wait() -> None:
    """The oldest of the heaviest group is dropped; a light group's only one stays, and the newcomer waits."""
    turns: FairTurns[int] = FairTurns(TurnPolicy(per_second=1, waiting=4))
    turns.ask(0, "first", 0.0)
    dropped = Counter(turns.ask(ticket, group, 0.0)[1] for ticket, group in enumerate(["light", *["heavy"] * 5], 1))
    assert dropped == {None: 4, 2: 1, 3: 1}
    turns.leave(1, "light")
    turns.leave(1, "light")
    assert len(turns) == 3
