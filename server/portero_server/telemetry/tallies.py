"""A counter for what is counted with every frame: one plain addition, where the library's takes a lock."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily


class Tally:
    """The `count` of one label; added to on the event loop alone, read by whoever renders a scrape."""

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
