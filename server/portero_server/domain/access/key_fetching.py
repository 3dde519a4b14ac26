"""When an issuer's keys are fetched: not before they are needed, and not oftener than is decent."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FetchPolicy:
    """How fresh keys are.

    Attributes:
        interval: Least seconds between two attempts, whoever asks for what; a token with a key id never heard of
            may be the first of a new key, or one of a million made up.
        age: Seconds after which keys are fetched again, so that one the issuer took back ends here too.
    """

    interval: float = 30.0
    age: float = 600.0


class FetchPlan:
    """Decides about fetching; `now` is monotonic seconds."""

    def __init__(self, policy: FetchPolicy) -> None:
        self._policy = policy
        self._tried: float | None = None
        self._fetched: float | None = None

    @property
    def have(self) -> bool:
        """Whether keys were ever had."""
        return self._fetched is not None

    def due(self, now: float, *, known: bool) -> bool:
        """Whether to fetch now, for a token whose key is known or not."""
        if self._tried is not None and now - self._tried < self._policy.interval:
            return False
        return not known or self._fetched is None or now - self._fetched >= self._policy.age

    def tried(self, now: float) -> None:
        """An attempt begins."""
        self._tried = now

    def fetched(self, now: float) -> None:
        """An attempt brought keys."""
        self._fetched = now
