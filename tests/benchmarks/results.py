"""What a benchmark found: figures with their spread, targets met or missed, and where that is written."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.benchmarks.machine import machine
from tests.support.repository import ROOT

FOLDER = ROOT / "build" / "bench"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured quantity, in every repetition."""

    name: str
    unit: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """Its middle value."""
        return statistics.median(self.values)

    @property
    def spread(self) -> float:
        """Largest minus smallest, as a share of the median."""
        return (max(self.values) - min(self.values)) / abs(self.median) if self.median else 0.0

    def over(self, other: Figure) -> tuple[float, ...]:
        """Returns the ratio to another figure, repetition by repetition: both met the same neighbors."""
        return tuple(mine / theirs for mine, theirs in zip(self.values, other.values, strict=True))


@dataclass(frozen=True, slots=True)
class Target:
    """What is wanted of a figure; `wanted` is its least value, or its most when `at_most`."""

    text: str
    value: float
    wanted: float
    at_most: bool = False

    @property
    def met(self) -> bool:
        """Whether the figure is as wanted."""
        return self.value <= self.wanted if self.at_most else self.value >= self.wanted


@dataclass(slots=True)
class Results:
    """Gathers what one benchmark found, to be saved as JSON and reported.

    Attributes:
        name: Of the benchmark's module.
        command: What to type to get these figures again.
        figures, targets, notes: In the order of the report.
        broken: By contender that was to be measured and was not, the reason in one line.
        versions: By contender, what of it was measured.
        curves: For plots: by title, the axes, and by line's name its points.
        texts: Longer pieces as query plans, by title.
    """

    name: str
    command: str
    figures: list[Figure] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    curves: dict[str, dict[str, Any]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, unit: str, values: Sequence[float]) -> Figure:
        """Adds a figure and shows it."""
        figure = Figure(name, unit, tuple(values))
        self.figures.append(figure)
        print(
            f"  {name}: {shown(figure.median)} {unit} (spread {figure.spread:.0%}, n={len(figure.values)})", flush=True
        )
        return figure

    def want(self, text: str, value: float, wanted: float, *, at_most: bool = False) -> None:
        """Adds a target and shows whether it is met."""
        target = Target(text, value, wanted, at_most)
        self.targets.append(target)
        sign = "at most" if at_most else "at least"
        print(
            f"  {'met' if target.met else 'MISSED'}: {text}: {shown(value)}, wanted {sign} {shown(wanted)}", flush=True
        )

    def note(self, text: str) -> None:
        """Adds a remark and shows it."""
        self.notes.append(text)
        print(f"  {text}", flush=True)

    def broke_off(self, contender: str, reason: object) -> None:
        """Records that a contender could not be measured, or not to the end, and prints it."""
        line = " ".join(str(reason).split())[:400] or type(reason).__name__
        self.broken[contender] = line
        print(f"  BROKEN OFF: {contender}: {line}", flush=True)

    def curve(self, title: str, x: str, y: str, lines: Mapping[str, Sequence[tuple[float, float]]]) -> None:
        """Adds a plot; both its axes are logarithmic."""
        self.curves[title] = {"x": x, "y": y, "lines": {name: list(points) for name, points in lines.items()}}

    def save(self) -> Path:
        """Writes build/bench/NAME.json with a description of the machine, and gives its path."""
        FOLDER.mkdir(parents=True, exist_ok=True)
        document = {
            "name": self.name,
            "command": self.command,
            "machine": machine(),
            "figures": [
                asdict(each) | {"median": each.median, "spread": round(each.spread, 3)} for each in self.figures
            ],
            "targets": [asdict(each) | {"met": each.met} for each in self.targets],
            "notes": self.notes,
            "broken": self.broken,
            "versions": self.versions,
            "curves": self.curves,
            "texts": self.texts,
        }
        path = FOLDER / f"{self.name}.json"
        path.write_text(json.dumps(document, indent=2) + "\n")
        print(f"wrote build/bench/{path.name}", flush=True)
        return path


def begun(name: str) -> Results:
    """Begins the results of a module of this folder; its command is the one being run."""
    command = " ".join(["python -m", f"tests.benchmarks.{name}", *sys.argv[1:]])
    print(command, flush=True)
    return Results(name, command)


def shown(value: float) -> str:
    """Writes a figure with three digits that count."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
