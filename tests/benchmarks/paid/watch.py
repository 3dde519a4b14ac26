"""What an operator would see: the admin port scraped again and again, and the simulator's own journal at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx2
from prometheus_client.parser import text_string_to_metric_families

_INTERVAL = 0.5
_SHOWN = ("portero_engine_", "portero_budget_", "portero_recognitions_avoided", "portero_spent_dollars")
"""Only these families are parsed; the rest would cost the benchmark more than the server."""

Labels = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Watch:
    """Scrapes a server's admin port until canceled; `samples` holds each scrape with the time it was made."""

    admin: str
    elapsed: Callable[[], float]
    samples: list[tuple[float, dict[tuple[str, Labels], float]]] = field(default_factory=list)

    async def run(self) -> None:
        """Scrapes."""
        async with httpx2.AsyncClient(timeout=10) as http:
            while True:
                now = self.elapsed()
                text = (await http.get(f"http://{self.admin}/metrics")).text
                self.samples.append((now, dict(_parsed(text))))
                await asyncio.sleep(max(0.0, now + _INTERVAL - self.elapsed()))

    def series(self, name: str, **labels: str) -> list[tuple[float, float]]:
        """Returns the values of one series, or the sum of those that have the labels, by time."""
        return [
            (
                time,
                sum(
                    value
                    for (each, own), value in values.items()
                    if each == name and labels.items() <= dict(own).items()
                ),
            )
            for time, values in self.samples
        ]

    def last(self, name: str, **labels: str) -> float:
        """Returns the latest value."""
        return self.series(name, **labels)[-1][1]

    def states(self, name: str, label: str, **labels: str) -> list[tuple[float, str]]:
        """Returns, by time, the value of `label` whose series is 1."""
        return [
            (time, dict(own)[label])
            for time, values in self.samples
            for (each, own), value in values.items()
            if each == name and value == 1 and labels.items() <= dict(own).items()
        ]


def _parsed(text: str) -> Iterator[tuple[tuple[str, Labels], float]]:
    wanted = "\n".join(line for line in text.splitlines() if line.removeprefix("# TYPE ").startswith(_SHOWN)) + "\n"
    for family in text_string_to_metric_families(wanted):
        for sample in family.samples:
            yield (sample.name, tuple(sorted(sample.labels.items()))), sample.value
