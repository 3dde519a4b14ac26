"""The log of calls: the last ones individually, and sums over all of them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

_NO_ANSWER = 0
"""Status of a call whose connection was reset."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call and its result, as logged.

    Attributes:
        at: Seconds since the simulator started or was reset.
        operation: As Amazon calls it.
        status: HTTP status; 0 when the connection was reset.
        code: Error code, or empty.
        seconds: From the request to the answer.
        dollars: What it cost.
        bytes_in: Size of the request.
    """

    at: float
    operation: str
    status: int
    code: str
    seconds: float
    dollars: Decimal
    bytes_in: int


class Journal:
    """Keeps the last calls, and counts all. `since` is when it started, monotonic seconds."""

    def __init__(self, now: float, keep: int = 10_000) -> None:
        self.since = now
        self._calls: deque[Call] = deque(maxlen=keep)
        self._operations: Counter[str] = Counter()
        self._codes: dict[str, Counter[str]] = {}
        self._dollars: dict[str, Decimal] = {}

    def note(self, call: Call) -> None:
        """Adds a call to the log."""
        self._calls.append(call)
        self._operations[call.operation] += 1
        self._codes.setdefault(call.operation, Counter())[call.code or _outcome(call)] += 1
        self._dollars[call.operation] = self._dollars.get(call.operation, Decimal(0)) + call.dollars

    def clear(self, now: float) -> None:
        """Clears everything and starts again at a monotonic time, seconds."""
        self.since = now
        self._calls.clear()
        self._operations.clear()
        self._codes.clear()
        self._dollars.clear()

    def calls(self, most: int) -> Sequence[Call]:
        """Returns the last calls, oldest first."""
        return list(self._calls)[-most:] if most > 0 else []

    def summary(self) -> dict[str, Any]:
        """Returns counts and dollars by operation and in total, ready for JSON."""
        return {
            "calls": sum(self._operations.values()),
            "dollars": float(sum(self._dollars.values(), Decimal(0))),
            "operations": {
                operation: {
                    "calls": count,
                    "dollars": float(self._dollars[operation]),
                    "outcomes": dict(self._codes[operation]),
                }
                for operation, count in sorted(self._operations.items())
            },
        }


def as_json(call: Call) -> dict[str, Any]:
    """Returns a call ready for JSON."""
    return asdict(call) | {"dollars": float(call.dollars)}


def _outcome(call: Call) -> str:
    return "reset" if call.status == _NO_ANSWER else "ok"
