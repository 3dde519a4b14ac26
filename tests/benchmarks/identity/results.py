"""Sums scores by situation, as a document and as a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.benchmarks.identity.scoring import Score

_MOST_SPLIT = 0.02


@dataclass(frozen=True, slots=True)
class Judged:
    """The score of one film, and which it was."""

    situation: str
    pair: str
    size: str
    rate: float
    score: Score


@dataclass(slots=True)
class Row:
    """Sums over films."""

    situation: str
    scenes: int = 0
    not_clean: int = 0
    wrong_live: float = 0.0
    wrong_stored: float = 0.0
    exchanged: int = 0
    merged: int = 0
    split: int = 0
    visits: int = 0
    missed: int = 0
    phantoms: int = 0
    calls: int = 0
    encodings: int = 0
    times_to_name: list[float] = field(default_factory=list)

    def add(self, score: Score) -> None:
        """Adds a film's score."""
        self.scenes += 1
        self.not_clean += not score.clean
        self.wrong_live += score.wrong_live
        self.wrong_stored += score.wrong_stored
        self.exchanged += score.exchanged
        self.merged += score.merged
        self.split += score.split
        self.visits += score.visits
        self.missed += len(score.missed)
        self.phantoms += score.phantoms
        self.calls += score.calls
        self.encodings += score.encodings or 0
        self.times_to_name += score.times_to_name

    def document(self) -> dict[str, Any]:
        """Returns the sums, ready for JSON."""
        plain = asdict(self)
        del plain["times_to_name"]
        for key in ("wrong_live", "wrong_stored"):
            plain[key] = round(plain[key], 2)
        named = {"named": len(self.times_to_name), "p50": self.time_to_name(0.5), "p95": self.time_to_name(0.95)}
        return {**plain, "split_share": round(self.split / max(1, self.visits), 4), "time_to_name_seconds": named}

    def time_to_name(self, share: float) -> float | None:
        """Returns a percentile of the times to a name, seconds; None if nobody was named."""
        times = sorted(self.times_to_name)
        return times[int(share * (len(times) - 1))] if times else None


def rows(judged: Iterable[Judged]) -> list[Row]:
    """Returns a row for each situation, in the order of the first of its films, and one for all of them."""
    by_name: defaultdict[str, list[Score]] = defaultdict(list)
    for each in judged:
        by_name[each.situation].append(each.score)
    total = Row("all")
    found = []
    for name, scores in by_name.items():
        row = Row(name)
        for score in scores:
            row.add(score)
            total.add(score)
        found.append(row)
    return [*found, total]


@dataclass(frozen=True, slots=True)
class Target:
    """A figure over all films, and the most it may be."""

    figure: str
    measured: float
    most: float

    @property
    def met(self) -> bool:
        """Whether it is not above that."""
        return self.measured <= self.most


def targets(judged: Iterable[Judged]) -> list[Target]:
    """Returns what must hold: no wrong name, nobody exchanged or merged, and hardly a visit split."""
    total = rows(judged)[-1]
    return [
        Target("seconds of wrong names, live", round(total.wrong_live, 2), 0),
        Target("seconds of wrong names, stored", round(total.wrong_stored, 2), 0),
        Target("exchanged names", total.exchanged, 0),
        Target("sightings of several people", total.merged, 0),
        Target("extra sightings a visit", round(total.split / max(1, total.visits), 4), _MOST_SPLIT),
    ]


def document(judged: Sequence[Judged], **about: Any) -> dict[str, Any]:
    """Returns everything as one document: `about` what was run, sums, and each film that was not clean."""
    *situations, total = rows(judged)
    odd = [each for each in judged if not each.score.clean or each.score.split or each.score.missed]
    return {
        **about,
        "targets": [{**asdict(target), "met": target.met} for target in targets(judged)],
        "total": total.document(),
        "situations": [row.document() for row in situations],
        "odd": [asdict(each) for each in odd],
    }


_HEADS = (
    "situation",
    "scenes",
    "bad",
    "wrong live s",
    "wrong stored s",
    "exchanged",
    "merged",
    "split",
    "missed",
    "phantoms",
    "named p50 s",
    "p95 s",
    "calls a visit",
)


def table(judged: Sequence[Judged]) -> str:
    """Returns the sums as a table in Markdown; `bad` counts films with a wrong name or a merge."""
    lines = [f"| {' | '.join(_HEADS)} |", f"|---|{'---:|' * (len(_HEADS) - 1)}"]
    for row in rows(judged):
        cells = [
            row.situation,
            row.scenes,
            row.not_clean,
            f"{row.wrong_live:.1f}",
            f"{row.wrong_stored:.1f}",
            row.exchanged,
            row.merged,
            row.split,
            f"{row.missed} of {row.visits}",
            row.phantoms,
            _seconds(row.time_to_name(0.5)),
            _seconds(row.time_to_name(0.95)),
            f"{row.calls / max(1, row.visits):.1f}",
        ]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
