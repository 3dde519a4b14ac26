"""Draws a run: calls a second with its phases, and below what the server's metrics said at the same time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tests.benchmarks.paid.playing import Call, Played

_COLORS = ("#d9d9d9", "#f5d6c6", "#f2b8b5", "#cfe8cf", "#d4e2f4")


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of a run, seconds."""

    name: str
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines under the calls: what the axis means, values by time, and the names of the values if they have any."""

    axis: str
    lines: Mapping[str, Sequence[tuple[float, float]]]
    names: Sequence[str] = ()
    dots: bool = False


def draw(
    path: Path, title: str, played: Played, quota: float, phases: Sequence[Phase], panels: Sequence[Panel]
) -> None:
    """Writes a PNG."""
    figure = Figure(figsize=(11, 3 + 2.2 * len(panels)))
    FigureCanvasAgg(figure)
    top, *others = figure.subplots(1 + len(panels), 1, sharex=True, squeeze=False)[:, 0]
    _bars(top, played.calls, played.seconds)
    top.axhline(quota, color="black", linewidth=0.8, linestyle="--")
    top.set_ylabel("searches a second")
    top.set_ylim(0, max(played.busiest_second(), min(quota, 12)) + 1)
    top.set_title(title)
    for axis, panel in zip(others, panels, strict=True):
        for name, points in panel.lines.items():
            times, values = [time for time, _ in points], [value for _, value in points]
            if panel.dots:
                axis.scatter(times, values, s=12, label=name)
            else:
                axis.step(times, values, where="post", label=name)
        if panel.names:
            axis.set_yticks(range(len(panel.names)), panel.names)
        if len(panel.lines) > 1:
            axis.legend(loc="upper right", fontsize="small")
        axis.set_ylabel(panel.axis)
    for axis in (top, *others):
        for phase, color in zip(phases, _COLORS, strict=False):
            axis.axvspan(phase.begin, phase.end, color=color, alpha=0.5, linewidth=0, zorder=0)
    for phase in phases:
        top.annotate(phase.name, (phase.begin, 1.0), xycoords=("data", "axes fraction"), va="top", fontsize="small")
    others[-1].set_xlabel("seconds")
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)


def _bars(axis: Axes, calls: Sequence[Call], seconds: float) -> None:
    below = Counter[int]()
    kinds = {"answered": "#4c8c4a", "throttled": "#d08c28", "failed": "#b03a3a"}
    for kind, color in kinds.items():
        counts = Counter(int(call.at) for call in calls if _kind(call) == kind)
        spots = list(range(int(seconds) + 1))
        bottoms = [below[second] for second in spots]
        heights = [counts[second] for second in spots]
        axis.bar(spots, heights, 1.0, bottoms, align="edge", color=color, label=kind, zorder=2)
        below.update(counts)
    axis.legend(loc="upper right", fontsize="small")


def _kind(call: Call) -> str:
    # An answer without a face has a code, too, and is none the worse for it.
    return "throttled" if call.throttled else "failed" if call.failed else "answered"
