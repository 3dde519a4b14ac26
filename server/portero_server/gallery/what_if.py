"""Replays stored decisions by other thresholds, without a call to any engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from portero_server.domain.tracking.recommendation import TriedThreshold, Truth
from portero_server.domain.tracking.what_if import StoredDecision, TrackChange, WhatIf, WhatIfTally
from portero_server.errors import InvalidInput
from portero_server.store.decisions import DecisionCursor, DecisionFilter, DecisionStore
from portero_server.store.sighting_reviews import SightingReviewStore
from portero_server.telemetry.decision_metrics import DecisionMetrics

MOST_REPLAYED = 200_000
"""Decisions times thresholds of one question: some seconds of work, beside the frames of all cameras."""
MOST_CHANGES = 100
_PAGE = 500
_OVER = timedelta(hours=1)
"""Nothing more is asked about a track so long after its last shot; later ones would count as another track."""


@dataclass(slots=True)
class Replay:
    """What one setting would have done.

    Attributes:
        cameras: Tallies by camera id.
        changes: The first tracks that would have been named otherwise.
    """

    what_if: WhatIf
    cameras: dict[str, WhatIfTally] = field(default_factory=dict)
    changes: list[TrackChange] = field(default_factory=list)

    @property
    def total(self) -> WhatIfTally:
        """All cameras together."""
        total = WhatIfTally()
        for tally in self.cameras.values():
            total.include(tally)
        return total

    @property
    def tried(self) -> TriedThreshold:
        """What reviewed tracks say of it."""
        total = self.total
        return TriedThreshold(self.what_if.threshold or 0.0, total.right, total.wrong)

    def add(self, track: Sequence[StoredDecision], truth: Truth | None) -> None:
        """Replays the decisions about one track, of which a person said the `truth`."""
        change = self.cameras.setdefault(track[0].camera_id, WhatIfTally()).add(track, self.what_if, truth)
        if change is not None and len(self.changes) < MOST_CHANGES:
            self.changes.append(change)


class Replays:
    """Replays decisions."""

    def __init__(
        self, decisions: DecisionStore, reviews: SightingReviewStore, engine: str, metrics: DecisionMetrics
    ) -> None:
        """Creates what replays the decisions of `engine`, whose thresholds are tried."""
        self._decisions = decisions
        self._reviews = reviews
        self._engine = engine
        self._metrics = metrics

    async def replay(
        self, which: DecisionFilter, thresholds: Sequence[float], margin: float | None
    ) -> tuple[Sequence[Replay], int]:
        """Returns what each threshold would have done, and how many decisions were looked at.

        Args:
            which: Which decisions.
            thresholds: Thresholds to try; none: each decision keeps its own.
            margin: Margin to try; None: each decision keeps its own.

        Raises:
            InvalidInput: There are too many.
        """
        found = [Replay(WhatIf(self._engine, each, margin)) for each in thresholds or (None,)]
        most = MOST_REPLAYED // len(found)
        count = await self._decisions.count(which, most + 1)
        if count > most:
            raise InvalidInput(
                "start_time",
                f"there are more than {most:,} decisions, which is the limit for {len(found)} threshold(s); "
                "choose a shorter time, one camera, or fewer thresholds",
                reason="TOO_MANY_DECISIONS",
            )
        async for tracks in self._tracks(which):
            truths = await self._reviews.truths([track[0].track_id for track in tracks])
            for track in tracks:
                for replay in found:
                    replay.add(track, truths.get(track[0].track_id))
                # Frames of all cameras wait for the same loop.
                await asyncio.sleep(0)
        self._metrics.replayed(count)
        return found, count

    async def _tracks(self, which: DecisionFilter) -> AsyncIterator[Sequence[Sequence[StoredDecision]]]:
        """Yields the decisions of each track, some tracks at a time; only those of the last hour are in memory."""
        tracks: dict[str, list[StoredDecision]] = {}
        after: DecisionCursor | None = None
        while page := await self._decisions.list(which, _PAGE, after):
            for each in page:
                tracks.setdefault(each.track_id, []).append(each)
            after = DecisionCursor(page[-1].captured_at, page[-1].recognition_id)
            if over := _over(tracks, after.captured_at):
                yield [tracks.pop(track_id) for track_id in over]
            if len(page) < _PAGE:
                break
        left = list(tracks.values())
        for start in range(0, len(left), _PAGE):
            yield left[start : start + _PAGE]


def _over(tracks: dict[str, list[StoredDecision]], now: datetime) -> list[str]:
    return [track_id for track_id, track in tracks.items() if track[-1].captured_at < now - _OVER]
