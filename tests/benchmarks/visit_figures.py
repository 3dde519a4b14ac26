"""Lays what the server said beside what was drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.benchmarks.visit_footage import Footage, TrueVisit


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision as the bridge heard it.

    Attributes:
        track: Which track.
        name: Id of the person; empty for a stranger.
        time: Capture time of the frame it tells of, seconds from the beginning.
        x: Middle of the face, as a ratio of the width.
        time_to_name: Seconds from the receipt of the track's first frame; None when the decision took no call.
        heard: When the bridge heard of it, seconds from the beginning.
        similarity, margin: Of the match; 0 for a stranger.
    """

    track: str
    name: str
    time: float
    x: float
    time_to_name: float | None
    heard: float
    similarity: float = 0.0
    margin: float = 0.0


@dataclass(slots=True)
class Figures:
    """Sums over cameras."""

    visits: int = 0
    found_by_every_frame: int = 0
    found: int = 0
    missed: list[str] = field(default_factory=list)
    strangers_named: int = 0
    misnamed: int = 0
    misnamed_visits: int = 0
    wrong: list[str] = field(default_factory=list)
    unknown: int = 0
    tracks: int = 0
    times_to_name: list[float] = field(default_factory=list)
    times_from_visible: list[float] = field(default_factory=list)

    def add(
        self,
        camera: str,
        footage: Footage,
        baseline: Sequence[bool],
        seen: Sequence[float | None],
        decisions: Sequence[Decision],
    ) -> None:
        """Adds what one camera saw; `seen`: when each visit's face could first be found, seconds."""
        last: dict[str, Decision] = {}
        ever: Counter[int] = Counter()
        wrong: set[int | None] = set()
        first_right: dict[int, float] = {}
        first_heard: dict[int, float] = {}
        for decision in decisions:
            number = _whose(footage.visits, decision)
            true = footage.visits[number] if number is not None else None
            last[decision.track] = decision
            if decision.name and (true is None or decision.name != true.name):
                self.misnamed += 1
                wrong.add(number)
                self.strangers_named += true is None or not true.name
                self.wrong.append(_wrong(camera, true, decision))
            if number is not None and true is not None and decision.name == true.name:
                ever[number] += 1
                if decision.name and decision.time_to_name is not None:
                    first_right.setdefault(number, decision.time_to_name)
                if decision.name:
                    first_heard.setdefault(number, decision.heard)
        self.tracks += len(last)
        self.misnamed_visits += len(wrong)
        self.times_to_name.extend(first_right.values())
        for number, heard in first_heard.items():
            if (visible := seen[number]) is not None:
                self.times_from_visible.append(heard - visible)
        for number, (true, expected) in enumerate(zip(footage.visits, baseline, strict=True)):
            self.visits += 1
            self.unknown += bool(true.name) and not ever[number]
            self.found_by_every_frame += expected
            self.found += expected and ever[number] > 0
            if expected and not ever[number]:
                self.missed.append(f"{camera} {true.visit.start:.1f}s {true.name or 'stranger'}")

    def document(self) -> dict[str, object]:
        """Returns the figures, ready for JSON."""
        return {
            "visits": self.visits,
            "found_by_calling_on_every_frame": self.found_by_every_frame,
            "recall": round(self.found / max(1, self.found_by_every_frame), 4),
            "missed": self.missed,
            "strangers_named": self.strangers_named,
            "misnamed": self.misnamed,
            # A visit is told several times, so this is fewer.
            "misnamed_visits": self.misnamed_visits,
            "wrong": self.wrong,
            "unknown": self.unknown,
            "tracks": self.tracks,
            "time_to_name_seconds": _shares(self.times_to_name),
            # From the first frame in which the face can be found to the name at the bridge: the honest time.
            "time_from_visible_seconds": _shares(self.times_from_visible),
        }


def _wrong(camera: str, true: TrueVisit | None, decision: Decision) -> str:
    whose = "nobody" if true is None else true.name or "stranger"
    return (
        f"{camera} {decision.time:.1f}s {whose} as {decision.name}, "
        f"similarity {decision.similarity:.4f}, margin {decision.margin:.4f}"
    )


def _shares(times: Sequence[float]) -> dict[str, float]:
    ranked = sorted(times)
    return {str(share): round(ranked[int(share * (len(ranked) - 1))], 3) for share in (0.5, 0.75, 0.95, 0.99) if ranked}


def _whose(visits: Sequence[TrueVisit], decision: Decision) -> int | None:
    """Returns the visit nearest to a decision's face; None when nobody was there."""
    present = [
        (abs(true.visit.placement(decision.time)[0] - decision.x), number)
        for number, true in enumerate(visits)
        if true.visit.is_present(decision.time)
    ]
    return min(present)[1] if present else None
