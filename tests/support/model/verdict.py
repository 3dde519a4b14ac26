"""What a check of a run found."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field


@dataclass(slots=True)
class Verdict:
    """What a check found.

    Attributes:
        violations: By kind ("lost", "duplicated", "phantom", "foreign", "backward", "counters", "told"), in words.
        frames: Sequences checked.
        missing: Sequences that the bridge reported as gaps.
        rejected: Sequences stored as rejected, by reason.
        refused: Those by epoch that the database refused; a run that made it refuse none must have none.
        recognitions: Rows checked.
        sightings: Rows checked.
        unanswered: Visits of known people that the engine could not name in time, which is allowed.
        asked_again: Answers beyond the first about one track, which only frames sent again may bring.
    """

    violations: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    frames: int = 0
    missing: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    refused: dict[str, set[int]] = field(default_factory=dict)
    recognitions: int = 0
    sightings: int = 0
    unanswered: int = 0
    asked_again: int = 0

    @property
    def sound(self) -> bool:
        """Whether there is no violation."""
        return not any(self.violations.values())

    def wrong(self, kind: str, words: str) -> None:
        """Notes a violation."""
        self.violations[kind].append(words)

    def summary(self) -> dict[str, int]:
        """Returns the number of violations of each kind."""
        return {kind: len(found) for kind, found in self.violations.items() if found}
