"""The cost of recognition: prices, and the counts of calls made and avoided.

Money is counted in whole microdollars (millionths of a US dollar): a thousand calls at $0.001 are exactly $1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

_DAYS_KEPT = 40
_RATE_DAYS = 7

REKOGNITION_PRICES: Mapping[str, int] = MappingProxyType(
    {
        "AssociateFaces": 1000,
        "CompareFaces": 1000,
        "IndexFaces": 1000,
        "SearchFaces": 1000,
        "SearchFacesByImage": 1000,
        "SearchUsers": 1000,
        "SearchUsersByImage": 1000,
        "DetectFaces": 1000,
        "DetectText": 1000,
        "CreateFaceLivenessSession": 15_000,
        "CreateCollection": 0,
        "CreateUser": 0,
        "DeleteCollection": 0,
        "DeleteFaces": 0,
        "DeleteUser": 0,
        "DescribeCollection": 0,
        "DisassociateFaces": 0,
        "GetFaceLivenessSessionResults": 0,
        "ListCollections": 0,
        "ListFaces": 0,
        "ListUsers": 0,
    }
)
"""Microdollars a call of Amazon Rekognition's image API: $0.001 an image in groups 1 and 2. A Face Liveness check is
$0.015; it is counted with the call that begins its session, whether or not the person makes use of it.

Source: aws.amazon.com/rekognition/pricing as of 2026-10-07, US East (N. Virginia), first million images of a month.
Left out on purpose, so that an account is never too low: the cheaper tiers above a million images and the free tier
of the first year. Left out because it is not a call: storing faces ($0.00001 a face and month). Other regions
differ; the price table is a setting.
"""


def microdollars(dollars: float) -> int:
    """Converts US dollars to whole microdollars."""
    return round(dollars * 1_000_000)


def dollars(amount: int) -> float:
    """Converts microdollars to US dollars."""
    return amount / 1_000_000


@dataclass(frozen=True, slots=True)
class PriceTable:
    """The price of calls.

    Attributes:
        prices: Microdollars a call, by operation.
        otherwise: Microdollars of an operation the table does not name; not zero, so that a new
            operation is never spent unseen.
    """

    prices: Mapping[str, int] = field(default_factory=lambda: REKOGNITION_PRICES)
    otherwise: int = 1000

    def price(self, operation: str) -> int:
        """Returns the price of one call, microdollars."""
        return self.prices.get(operation, self.otherwise)

    @property
    def cheapest(self) -> int:
        """Microdollars of the cheapest call that is not free; 0 when all are free."""
        return min((price for price in (*self.prices.values(), self.otherwise) if price > 0), default=0)


@dataclass(frozen=True, slots=True)
class CallKey:
    """The key under which calls are counted: UTC hour of their start, camera (None: unary RPC), engine, operation."""

    hour: datetime
    camera_id: str | None
    engine: str
    operation: str


@dataclass(frozen=True, slots=True)
class CallTally:
    """Number of billed calls, and their cost in microdollars."""

    calls: int
    microdollars: int

    def __add__(self, other: CallTally) -> CallTally:
        return CallTally(self.calls + other.calls, self.microdollars + other.microdollars)


class AvoidedKey(NamedTuple):
    """The key under which avoided calls are counted; `reason` is the metric's label ("unchanged", "known_track").

    A tuple, because one is made and hashed for each frame that is not searched.
    """

    hour: datetime
    camera_id: str | None
    operation: str
    reason: str


@dataclass(frozen=True, slots=True)
class UsageDelta:
    """Counts since the last drain; the store adds them to its rows."""

    calls: Mapping[CallKey, CallTally] = field(default_factory=dict)
    avoided: Mapping[AvoidedKey, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Projection:
    """Microdollars spent today and this month, and the month's projected cost at the last seven days' rate."""

    today: int
    month: int
    projected_month: int


class UsageLedger:
    """Counts calls and cost in memory; drained to the store periodically, and loaded from it at start.

    Only counts that were not drained yet are kept by hour, beside the sums that budgets and projections need: one
    number per day, and one per camera for today and yesterday.
    """

    def __init__(self) -> None:
        self._calls: dict[CallKey, CallTally] = {}
        self._avoided: Counter[AvoidedKey] = Counter()
        self._days: Counter[date] = Counter()
        self._cameras: Counter[tuple[date, str]] = Counter()

    def made(self, key: CallKey, tally: CallTally) -> None:
        """Counts calls that were billed."""
        self._calls[key] = self._calls.get(key, CallTally(0, 0)) + tally
        self._sum_up(key, tally)

    def avoided(self, key: AvoidedKey, count: int = 1) -> None:
        """Counts calls that were not needed."""
        self._avoided[key] += count

    def drain(self) -> UsageDelta:
        """Returns and clears what was counted since the last drain."""
        delta = UsageDelta(self._calls, self._avoided)
        self._calls, self._avoided = {}, Counter()
        return delta

    def put_back(self, delta: UsageDelta) -> None:
        """Takes back a drained delta that could not be stored; the next drain returns it again."""
        for key, tally in delta.calls.items():
            self._calls[key] = self._calls.get(key, CallTally(0, 0)) + tally
        self._avoided.update(delta.avoided)

    def load(self, stored: Iterable[tuple[CallKey, CallTally]]) -> None:
        """Adds what is stored to the sums; it is not drained again.

        Args:
            stored: Rows since the first of the month or seven days ago, whichever is earlier.
        """
        for key, tally in stored:
            self._sum_up(key, tally)

    def spent(self, day: date) -> int:
        """Returns the microdollars spent on a UTC day."""
        return self._days[day]

    def spent_by(self, camera_id: str, day: date) -> int:
        """Returns the microdollars a camera spent today or yesterday (UTC)."""
        return self._cameras[day, camera_id]

    def projection(self, now: datetime) -> Projection:
        """Extrapolates the month's cost.

        The rate is that of the last seven days and today so far, or of the days on record when they are fewer.

        Args:
            now: The current time, UTC.
        """
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        first = midnight.replace(day=1)
        following = (first + timedelta(days=32)).replace(day=1)
        today = self._days[now.date()]
        month = sum(amount for day, amount in self._days.items() if first.date() <= day <= now.date())

        earliest = now.date() - timedelta(days=_RATE_DAYS)
        recent = {day: amount for day, amount in self._days.items() if earliest <= day <= now.date()}
        if not recent:
            return Projection(today, month, month)
        elapsed = (now - midnight) + (now.date() - min(recent))
        # In the first minutes on record a single call would be extrapolated to a fortune.
        rate = sum(recent.values()) / max(elapsed, timedelta(hours=1)).total_seconds()
        return Projection(today, month, month + round(rate * (following - now).total_seconds()))

    def _sum_up(self, key: CallKey, tally: CallTally) -> None:
        day = key.hour.date()
        if day not in self._days:
            self._forget_before(day)
        self._days[day] += tally.microdollars
        if key.camera_id is not None:
            self._cameras[day, key.camera_id] += tally.microdollars

    def _forget_before(self, day: date) -> None:
        newest = max((day, *self._days))
        for old in [known for known in self._days if known < newest - timedelta(days=_DAYS_KEPT)]:
            del self._days[old]
        for known in [known for known in self._cameras if known[0] < newest - timedelta(days=1)]:
            del self._cameras[known]


def hour_of(now: datetime) -> datetime:
    """Returns the start of the hour."""
    return now.replace(minute=0, second=0, microsecond=0)
