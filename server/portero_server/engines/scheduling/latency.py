"""How long an operation takes, learned from its answers."""

from __future__ import annotations

import math
from dataclasses import dataclass

_MEAN_GAIN = 1 / 8
_DEVIATION_GAIN = 1 / 4


@dataclass(frozen=True, slots=True)
class LatencyConfig:
    """How a latency is estimated.

    Attributes:
        assumed: Seconds taken for granted before the first answer.
        deviations: How many mean deviations above the mean a call is expected to take.
        half_life: Seconds without an answer in which half of what was learned above `assumed` is forgotten. Short: a
            single answer after eight seconds makes the next be expected after three, too late for any visit, and
            nobody may be left unasked for much longer than that for it.
    """

    assumed: float = 0.2
    deviations: float = 1.0
    half_life: float = 3.0


class Latency:
    """A running mean and mean deviation, smoothed as TCP smooths round trips."""

    def __init__(self, config: LatencyConfig) -> None:
        self._config = config
        self._mean: float | None = None
        self._deviation = 0.0
        self._learned = 0.0

    def learn(self, seconds: float, now: float) -> None:
        """Records how long one answer took."""
        self._learned = now
        if self._mean is None:
            self._mean, self._deviation = seconds, seconds / 2
            return
        error = seconds - self._mean
        self._mean += _MEAN_GAIN * error
        self._deviation += _DEVIATION_GAIN * (abs(error) - self._deviation)

    def estimate(self, now: float) -> float:
        """Returns the seconds a call started now is expected to take.

        A high estimate fades while no answer comes: it makes requests expire unasked, and without fading
        nothing would ever be asked that could prove it wrong.
        """
        if self._mean is None:
            return self._config.assumed
        learned = self._mean + self._config.deviations * self._deviation
        above = max(0.0, learned - self._config.assumed)
        remembered = math.exp2(-(now - self._learned) / self._config.half_life)
        return learned - above * (1.0 - remembered)
