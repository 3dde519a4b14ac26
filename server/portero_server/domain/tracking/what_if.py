"""What other thresholds would have decided on the same shots.

It is replayed by the rule that the server decides by, `deciding.verdict`, shot by shot of each track. Not replayed is
what depends on other tracks: that two faces in one frame are never one person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from portero_server.domain.detection.detections import MatchPolicy
from portero_server.domain.tracking.deciding import DecisionReason, FaceDecision, FaceVerdict, verdict
from portero_server.domain.tracking.evidence import Evidence
from portero_server.domain.tracking.recommendation import Truth


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """A decision about a face as it is stored.

    Attributes:
        recognition_id: That of the answer; unique.
        captured_at: When the shot was taken, UTC.
        engine: Who answered.
        outcome: "match", "provisional", "unknown" or "no_face".
        quality: Quality of the shot, 0..1.
        whole: Whether all candidates are still known; else somebody of them was erased or deleted.
        decision: The rest.
    """

    recognition_id: str
    camera_id: str
    track_id: str
    captured_at: datetime
    engine: str
    outcome: str
    quality: float
    whole: bool
    decision: FaceDecision

    @property
    def person_id(self) -> str | None:
        """The person that the decision names, provisionally or not; None: nobody, or somebody who is gone."""
        candidates = self.decision.ranking.candidates
        named = self.outcome in ("match", "provisional") and self.whole and candidates
        return candidates[0].person_id if named else None


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Other settings of one engine; what is None stays as each decision had it."""

    engine: str
    threshold: float | None = None
    margin: float | None = None

    def policy(self, stored: StoredDecision) -> MatchPolicy:
        """Returns the policy by which a decision would be made; another engine's has another scale, and stays."""
        before = stored.decision.policy
        if stored.engine != self.engine:
            return before
        threshold = before.threshold if self.threshold is None else self.threshold
        return replace(before, threshold=threshold, margin=before.margin if self.margin is None else self.margin)


def in_order(decisions: Iterable[StoredDecision]) -> list[StoredDecision]:
    """Returns the decisions about one track in the order in which they were made."""
    return sorted(decisions, key=lambda each: (each.decision.shot, each.captured_at, each.recognition_id))


def left_out(track: Iterable[StoredDecision]) -> str:
    """Returns why a track cannot be replayed: "remembered", "incomplete", or empty if it can."""
    found = list(track)
    if any(each.decision.reason is DecisionReason.REMEMBERED for each in found):
        return "remembered"
    gone = any(not each.whole or each.decision.reason is DecisionReason.WITHHELD for each in found)
    return "incomplete" if gone else ""


def replayed(
    track: Sequence[StoredDecision], policy: Callable[[StoredDecision], MatchPolicy]
) -> list[FaceVerdict | None] | None:
    """Replays the decisions about one track.

    Args:
        track: All decisions about it, as `in_order`; none of them is `left_out`.
        policy: Returns the policy of each.

    Returns:
        What would have been decided on each shot; None for one that would not have been asked about, since the face had
        its name. None altogether if decisions before the first are missing.
    """
    found: list[FaceVerdict | None] = []
    then: Evidence | None = None
    now: Evidence | None = None
    named = False
    for each in track:
        decision = each.decision
        if decision.agreeing != (0 if then is None else then.shots):
            if decision.agreeing:
                return None
            # The server began anew: after an interruption, or since somebody else may have been there.
            then = now = None
        stored = verdict(decision.ranking, each.quality, decision.policy, then)
        then = stored.weighed.evidence
        if named:
            found.append(None)
            continue
        changed = verdict(decision.ranking, each.quality, policy(each), now)
        now = changed.weighed.evidence
        named = changed.weighed.match is not None and stored.weighed.match is None
        found.append(changed)
    return found


@dataclass(frozen=True, slots=True)
class TrackChange:
    """A track that would have been named otherwise; None: nobody."""

    camera_id: str
    track_id: str
    captured_at: datetime
    before: str | None
    after: str | None


@dataclass(slots=True)
class WhatIfTally:
    """What other settings would have done to tracks.

    Attributes:
        tracks: Those that were replayed.
        named_before, named_after: How many of them have a name.
        gained: Named only by the other settings.
        lost: Named only by their own.
        changed: Named as somebody else.
        remembered, incomplete: Tracks that cannot be replayed: their face was remembered at the camera; or somebody
            who was compared is gone, or their first decisions are.
        right, wrong, missed: Of the tracks that a person reviewed, those whose name would be theirs, or somebody
            else's, or that would have none.
    """

    tracks: int = 0
    named_before: int = 0
    named_after: int = 0
    gained: int = 0
    lost: int = 0
    changed: int = 0
    remembered: int = 0
    incomplete: int = 0
    right: int = 0
    wrong: int = 0
    missed: int = 0

    def add(
        self, decisions: Iterable[StoredDecision], what_if: WhatIf, truth: Truth | None = None
    ) -> TrackChange | None:
        """Counts a track, of which a person said the `truth`. Returns how its name would change, or None."""
        track = in_order(decisions)
        reason = left_out(track)
        verdicts = None if reason else replayed(track, what_if.policy)
        if verdicts is None:
            self.remembered += reason == "remembered"
            self.incomplete += reason != "remembered"
            return None
        before = _last([each.person_id if each.outcome == "match" else None for each in track])
        after = _last([None if each is None else _named(each) for each in verdicts])
        self.tracks += 1
        self.named_before += before is not None
        self.named_after += after is not None
        outcome = "" if truth is None else truth.outcome(after)
        self.right += outcome == "right"
        self.wrong += outcome == "wrong"
        self.missed += outcome == "missed"
        if before == after:
            return None
        self.gained += before is None
        self.lost += after is None
        self.changed += before is not None and after is not None
        return TrackChange(track[0].camera_id, track[0].track_id, track[0].captured_at, before, after)

    def include(self, other: WhatIfTally) -> None:
        """Adds the numbers of another one."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


def _named(said: FaceVerdict) -> str | None:
    return None if said.weighed.match is None else said.weighed.match.person_id


def _last(names: Iterable[str | None]) -> str | None:
    found = [name for name in names if name is not None]
    return found[-1] if found else None
