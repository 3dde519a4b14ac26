"""Decisions about faces: what they saw, and what other thresholds would have decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from portero_client.detections import Candidate


class DecisionReason(Enum):
    """Why a decision names somebody, or nobody; UNSPECIFIED is a reason that this client does not know."""

    UNSPECIFIED = "unspecified"
    NAMED = "named"
    UNCONFIRMED = "unconfirmed"
    NOBODY = "nobody"
    BELOW_THRESHOLD = "below_threshold"
    TOO_CLOSE = "too_close"
    LOOK_ALIKES = "look_alikes"
    WITHHELD = "withheld"
    NO_FACE = "no_face"
    REMEMBERED = "remembered"
    DEMANDED = "demanded"


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision about one shot of a face.

    Attributes:
        id: Id of the answer that it was made by.
        camera: Resource name, "cameras/{camera}".
        track_id: The track.
        capture_time: When the shot was taken, UTC.
        engine: Who answered: an engine's name, or "memory".
        outcome: "match", "provisional", "unknown" or "no_face".
        reason: Why.
        candidates: Whose the face could be, best first, without people who are gone.
        incomplete: Whether candidates are left out.
        shot: Which shot of the track was asked about, from 1.
        face_pixels: Width of the face, pixels of the frame.
        quality: Quality of the shot, 0..1.
        similarity_threshold: Least similarity of a match, 0..1, as it was then.
        margin_threshold: Least lead over the next candidate, 0..1, as it was then.
        agreeing_shots: How many shots before said the same, so that they count with it.
        demanded_similarity: What the best candidate's similarity had to exceed, since a person denied an equally
            similar face; 0: nothing.
    """

    id: str
    camera: str
    track_id: str
    capture_time: datetime
    engine: str
    outcome: str
    reason: DecisionReason
    candidates: tuple[Candidate, ...]
    incomplete: bool
    shot: int
    face_pixels: int
    quality: float
    similarity_threshold: float
    margin_threshold: float
    agreeing_shots: int
    demanded_similarity: float = 0.0


@dataclass(frozen=True, slots=True)
class WhatIfTally:
    """What thresholds would have done to tracks.

    Attributes:
        camera: Resource name, "cameras/{camera}"; empty: all cameras together.
        tracks: Tracks that were replayed.
        named_before: How many of them have a name.
        named_after: How many of them would have one.
        gained: Named only by these thresholds.
        lost: Named only by their own.
        changed: Named as somebody else.
        remembered: Not replayed: the face was remembered at the camera, and not compared with the gallery.
        incomplete: Not replayed: a candidate is gone, or the first decisions about the track are.
        reviewed_right, reviewed_wrong, reviewed_missed: Of the tracks of which a person said whose they are, or are
            not: those whose name would be right, or wrong, or that would have none.
    """

    camera: str
    tracks: int
    named_before: int
    named_after: int
    gained: int
    lost: int
    changed: int
    remembered: int
    incomplete: int
    reviewed_right: int = 0
    reviewed_wrong: int = 0
    reviewed_missed: int = 0


@dataclass(frozen=True, slots=True)
class WhatIfChange:
    """A track that would have been named otherwise.

    Attributes:
        camera: Resource name, "cameras/{camera}".
        track_id: The track.
        capture_time: When its first shot was taken, UTC.
        person_before: Who it was named, "people/{person}"; empty: nobody.
        person_after: Who it would have been named; empty: nobody.
    """

    camera: str
    track_id: str
    capture_time: datetime
    person_before: str
    person_after: str


@dataclass(frozen=True, slots=True)
class WhatIfResult:
    """What one threshold would have done.

    Attributes:
        similarity_threshold: The threshold; 0: each decision's own.
        total: All cameras together.
        cameras: Each camera, by name.
        changes: Tracks that would have been named otherwise: at most 100, and none if several thresholds are tried.
        wrong_share_low, wrong_share_high: The share of wrong names among those reviewed, 0..1, lies between, with a
            confidence of 95 %.
    """

    similarity_threshold: float
    total: WhatIfTally
    cameras: tuple[WhatIfTally, ...]
    changes: tuple[WhatIfChange, ...]
    wrong_share_low: float = 0.0
    wrong_share_high: float = 1.0


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What thresholds would have done.

    Attributes:
        results: One of each threshold, in the order asked for.
        decisions: How many decisions were replayed.
        recommended_threshold: The threshold with the most right names of which few are wrong for sure; None: too few
            names were reviewed to know.
    """

    results: tuple[WhatIfResult, ...]
    decisions: int
    recommended_threshold: float | None = None
