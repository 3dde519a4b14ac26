"""When it is doubtful that a track still follows the same person, and what a comparison of faces says. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import combinations

from portero_server.domain.clocks.camera_clock import FrameTime
from portero_server.domain.detection.detections import FoundFace
from portero_server.domain.detection.geometry import Box, is_cut_off
from portero_server.domain.tracking.assignment import distance, expected_box, resemblance
from portero_server.domain.tracking.policy import IdentityPolicy
from portero_server.domain.tracking.track import Track


class Doubt(Enum):
    """Why it is doubtful that a track still follows the same person."""

    RETURN = "return"
    """It is seen again after a look that should have found it and did not."""
    PAUSE = "pause"
    """Nobody looked for too long."""
    JUMP = "jump"
    """It is not where it was expected, or has another size."""
    CROWD = "crowd"
    """Two faces are so near each other that either might be it."""
    COMPANY = "company"
    """Somebody near came or went."""
    SCENE = "scene"
    """Much of the picture changed at once."""
    LIKENESS = "likeness"
    """It does not look as it did in the look before."""
    ROUTINE = "routine"
    """Nothing is doubtful, but it has stayed for long."""


UNLIKELY = frozenset({Doubt.PAUSE.value, Doubt.ROUTINE.value})
"""Doubts for which the place speaks for the same person, where no face is known to compare with."""


class Verdict(Enum):
    """What the comparison of a candidate's face with a track's says."""

    SAME = "same"
    DIFFERENT = "different"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A track whose place a face holds that may be another person's: the candidate, a track of its own until then."""

    track: Track
    candidate: Track
    doubt: Doubt


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else a look showed.

    Attributes:
        time: When the frame was taken.
        share: Share of the picture that differs from the background beyond that in the look before, -1..1.
        moved: Where faces came or went.
        min_iou: Least overlap of a face with the place where it is expected.
    """

    time: FrameTime
    share: float
    moved: Sequence[Box]
    min_iou: float


def doubt_of(
    track: Track, face: FoundFace, around: Surroundings, policy: IdentityPolicy, *, crowded: bool
) -> Doubt | None:
    """Returns why it is doubtful that a face in the place of a track is the track's, or None.

    Args:
        track: As it was in the look before.
        face: What was found in its place.
        around: What else the look showed.
        policy: Limits.
        crowded: Whether the face might as well be another track's.
    """
    since = around.time.since(track.time)
    expected = expected_box(track, around.time)
    ratio = face.box.area / track.box.area if track.box.area else math.inf
    overlap = max(expected.iou(face.box), track.box.iou(face.box))
    verified = 0.0 if track.verified is None else around.time.since(track.verified)
    reasons = (
        (track.missed, Doubt.RETURN),
        (since > policy.pause, Doubt.PAUSE),
        (around.share >= policy.scene, Doubt.SCENE),
        (crowded, Doubt.CROWD),
        (overlap < around.min_iou or not 1 / policy.jump <= ratio <= policy.jump, Doubt.JUMP),
        (any(distance(box, face.box) < policy.near for box in around.moved), Doubt.COMPANY),
        (resemblance(track.patch, face.patch) < policy.resemblance, Doubt.LIKENESS),
        (0.0 < policy.every < verified, Doubt.ROUTINE),
    )
    return next((doubt for holds, doubt in reasons if holds), None)


def covered(faces: Sequence[FoundFace], policy: IdentityPolicy) -> frozenset[int]:
    """Returns the indexes of the faces of a frame of which a part may be hidden.

    Another face may cover it, or it another one, or it reaches over the edge of the picture.
    """
    near = (
        pair
        for pair in combinations(range(len(faces)), 2)
        if distance(faces[pair[0]].box, faces[pair[1]].box) < policy.apart
    )
    outside = (index for index, face in enumerate(faces) if is_cut_off(face.box))
    return frozenset((*outside, *(index for pair in near for index in pair)))


def verdict_of(
    distances: Mapping[str, float], quality: float, attempts: int, policy: IdentityPolicy
) -> tuple[Verdict, str]:
    """Returns what a comparison says, and the nearest track.

    Args:
        distances: Distance of the candidate's face to the nearest face of each track that it may continue.
        quality: Quality of the candidate's shot, 0..1.
        attempts: Comparisons of this candidate before, none of them conclusive.
        policy: Limits.
    """
    if not distances:
        return Verdict.DIFFERENT, ""
    ranked = sorted(distances.items(), key=lambda item: (item[1], item[0]))
    nearest, least = ranked[0]
    lead = ranked[1][1] - least if len(ranked) > 1 else math.inf
    if least <= policy.perhaps and lead >= policy.lead and (least <= policy.same or attempts > 0):
        return Verdict.SAME, nearest
    last = attempts + 1 >= policy.attempts
    if last or (least > policy.perhaps and (quality >= policy.sure_quality or attempts > 0)):
        return Verdict.DIFFERENT, nearest
    return Verdict.UNSURE, nearest
