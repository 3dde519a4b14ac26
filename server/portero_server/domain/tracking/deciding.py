"""What one answer about a face says: the rule by which the server decides, and by which it is asked "what if"."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from portero_server.domain.detection.detections import Candidate, Match, MatchPolicy, decide, ranked_people
from portero_server.domain.tracking.evidence import Evidence, Weighed, weigh

MOST_CANDIDATES = 5
"""Best candidates of an answer that are kept with its decision; what is decided needs the first two of them."""


class DecisionReason(Enum):
    """Why an answer names somebody, or nobody."""

    NAMED = "named"
    """Similar enough, and clearly more so than anybody else."""
    UNCONFIRMED = "unconfirmed"
    """A match, and not enough to name somebody: another shot must agree."""
    NOBODY = "nobody"
    """The engine found nobody alike."""
    BELOW_THRESHOLD = "below_threshold"
    """The best candidate is not similar enough."""
    TOO_CLOSE = "too_close"
    """The best candidate does not lead the next one by the margin."""
    LOOK_ALIKES = "look_alikes"
    """The best candidate is known to be easily taken for another one, and does not lead that one by enough."""
    WITHHELD = "withheld"
    """A match of somebody who may not be named: erased, blocked or without consent."""
    DEMANDED = "demanded"
    """A person said of a face at this camera, as similar to the best candidate as this one, that it is not theirs."""
    NO_FACE = "no_face"
    """The engine saw no face."""
    REMEMBERED = "remembered"
    """The face was remembered at the camera; nothing was compared with the gallery."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """What an engine answered about one shot.

    Attributes:
        candidates: In any order.
        confusable: Those of them who are known to be easily taken for the best one.
        people: How many people the face was compared with; 0: not known.
        face_found: Whether the engine saw a face.
        demanded: What the best candidate's similarity must exceed at the camera; 0: nothing.
    """

    candidates: tuple[Candidate, ...]
    confusable: frozenset[str] = frozenset()
    people: int = 0
    face_found: bool = True
    demanded: float = 0.0

    def kept(self, most: int = MOST_CANDIDATES) -> Ranking:
        """Returns the part that is kept, best first: under every policy it leads to the same decision.

        Beyond the best `most` people that is only the best confusable one, since whoever leads that one by enough leads
        all of them.
        """
        ranked = ranked_people(self.candidates)
        rivals = [index for index, (person_id, _) in enumerate(ranked) if index and person_id in self.confusable]
        places = sorted({*range(min(most, len(ranked))), *rivals[:1]})
        candidates = tuple(Candidate(ranked[place][0], "", ranked[place][1]) for place in places)
        known = frozenset(candidate.person_id for candidate in candidates)
        return Ranking(candidates, self.confusable & known, self.people, self.face_found, self.demanded)


class FaceVerdict(NamedTuple):
    """What an answer says.

    Attributes:
        match: Whom the shot shows; None: nobody who may be named.
        weighed: Who the face is by all its shots so far.
        reason: Why.
    """

    match: Match | None
    weighed: Weighed
    reason: DecisionReason

    @property
    def outcome(self) -> str:
        """The word for it: "match", "provisional", "unknown" or "no_face"; see `Recognition`."""
        if self.weighed.match is not None:
            return "match"
        if self.reason is DecisionReason.NO_FACE:
            return "no_face"
        return "unknown" if self.match is None else "provisional"


def verdict(
    ranking: Ranking,
    quality: float,
    policy: MatchPolicy,
    before: Evidence | None,
    withheld: Collection[str] = (),
) -> FaceVerdict:
    """Returns what an answer says of a face, together with the answers before it.

    Args:
        ranking: The answer.
        quality: Quality of the shot, 0..1.
        policy: Thresholds and margins on the engine's scale.
        before: What the earlier shots of the face say.
        withheld: People who may not be named.
    """
    if not ranking.face_found:
        # It says nothing about whose face it is.
        return FaceVerdict(None, Weighed(evidence=before), DecisionReason.NO_FACE)
    match = decide(ranking.candidates, policy, ranking.confusable, ranking.demanded)
    reason = DecisionReason.NAMED if match is not None else _why_nobody(ranking, policy)
    if match is not None and match.person_id in withheld:
        match, reason = None, DecisionReason.WITHHELD
    weighed = weigh(before, match, quality, ranking.people, policy)
    if match is not None and weighed.match is None:
        reason = DecisionReason.UNCONFIRMED
    return FaceVerdict(match, weighed, reason)


@dataclass(frozen=True, slots=True)
class FaceDecision:
    """What a decision about a face saw, beside the shot itself.

    Attributes:
        shot: Which shot of its track was asked about, from 1.
        face_pixels: Width of the face, pixels of the frame.
        ranking: What the engine answered, as `Ranking.kept`.
        policy: Thresholds and margins used.
        agreeing: How many shots before it said the same, so that they count with it.
        reason: Why it names somebody, or nobody.
    """

    shot: int
    face_pixels: int
    ranking: Ranking
    policy: MatchPolicy
    agreeing: int
    reason: DecisionReason


def _why_nobody(ranking: Ranking, policy: MatchPolicy) -> DecisionReason:
    ranked = ranked_people(ranking.candidates)
    if not ranked:
        return DecisionReason.NOBODY
    if ranked[0][1] < policy.threshold:
        return DecisionReason.BELOW_THRESHOLD
    if len(ranked) > 1 and ranked[0][1] - ranked[1][1] < policy.margin:
        return DecisionReason.TOO_CLOSE
    denied = ranking.demanded and ranked[0][1] <= ranking.demanded
    return DecisionReason.DEMANDED if denied else DecisionReason.LOOK_ALIKES
