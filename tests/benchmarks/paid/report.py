"""What a run claims and shows: a table on the screen, a JSON document and a picture in build/bench."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.benchmarks.machine import machine

FOLDER = Path("build/bench")


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that has to hold, whether it does, and the figures that say so."""

    text: str
    held: bool
    shown: str


@dataclass(frozen=True, slots=True)
class Report:
    """A run's outcome; `rows` is a table whose first row is its head, `document` everything else worth keeping."""

    name: str
    claims: Sequence[Claim]
    rows: Sequence[Sequence[str]]
    document: Mapping[str, object]

    @property
    def held(self) -> bool:
        """Whether every claim holds."""
        return all(claim.held for claim in self.claims)

    def tell(self) -> None:
        """Prints tables and writes the document."""
        print(f"\n{self.name}\n")
        _print(self.rows)
        print()
        _print([("", "claim", "shown"), *(("ok" if c.held else "NO", c.text, c.shown) for c in self.claims)])
        FOLDER.mkdir(parents=True, exist_ok=True)
        claims = [asdict(claim) for claim in self.claims]
        text = json.dumps({"machine": machine(), "claims": claims, **self.document}, indent=2)
        (FOLDER / f"paid-{self.name}.json").write_text(text + "\n")


def percentile(values: Sequence[float], share: float) -> float:
    """Returns the value below which a share of the values lies, 0..1; infinite when there are none."""
    ordered = sorted(values)
    return ordered[round(share * (len(ordered) - 1))] if ordered else float("inf")


def _print(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
