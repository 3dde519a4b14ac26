"""Whether both collections name the same people, and what to do about it."""

from __future__ import annotations

import pytest

from portero_server.domain.people.shadow import ENOUGH, ShadowOutcome, ShadowTally, agreement


def test_two_answers_agree_or_not() -> None:
    """Each pair of answers has one outcome."""
    assert agreement("ana", "ana") is ShadowOutcome.SAME
    assert agreement("ana", "ben") is ShadowOutcome.OTHER
    assert agreement("ana", None) is ShadowOutcome.ONLY_IN_USE
    assert agreement(None, "ana") is ShadowOutcome.ONLY_STANDBY
    assert agreement(None, None) is ShadowOutcome.NEITHER


def test_what_was_not_asked_is_not_compared() -> None:
    """It neither counts for the standby nor against it."""
    tally = ShadowTally({ShadowOutcome.SAME: 2, ShadowOutcome.NEITHER: 3, ShadowOutcome.UNASKED: 50})
    assert (tally.compared, tally.named) == (5, 2)
    assert ShadowTally().compared == 0


@pytest.mark.parametrize(
    ("counts", "advice"),
    [
        ({}, f"too few to tell: 0 searches with a name, and {ENOUGH} are needed"),
        ({ShadowOutcome.SAME: ENOUGH - 1}, "too few"),
        ({ShadowOutcome.SAME: ENOUGH}, f"switch: {ENOUGH} of {ENOUGH} names are the same"),
        ({ShadowOutcome.SAME: ENOUGH, ShadowOutcome.ONLY_IN_USE: 3}, "switch: "),
        (
            {ShadowOutcome.SAME: ENOUGH, ShadowOutcome.ONLY_IN_USE: 9},
            "do not switch yet: the standby did not know 9 of 309",
        ),
        # One wrong name is enough, however few were compared.
        ({ShadowOutcome.OTHER: 1}, "do not switch yet: in 1 of 1 searches the standby named somebody else"),
        # What neither knows says nothing.
        ({ShadowOutcome.SAME: 5, ShadowOutcome.NEITHER: 10_000}, "too few"),
        ({ShadowOutcome.SAME: ENOUGH, ShadowOutcome.ONLY_STANDBY: 30}, "look first: "),
    ],
)
def test_the_advice_follows_from_the_figures(counts: dict[ShadowOutcome, int], advice: str) -> None:
    """Wrong names weigh most, then lost ones; nothing is recommended from a handful."""
    assert ShadowTally(counts).advice.startswith(advice)
