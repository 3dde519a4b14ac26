"""Budgets: what is admitted, and the order in which service degrades."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portero_server.domain.billing.budget import Budget, BudgetLimits, BudgetState, Reservation, Step
from portero_server.domain.billing.usage import CallKey, CallTally, PriceTable, UsageLedger, hour_of

SEARCH = "SearchFacesByImage"
NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
DIME = 100_000
"""Ten cents in microdollars: a hundred calls."""


def budget_of(limits: BudgetLimits, ledger: UsageLedger | None = None) -> Budget:
    """Returns a budget at Rekognition's prices."""
    return Budget(limits, PriceTable(), ledger or UsageLedger(), "rekognition")


def spend(
    budget: Budget, calls: int, now: datetime = NOON, camera_id: str | None = "door", *, essential: bool = False
) -> int:
    """Makes calls one after another while they are admitted, and tells how many were."""
    for made in range(calls):
        reservation = budget.admit(SEARCH, camera_id, now, essential=essential)
        if reservation is None:
            return made
        budget.settle(reservation, now, billed=True)
    return calls


def words(budget: Budget) -> list[tuple[str, str, str]]:
    """Returns scope, step before and step after of each change since last asked."""
    return [(change.scope, change.before.word, change.after.word) for change in budget.take_changes()]


def test_steps_come_in_the_declared_order() -> None:
    """Ten cents spent call by call pass every step in order, each told once, and not a call goes beyond."""
    budget = budget_of(BudgetLimits(total=DIME))
    made_before = []
    for made in range(200):
        made_before += [(change.after.word, made) for change in budget.take_changes()]
        if spend(budget, 1, essential=True) == 0:
            break
    assert made_before == [("fewer_retries", 70), ("longer_deadlines", 85), ("local_only", 95), ("stopped", 100)]
    assert budget.states(NOON) == (BudgetState("total", DIME, DIME, 0, Step.STOPPED),)


def test_the_last_part_is_kept_for_essential_calls() -> None:
    """From local_only on only essential calls are admitted."""
    budget = budget_of(BudgetLimits(total=DIME))
    assert spend(budget, 200) == 95
    assert budget.step("door", NOON) is Step.LOCAL_ONLY
    assert budget.refuses(SEARCH, "door", NOON)
    assert not budget.refuses(SEARCH, "door", NOON, essential=True)
    assert spend(budget, 200, essential=True) == 5


def test_calls_in_flight_cannot_pass_the_budget() -> None:
    """What is reserved counts as spent, so no number of calls at once gets more than the budget holds."""
    budget = budget_of(BudgetLimits(total=DIME))
    reservations = [budget.admit(SEARCH, "door", NOON) for _ in range(150)]
    admitted = [reservation for reservation in reservations if reservation is not None]
    assert len(admitted) == 100
    assert budget.step("door", NOON) is Step.NORMAL
    for reservation in admitted:
        budget.settle(reservation, NOON, billed=True)
    assert budget.states(NOON)[0].spent == DIME


def test_calls_that_are_not_billed_give_their_money_back() -> None:
    """A throttled call's reservation is free again and passes no step."""
    budget = budget_of(BudgetLimits(total=1000))
    first = budget.admit(SEARCH, "door", NOON)
    assert first is not None
    assert budget.admit(SEARCH, "door", NOON) is None
    budget.settle(first, NOON, billed=False)
    assert budget.step("door", NOON) is Step.NORMAL
    assert budget.admit(SEARCH, "door", NOON) is not None


def test_free_operations_are_always_admitted() -> None:
    """Deleting faces works with nothing left to spend, and is counted."""
    ledger = UsageLedger()
    budget = budget_of(BudgetLimits(total=0), ledger)
    reservation = budget.admit("DeleteFaces", None, NOON)
    assert reservation is not None
    budget.settle(reservation, NOON, billed=True)
    assert budget.admit(SEARCH, None, NOON) is None
    assert ledger.drain().calls == {CallKey(NOON, None, "rekognition", "DeleteFaces"): CallTally(1, 0)}


def test_one_camera_cannot_spend_the_budget_of_another() -> None:
    """A camera that used up its own budget is stopped, alone."""
    budget = budget_of(BudgetLimits(total=DIME, per_camera={"door": 10_000}, other_cameras=20_000))
    assert spend(budget, 50, camera_id="door", essential=True) == 10
    assert spend(budget, 50, camera_id="gate", essential=True) == 20
    assert spend(budget, 3, camera_id=None) == 3
    assert budget.step("door", NOON) is Step.STOPPED
    assert budget.step("yard", NOON) is Step.NORMAL
    assert {state.scope: state.spent for state in budget.states(NOON)} == {
        "total": 33_000,
        "cameras/door": 10_000,
        "cameras/gate": 20_000,
        "cameras/yard": 0,
    }


def test_the_total_degrades_every_camera() -> None:
    """The worse of a camera's own step and the total's is in force."""
    budget = budget_of(BudgetLimits(total=DIME, per_camera={"door": DIME}))
    spend(budget, 70, camera_id=None)
    assert budget.step("door", NOON) is Step.FEWER_RETRIES


def test_without_limits_everything_is_admitted_and_counted() -> None:
    """A budget without limits still keeps the accounts."""
    ledger = UsageLedger()
    budget = budget_of(BudgetLimits(), ledger)
    assert spend(budget, 500) == 500
    assert ledger.spent(NOON.date()) == 500_000
    assert budget.step("door", NOON) is Step.NORMAL
    assert budget.states(NOON) == ()


def test_a_new_day_begins_with_a_full_budget() -> None:
    """At midnight UTC every scope is back to normal, and that is told."""
    budget = budget_of(BudgetLimits(total=DIME, per_camera={"door": 10_000}))
    spend(budget, 100, essential=True)
    spend(budget, 60, camera_id="gate")
    words(budget)
    midnight = datetime(2026, 3, 11, tzinfo=UTC)
    assert spend(budget, 1, midnight) == 1
    assert words(budget) == [("total", "fewer_retries", "normal"), ("cameras/door", "stopped", "normal")]


def test_a_call_belongs_to_the_day_it_began() -> None:
    """A call that ends after midnight is counted in the hour and the day in which it was admitted."""
    ledger = UsageLedger()
    budget = budget_of(BudgetLimits(total=DIME), ledger)
    late = datetime(2026, 3, 10, 23, 59, 59, tzinfo=UTC)
    reservation = budget.admit(SEARCH, "door", late)
    assert reservation is not None
    budget.settle(reservation, late + timedelta(seconds=2), billed=True)
    assert ledger.spent(late.date()) == 1000
    assert ledger.spent(late.date() + timedelta(days=1)) == 0
    assert next(iter(ledger.drain().calls)).hour == hour_of(late)


def test_a_clock_set_back_over_midnight_opens_no_old_budget() -> None:
    """Money of the new day stays spent when the wall clock goes back into the old one."""
    ledger = UsageLedger()
    budget = budget_of(BudgetLimits(total=DIME), ledger)
    midnight = datetime(2026, 3, 11, tzinfo=UTC)
    spend(budget, 60, midnight)
    assert spend(budget, 60, midnight - timedelta(minutes=5), essential=True) == 40
    assert ledger.spent(midnight.date()) == DIME


def test_a_clock_that_was_days_ahead_is_not_believed_for_ever() -> None:
    """After the wall clock is set right by days, the right day's budget is in force."""
    budget = budget_of(BudgetLimits(total=DIME))
    spend(budget, 100, NOON + timedelta(days=30), essential=True)
    assert spend(budget, 10) == 10


def test_what_was_spent_before_a_restart_counts() -> None:
    """A budget that begins with a loaded ledger is at the step it was at."""
    ledger = UsageLedger()
    ledger.load([(CallKey(hour_of(NOON), "door", "rekognition", SEARCH), CallTally(96, 96_000))])
    budget = budget_of(BudgetLimits(total=DIME), ledger)
    assert budget.step("gate", NOON) is Step.LOCAL_ONLY


def test_a_budget_too_small_for_another_call_is_used_up() -> None:
    """What is left over but pays no call does not keep a budget open."""
    budget = budget_of(BudgetLimits(total=1999))
    assert spend(budget, 5, essential=True) == 1
    assert budget.step("door", NOON) is Step.STOPPED


@pytest.mark.parametrize(
    "thresholds",
    [
        {Step.FEWER_RETRIES: 0.9, Step.LONGER_DEADLINES: 0.8, Step.LOCAL_ONLY: 0.95, Step.STOPPED: 1.0},
        {Step.FEWER_RETRIES: 0.7, Step.LONGER_DEADLINES: 0.8, Step.LOCAL_ONLY: 0.95, Step.STOPPED: 1.1},
        {Step.STOPPED: 1.0},
    ],
)
def test_unsound_thresholds_are_refused(thresholds: dict[Step, float]) -> None:
    """Thresholds that do not ascend, pass the whole budget or miss a step are refused."""
    with pytest.raises(ValueError, match="budget thresholds"):
        BudgetLimits(total=DIME, thresholds=thresholds)


def test_negative_limits_are_refused() -> None:
    """A budget below nothing is refused."""
    with pytest.raises(ValueError, match="0 or more"):
        BudgetLimits(per_camera={"door": -1})


amounts = st.one_of(st.none(), st.integers(0, 30_000))


@settings(deadline=None)
@given(
    total=amounts,
    door=amounts,
    actions=st.lists(
        st.tuples(
            st.sampled_from(["admit", "bill", "release", "midnight"]),
            st.sampled_from([None, "door", "gate"]),
            st.sampled_from([SEARCH, "DeleteFaces"]),
            st.booleans(),
        ),
        max_size=120,
    ),
)
def test_no_order_of_events_passes_a_budget(
    total: int | None, door: int | None, actions: list[tuple[str, str | None, str, bool]]
) -> None:
    """Spent plus reserved never passes a limit, steps only worsen within a day, and each change follows the last."""
    limits = BudgetLimits(total=total, per_camera={} if door is None else {"door": door}, other_cameras=25_000)
    ledger = UsageLedger()
    budget = budget_of(limits, ledger)
    now, open_calls, known = NOON, list[Reservation](), dict[str, Step]()
    for action, camera_id, operation, essential in actions:
        match action:
            case "admit":
                refused = budget.refuses(operation, camera_id, now, essential=essential)
                reservation = budget.admit(operation, camera_id, now, essential=essential)
                assert refused == (reservation is None)
                if reservation is not None:
                    open_calls.append(reservation)
            case "bill" | "release" if open_calls:
                budget.settle(open_calls.pop(0), now, billed=action == "bill")
            case "midnight":
                now += timedelta(days=1)
        for state in budget.states(now):
            assert 0 <= state.spent + state.reserved <= state.limit
        for change in budget.take_changes():
            assert change.before is known.get(change.scope, Step.NORMAL)
            assert change.after == change.before + 1 or change.after is Step.NORMAL
            known[change.scope] = change.after
    for reservation in open_calls:
        budget.settle(reservation, now, billed=False)
    assert all(state.reserved == 0 for state in budget.states(now))


def test_a_spent_budget_tells_until_when() -> None:
    """Paid calls come back at midnight UTC; a check-in desk has them until the budget is used up."""
    budget = budget_of(BudgetLimits(total=DIME))
    spend(budget, 90)
    assert budget.spent_for("door", NOON) == 0
    spend(budget, 10)
    assert budget.spent_for("door", NOON) == 12 * 3600
    assert budget.spent_for("desk", NOON, essential=True) == 0
    spend(budget, 10, camera_id="desk", essential=True)
    assert budget.spent_for("desk", NOON, essential=True) == 12 * 3600
    assert budget.spent_for("door", NOON + timedelta(hours=12)) == 0
    assert budget_of(BudgetLimits()).spent_for("door", NOON) == 0
