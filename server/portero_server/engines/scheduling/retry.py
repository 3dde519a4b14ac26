"""When a failed call is retried, and when retries stop."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryConfig:
    """How failures are retried.

    Attributes:
        attempts: Calls made for one request at most, the first included.
        pause: Seconds; the pause before the first retry is random between 0 and this, before the second
            between 0 and twice this, and so on.
        longest_pause: Seconds the range of the pause grows to at most.
        share: Retries earned by each first attempt: in the long run retries are this share of them.
        reserve: Retries that can be saved up.
    """

    attempts: int = 4
    pause: float = 0.2
    longest_pause: float = 5.0
    share: float = 0.2
    reserve: float = 20.0


class RetryBudget:
    """Limits an operation's retries to a share of its first attempts, so that retries do not amplify an outage."""

    def __init__(self, config: RetryConfig) -> None:
        self._config = config
        self._saved = config.reserve

    def first_attempt(self) -> None:
        """Records a first attempt, which earns its share of a retry."""
        self._saved = min(self._config.reserve, self._saved + self._config.share)

    def take(self) -> bool:
        """Takes one retry from the budget. Returns whether there was one."""
        if self._saved < 1.0:
            return False
        self._saved -= 1.0
        return True


def retry_pause(config: RetryConfig, attempts: int, chance: random.Random) -> float:
    """Returns the seconds to wait before the next attempt: exponential, with full jitter.

    Args:
        config: The ranges.
        attempts: Attempts made so far, at least 1.
        chance: Where randomness comes from.
    """
    return chance.uniform(0.0, min(config.longest_pause, config.pause * 2.0 ** (attempts - 1)))
