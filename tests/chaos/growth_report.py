"""What grew in a long run, by the hour, and what of it is too much."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

WARM_UP = 0.3
"""Share of the time after which caches are full and allocators have what they want; lines are fitted from there."""
_HOUR = 3600.0
_COLUMNS = 3


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the processes; sizes in bytes, what is counted since the beginning."""

    seconds: float
    server_rss: int
    server_descriptors: int
    server_threads: int
    server_log: int
    bridge_rss: int
    bridge_descriptors: int
    bridge_threads: int
    bridge_log: int
    spools: int
    database: int
    reconnects: int
    bridge_reconnects: int
    calls: int
    frames: int


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that something may grow by in an hour.

    Attributes:
        column: Of `Sample`.
        hourly: So much whatever happens.
        each: So much more for each one of `of`.
        of: A column that counts; empty: none.
        because: Why that is allowed.
    """

    column: str
    hourly: float
    because: str
    each: float = 0.0
    of: str = ""


LIMITS: Sequence[Limit] = (
    Limit(
        "server_rss",
        8e6,
        "2 kB a reconnect are gRPC's own; 8 MB an hour is the noise of allocators",
        2048,
        "reconnects",
    ),
    Limit("server_descriptors", 5, "a connection that ends gives its descriptor back"),
    Limit("server_threads", 1, "pools have their size from the start"),
    Limit("server_log", 256e3, "1 kB for the lines of a stream that opens and closes", 1024, "reconnects"),
    Limit("bridge_rss", 8e6, "2 kB a reconnect are gRPC's own", 2048, "bridge_reconnects"),
    Limit("bridge_descriptors", 5, "a connection that ends gives its descriptor back"),
    Limit("bridge_threads", 1, "pools have their size from the start"),
    Limit("bridge_log", 256e3, "1 kB for the lines of a stream that opens and closes", 1024, "bridge_reconnects"),
    Limit("spools", 1e6, "what is durable leaves the spool"),
    Limit(
        "database", 4e6, "results are kept: 400 bytes a frame of this script, one visit in eight frames", 400, "frames"
    ),
)


@dataclass(frozen=True, slots=True)
class Growth:
    """How fast one column grew after the warm-up.

    Attributes:
        hourly: By the fitted line.
        allowed: By its limit, for what happened in the run.
    """

    limit: Limit
    hourly: float
    allowed: float

    @property
    def too_much(self) -> bool:
        """Whether it is beyond the limit."""
        return self.hourly > self.allowed


def growths(samples: Sequence[Sample], limits: Sequence[Limit] = LIMITS) -> list[Growth]:
    """Fits a line to each column after the warm-up.

    Raises:
        ValueError: There are too few samples to fit a line.
    """
    late = [sample for sample in samples if sample.seconds >= WARM_UP * samples[-1].seconds] if samples else []
    if len(late) < _COLUMNS:
        raise ValueError(f"{len(late)} samples after the warm-up are too few")
    grown = []
    for limit in limits:
        each = hourly(late, limit.of) * limit.each if limit.of else 0.0
        grown.append(Growth(limit, hourly(late, limit.column), limit.hourly + each))
    return grown


def hourly(samples: Sequence[Sample], column: str) -> float:
    """Returns how fast a column grows in an hour, by least squares."""
    seconds = [sample.seconds for sample in samples]
    values = [getattr(sample, column) for sample in samples]
    return float(np.polyfit(seconds, values, 1)[0]) * _HOUR


def write_csv(path: Path, samples: Sequence[Sample]) -> None:
    """Writes all samples."""
    names = [each.name for each in fields(Sample)]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows([getattr(sample, name) for name in names] for sample in samples)


def plot(path: Path, samples: Sequence[Sample], title: str) -> None:
    """Draws every column over time with the line fitted to it."""
    late = [sample for sample in samples if sample.seconds >= WARM_UP * samples[-1].seconds]
    names = [each.name for each in fields(Sample)][1:]
    rows = -(-len(names) // _COLUMNS)
    figure = Figure(figsize=(5 * _COLUMNS, 2.6 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    for number, name in enumerate(names):
        axes = figure.add_subplot(rows, _COLUMNS, number + 1)
        axes.plot([sample.seconds / 60 for sample in samples], [getattr(sample, name) for sample in samples])
        slope = hourly(late, name)
        ends = (late[0].seconds, late[-1].seconds)
        middle = float(np.mean([sample.seconds for sample in late]))
        height = float(np.mean([getattr(sample, name) for sample in late]))
        axes.plot([end / 60 for end in ends], [height + slope / _HOUR * (end - middle) for end in ends], "--")
        axes.set_title(f"{name}: {slope:+,.0f} an hour", fontsize=9)
        axes.set_xlabel("minutes", fontsize=8)
        axes.set_ylim(bottom=0)
    figure.savefig(path, dpi=80)
