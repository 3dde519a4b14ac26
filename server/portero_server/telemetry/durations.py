"""A histogram for what is observed with every frame: two plain additions, where the library's takes two locks."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.utils import floatToGoString


class Series:
    """The durations of one label; observed on the event loop alone, read by whoever renders a scrape."""

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        """Counts by these upper bounds, ascending, and beyond the last."""
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        """Something took so long."""
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._sum += seconds

    def observe_all(self, seconds: Iterable[float]) -> None:
        """Several things took so long."""
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
