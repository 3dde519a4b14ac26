"""Daily budgets (UTC), and the steps by which service degrades while they are spent.

A call is admitted by reserving its price first, so that spending never exceeds a budget, even with calls in flight.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import IntEnum
from types import MappingProxyType

from portero_server.domain.billing.usage import CallKey, CallTally, PriceTable, UsageLedger, hour_of

TOTAL = "total"


class Step(IntEnum):
    """How far service has degraded; a larger step includes the smaller ones.

    FEWER_RETRIES and LONGER_DEADLINES are for the scheduler to obey. In LOCAL_ONLY only essential calls are
    admitted: the last part of the budget is kept for them. In STOPPED no paid call is. Free operations
    are always admitted.
    """

    NORMAL = 0
    FEWER_RETRIES = 1
    LONGER_DEADLINES = 2
    LOCAL_ONLY = 3
    STOPPED = 4

    @property
    def word(self) -> str:
        """The step's name in the proto, the metrics and the records ("fewer_retries")."""
        return self.name.lower()


DEFAULT_THRESHOLDS: Mapping[Step, float] = MappingProxyType(
    {Step.FEWER_RETRIES: 0.70, Step.LONGER_DEADLINES: 0.85, Step.LOCAL_ONLY: 0.95, Step.STOPPED: 1.0}
)
"""Share of the budget spent, 0..1, at which each step begins."""


@dataclass(frozen=True, slots=True)
class BudgetLimits:
    """What may be spent per UTC day.

    Attributes:
        total: Microdollars of all cameras and unary RPCs together; None: no limit.
        per_camera: Microdollars of single cameras.
        other_cameras: Microdollars of each camera `per_camera` does not name; None: no limit.
        thresholds: Share of the budget spent at which each step begins; ascending, each in 0..1.

    Raises:
        ValueError: A limit is negative, or the thresholds do not ascend or miss a step.
    """

    total: int | None = None
    per_camera: Mapping[str, int] = field(default_factory=dict)
    other_cameras: int | None = None
    thresholds: Mapping[Step, float] = field(default_factory=lambda: DEFAULT_THRESHOLDS)

    def __post_init__(self) -> None:
        if any(limit < 0 for limit in (self.total or 0, self.other_cameras or 0, *self.per_camera.values())):
            raise ValueError("a budget must be 0 or more")
        shares = [self.thresholds.get(step, -1.0) for step in Step if step is not Step.NORMAL]
        if shares != sorted(shares) or not all(0 <= share <= 1 for share in shares):
            raise ValueError("budget thresholds must name every step but normal and ascend within 0..1")

    def of_camera(self, camera_id: str) -> int | None:
        """Returns the microdollars a camera may spend in a day; None: no limit."""
        return self.per_camera.get(camera_id, self.other_cameras)

    def step(self, spent: int, limit: int, cheapest: int) -> Step:
        """Returns the step of a budget.

        Args:
            spent: Microdollars.
            limit: Microdollars.
            cheapest: Microdollars of the cheapest paid call; a budget it does not fit into is used up.
        """
        if spent + cheapest > limit:
            return Step.STOPPED
        return max(
            (step for step, share in self.thresholds.items() if spent >= round(share * limit)), default=Step.NORMAL
        )


@dataclass(frozen=True, slots=True)
class Reservation:
    """An admitted call that is not settled yet; its price is reserved on the day it began."""

    key: CallKey
    price: int


@dataclass(frozen=True, slots=True)
class StepChanged:
    """A budget passed a threshold, or a new day began; one event per step.

    Attributes:
        scope: "total" or the camera's resource name ("cameras/door").
        spent: Microdollars spent that day so far.
        limit: Microdollars a day.
    """

    scope: str
    before: Step
    after: Step
    spent: int
    limit: int
    at: datetime


@dataclass(frozen=True, slots=True)
class BudgetState:
    """A budget and what is left of it; amounts in microdollars."""

    scope: str
    limit: int
    spent: int
    reserved: int
    step: Step


class Budget:
    """Admits paid calls while the budget allows, and keeps the ledger of billed calls."""

    def __init__(self, limits: BudgetLimits, prices: PriceTable, ledger: UsageLedger, engine: str) -> None:
        """Takes over a ledger, including what it already holds for today.

        Args:
            limits: What may be spent.
            prices: What a call costs.
            ledger: Where billed calls are counted.
            engine: Whose calls these are, for the ledger ("rekognition").
        """
        self._limits = limits
        self._prices = prices
        self._ledger = ledger
        self._engine = engine
        self._day = date.max
        self._steps: dict[str, Step] = {}
        self._reserved: Counter[tuple[date, str]] = Counter()
        self._changes: list[StepChanged] = []

    def step(self, camera_id: str | None, now: datetime) -> Step:
        """Returns the step in force for a camera: that of its own budget or of the total, whichever is worse."""
        self._roll(now)
        return max(
            (self._settled_step(scope, limit, now) for scope, limit in self._scopes(camera_id)), default=Step.NORMAL
        )

    def spent_for(self, camera_id: str, now: datetime, *, essential: bool = False) -> float:
        """Returns the seconds until paid calls are admitted again for a camera; 0 while they are.

        Args:
            camera_id: The camera.
            now: The current time, UTC.
            essential: Whether its calls may use what LOCAL_ONLY keeps back.
        """
        if self.step(camera_id, now) < (Step.STOPPED if essential else Step.LOCAL_ONLY):
            return 0.0
        return max(0.0, (self._midnight(now) + timedelta(days=1) - now).total_seconds())

    def refuses(self, operation: str, camera_id: str | None, now: datetime, *, essential: bool = False) -> bool:
        """Returns whether a call would not be admitted now.

        Args:
            operation: As in the price table.
            camera_id: The camera; None for a unary RPC, which only the total bounds.
            now: The current time, UTC.
            essential: Whether the call may use what LOCAL_ONLY keeps back.
        """
        price = self._prices.price(operation)
        if price == 0:
            return False
        if self.step(camera_id, now) >= (Step.STOPPED if essential else Step.LOCAL_ONLY):
            return True
        return any(
            self._spent(scope) + self._reserved[self._day, scope] + price > limit
            for scope, limit in self._scopes(camera_id)
        )

    def admit(
        self, operation: str, camera_id: str | None, now: datetime, *, essential: bool = False
    ) -> Reservation | None:
        """Reserves the price of one call; every reservation must be settled.

        Args:
            operation: As in the price table.
            camera_id: The camera; None for a unary RPC.
            now: The current time, UTC.
            essential: Whether the call may use what LOCAL_ONLY keeps back.

        Returns:
            The reservation, or None when the call must not be made.
        """
        self._roll(now)
        if self.refuses(operation, camera_id, now, essential=essential):
            return None
        key = CallKey(max(hour_of(now), self._midnight(now)), camera_id, self._engine, operation)
        reservation = Reservation(key, self._prices.price(operation))
        self._reserve(reservation, reservation.price)
        return reservation

    def settle(self, reservation: Reservation, now: datetime, *, billed: bool) -> None:
        """Ends a reservation, and bills the call if it must be paid.

        Args:
            reservation: As `admit` gave it.
            now: The current time, UTC.
            billed: Whether the call has to be paid; the cost belongs to the day it began.
        """
        self._roll(now)
        self._reserve(reservation, -reservation.price)
        if not billed:
            return
        self._ledger.made(reservation.key, CallTally(1, reservation.price))
        for scope, limit in self._scopes(reservation.key.camera_id):
            self._settled_step(scope, limit, now)

    def states(self, now: datetime) -> tuple[BudgetState, ...]:
        """Returns every budget in force: the total, the cameras named in the limits and those used today."""
        self._roll(now)
        scopes = dict(self._scopes(None))
        for camera_id in self._limits.per_camera:
            scopes.update(self._scopes(camera_id))
        for scope in list(self._steps):
            scopes.update(self._scopes(_camera_of(scope)))
        return tuple(
            BudgetState(
                scope=scope,
                limit=limit,
                spent=self._spent(scope),
                reserved=self._reserved[self._day, scope],
                step=self._settled_step(scope, limit, now),
            )
            for scope, limit in scopes.items()
        )

    def take_changes(self) -> tuple[StepChanged, ...]:
        """Returns the step changes since the last call, in order."""
        changes, self._changes = tuple(self._changes), []
        return changes

    def _roll(self, now: datetime) -> None:
        # A wall clock set back a little must not open yesterday's budget again; one that was days ahead was wrong.
        if self._day - timedelta(days=1) <= now.date() <= self._day:
            return
        self._day = now.date()
        before, self._steps = self._steps, {}
        for scope, step in before.items():
            limit = dict(self._scopes(_camera_of(scope)))[scope]
            if step is not Step.NORMAL:
                self._changes.append(StepChanged(scope, step, Step.NORMAL, 0, limit, now))

    def _settled_step(self, scope: str, limit: int, now: datetime) -> Step:
        """Updates the step of a scope and records each step on the way; steps never go back within a day."""
        spent = self._spent(scope)
        before = self._steps.get(scope, Step.NORMAL)
        after = self._limits.step(spent, limit, self._prices.cheapest)
        for number in range(before, after):
            self._changes.append(StepChanged(scope, Step(number), Step(number + 1), spent, limit, now))
        self._steps[scope] = after
        return after

    def _scopes(self, camera_id: str | None) -> Iterator[tuple[str, int]]:
        if self._limits.total is not None:
            yield TOTAL, self._limits.total
        limit = None if camera_id is None else self._limits.of_camera(camera_id)
        if limit is not None:
            yield f"cameras/{camera_id}", limit

    def _spent(self, scope: str) -> int:
        camera_id = _camera_of(scope)
        return self._ledger.spent(self._day) if camera_id is None else self._ledger.spent_by(camera_id, self._day)

    def _reserve(self, reservation: Reservation, amount: int) -> None:
        for scope, _ in self._scopes(reservation.key.camera_id):
            key = (reservation.key.hour.date(), scope)
            self._reserved[key] += amount
            if self._reserved[key] == 0:
                del self._reserved[key]

    def _midnight(self, now: datetime) -> datetime:
        """The start of the accounting day, which a wall clock that is set back does not leave."""
        return datetime(self._day.year, self._day.month, self._day.day, tzinfo=now.tzinfo)


def _camera_of(scope: str) -> str | None:
    return None if scope == TOTAL else scope.removeprefix("cameras/")
