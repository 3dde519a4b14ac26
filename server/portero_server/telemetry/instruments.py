"""Building blocks of metrics: buckets, and counters and histograms that are cheap on hot paths."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.utils import floatToGoString

FAST = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.04, 0.06, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Seconds; dense around the targets of 25 and 60 ms for a durable acknowledgment."""
SLOW = (0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
"""Seconds; dense around the targets of 0.5 and 1 s for a name."""
RPC = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds of a unary RPC."""
BATCH = (1, 2, 4, 8, 16, 32, 64)
"""Sizes of batches."""


class Tally:
    """The `count` of one label value; changed on the event loop only, read by scrapes."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class Tallies:
    """A counter, with one label or none, that is shown as the library shows its own."""

    def __init__(self, name: str, documentation: str, label: str | None, *, registry: CollectorRegistry) -> None:
        """Registers a counter, its name without "_total"; `label` names the label that tells its series apart."""
        self._name = name
        self._documentation = documentation
        self._label = label
        self._series: dict[str, Tally] = {}
        registry.register(self)

    def series(self, label: str = "") -> Tally:
        """Returns the series of a label, which exists from then on; without a label the only one."""
        return self._series.setdefault(label, Tally())

    def describe(self) -> Iterable[Metric]:
        """Returns the metric without its samples (the registry asks)."""
        return [self._family()]

    def collect(self) -> Iterable[Metric]:
        """Returns the metric (a scrape asks)."""
        family = self._family()
        for label, tally in self._series.items():
            family.add_metric([] if self._label is None else [label], tally.count)
        return [family]

    def _family(self) -> CounterMetricFamily:
        labels = None if self._label is None else [self._label]
        return CounterMetricFamily(self._name, self._documentation, labels=labels)


class Series:
    """The durations of one label value; observed on the event loop only, read by scrapes."""

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        """Counts by these upper bounds, ascending, and beyond the last."""
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        """Adds one duration in seconds."""
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._sum += seconds

    def observe_all(self, seconds: Iterable[float]) -> None:
        """Adds several durations in seconds."""
        bounds, counts = self._bounds, self._counts
        for each in seconds:
            counts[bisect_left(bounds, each)] += 1
            self._sum += each

    def counted(self) -> tuple[list[int], float]:
        """Returns how many were at most as long as each bound, at last all of them, and their sum in seconds."""
        return list(accumulate(self._counts)), self._sum


class Durations:
    """A histogram, with one label or none, that is shown as the library shows its own."""

    def __init__(
        self, name: str, documentation: str, label: str | None, *, buckets: Sequence[float], registry: CollectorRegistry
    ) -> None:
        """Registers a histogram in seconds; `label` names the label that tells its series apart."""
        self._name = name
        self._documentation = documentation
        self._label = label
        self._buckets = tuple(buckets)
        self._bounds = [
            str(floatToGoString(bound))  # type: ignore[no-untyped-call]  # the library's
            for bound in (*self._buckets, float("inf"))
        ]
        self._series: dict[str, Series] = {}
        registry.register(self)

    def series(self, label: str = "") -> Series:
        """Returns the series of a label, which exists from then on; without a label the only one."""
        return self._series.setdefault(label, Series(self._buckets))

    def describe(self) -> Iterable[Metric]:
        """Returns the metric without its samples (the registry asks)."""
        return [self._family()]

    def collect(self) -> Iterable[Metric]:
        """Returns the metric (a scrape asks)."""
        family = self._family()
        for label, series in self._series.items():
            counts, total = series.counted()
            labels = [] if self._label is None else [label]
            family.add_metric(
                labels, [(bound, float(count)) for bound, count in zip(self._bounds, counts, strict=True)], total
            )
        return [family]

    def _family(self) -> HistogramMetricFamily:
        labels = None if self._label is None else [self._label]
        return HistogramMetricFamily(self._name, self._documentation, labels=labels)
