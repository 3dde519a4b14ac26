"""Compares what was recognized with what was shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from portero_cli.demo.scene import Passage
from portero_client.sightings import Sighting

_SLACK = timedelta(seconds=1.0)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line of the comparison.

    Attributes:
        shown: Who was shown, or "" when nobody was.
        seen: Who was seen then, or "" when nobody was.
        start: When, seconds from the beginning.
        sighting: The sighting, if any.
    """

    shown: str
    seen: str
    start: float
    sighting: Sighting | None

    @property
    def right(self) -> bool:
        """Whether the result is correct."""
        return self.shown == self.seen


def compare(passages: Sequence[Passage], sightings: Sequence[Sighting], began: datetime) -> list[Verdict]:
    """Matches sightings with passages, by name and time.

    Args:
        passages: What was shown.
        sightings: What was stored.
        began: Capture time of the play's beginning.

    Returns:
        One verdict a passage with a face, and one for each sighting nobody was shown for, by time.
    """
    rest = sorted(sightings, key=lambda sighting: sighting.first_seen_time)
    verdicts: list[Verdict] = []
    waiting: list[Passage] = []
    # Those who were named rightly first, so that a wrong one cannot take a right one's place.
    for passage in passages:
        if passage.portrait is None:
            continue
        found = next((s for s in rest if _name(s) == _shown(passage) and _overlaps(passage, s, began)), None)
        if found is None:
            waiting.append(passage)
        else:
            rest.remove(found)
            verdicts.append(Verdict(_shown(passage), _name(found), passage.start, found))
    for passage in waiting:
        found = next((s for s in rest if _overlaps(passage, s, began)), None)
        if found is not None:
            rest.remove(found)
        verdicts.append(Verdict(_shown(passage), "" if found is None else _name(found), passage.start, found))
    verdicts += [Verdict("", _name(s), (s.first_seen_time - began).total_seconds(), s) for s in rest]
    return sorted(verdicts, key=lambda verdict: verdict.start)


def _shown(passage: Passage) -> str:
    name = passage.portrait.name if passage.portrait is not None else None
    return name or "unknown"


def _name(sighting: Sighting) -> str:
    return sighting.display_name or "unknown"


def _overlaps(passage: Passage, sighting: Sighting, began: datetime) -> bool:
    start = began + timedelta(seconds=passage.start) - _SLACK
    end = began + timedelta(seconds=passage.end) + _SLACK
    return sighting.first_seen_time <= end and sighting.last_seen_time >= start
