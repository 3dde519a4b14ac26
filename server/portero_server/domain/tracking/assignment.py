"""Which face of a frame continues which track: by place, motion and appearance, over all faces of the frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from operator import mul

from portero_server.domain.clocks.camera_clock import FrameTime
from portero_server.domain.detection.detections import FoundFace
from portero_server.domain.detection.geometry import Box
from portero_server.domain.tracking.policy import TrackPolicy
from portero_server.domain.tracking.track import Track

_FORESEEN = 1.0
"""Most seconds for which a motion is continued: nobody walks straight on for longer."""
_APPEARANCE = 0.5
"""Weight of the appearance beside the overlap of two boxes, which is 0..1."""
_STOPPED = 0.8
"""How likely it is that somebody stops where they were, beside that they go on as they did."""
_FEW = 5
"""Faces or tracks up to which all assignments are tried; beyond, the best pairs are taken first."""
_AREA_RATIOS = (0.4, 2.5)
"""A face that is further from the size of the one before is another one, unless the boxes overlap."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which tracks the faces of a frame continue.

    Attributes:
        owner: The track of each face that continues one, by the face's index.
        crowded: Indexes of the faces that might as well continue another track, or whose track another face might.
    """

    owner: Mapping[int, Track]
    crowded: frozenset[int]


def assign(tracks: Sequence[Track], faces: Sequence[FoundFace], time: FrameTime, policy: TrackPolicy) -> Assignment:
    """Returns which face of a frame taken at `time` continues which track."""
    scores = {
        (t, f): score
        for t, track in enumerate(tracks)
        for f, face in enumerate(faces)
        if (score := kinship(track, face, time, policy)) > 0.0
    }
    pairs = _best(scores, len(tracks), len(faces))
    margin = 0.0 if policy.identity is None else policy.identity.crowd
    crowded = {
        f
        for (t, f), score in scores.items()
        if pairs.get(f) == t
        and any((t == u) != (f == g) and other > score - margin for (u, g), other in scores.items())
    }
    return Assignment({f: tracks[t] for f, t in pairs.items()}, frozenset(crowded if margin else ()))


def expected_box(track: Track, time: FrameTime) -> Box:
    """Returns where the face of a track should be at `time`, if it moves on as it did."""
    return ahead(track, min(_FORESEEN, time.since(track.time)))


def ahead(track: Track, seconds: float) -> Box:
    """Returns where the face of a track would be so many seconds after it was last seen."""
    x, y = track.velocity
    return replace(track.box, left=track.box.left + x * seconds, top=track.box.top + y * seconds)


def kinship(track: Track, face: FoundFace, time: FrameTime, policy: TrackPolicy) -> float:
    """Returns how likely a face is that of a track: 1 + IoU for overlap, 0..1 for nearness, 0 if it cannot be.

    The correlation of their patches, where both are known, is added or taken away.
    """
    expected = expected_box(track, time)
    overlap = max(expected.iou(face.box), _STOPPED * track.box.iou(face.box))
    near = 1.0 + overlap if overlap >= policy.min_iou else _nearness(expected, face.box, policy.reach)
    if near <= 0.0:
        return 0.0
    return max(0.01, near + _APPEARANCE * (resemblance(track.patch, face.patch) - 1.0))


def resemblance(before: Sequence[float], now: Sequence[float]) -> float:
    """Returns the correlation of two patches, -1..1; 1 if either is unknown."""
    if not before or not now:
        return 1.0
    return float(sum(map(mul, before, now)))


def distance(before: Box, now: Box) -> float:
    """Returns how far apart the centers of two faces are, in widths (across) or heights (down) of the larger one."""
    (x0, y0), (x1, y1) = before.center, now.center
    # Widths and heights are ratios of different sides, so each axis is measured in its own face size.
    return max(abs(x1 - x0) / max(before.width, now.width), abs(y1 - y0) / max(before.height, now.height))


def _nearness(expected: Box, now: Box, reach: float) -> float:
    ratio = now.area / expected.area if expected.area > 0 else 0.0
    if not _AREA_RATIOS[0] <= ratio <= _AREA_RATIOS[1]:
        return 0.0
    return max(0.0, 1.0 - distance(expected, now) / reach)


def _best(scores: Mapping[tuple[int, int], float], tracks: int, faces: int) -> dict[int, int]:
    """Returns the track of each face in the assignment with the largest sum of scores."""
    if max(tracks, faces) > _FEW or len(scores) < 2:
        return _greedy(scores)
    few, many = sorted((tracks, faces))
    best: tuple[float, dict[int, int]] = (0.0, {})
    for chosen in permutations(range(many), few):
        numbered = enumerate(chosen)
        pairs = [(t, f) for t, f in numbered] if tracks <= faces else [(t, f) for f, t in numbered]
        total = sum(scores.get(pair, 0.0) for pair in pairs)
        if total > best[0]:
            best = (total, {f: t for t, f in pairs if (t, f) in scores})
    return best[1]


def _greedy(scores: Mapping[tuple[int, int], float]) -> dict[int, int]:
    owner: dict[int, int] = {}
    for t, f in sorted(scores, key=lambda pair: (-scores[pair], pair)):
        if f not in owner and t not in owner.values():
            owner[f] = t
    return owner
