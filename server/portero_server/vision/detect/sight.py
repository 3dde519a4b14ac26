"""What a detector can see: the narrowest face in pixels, and how far away a person may stand."""

from __future__ import annotations

import math
from dataclasses import dataclass

from portero_server.domain.detection.detections import DetectPolicy
from portero_server.vision.detect.finder import FinderTraits
from portero_server.vision.detect.scaling import least_face, look_scale

FRAME_SIZES = ((640, 360), (640, 480), (960, 540), (1280, 720), (1920, 1080), (3840, 2160))
"""What cameras send, width x height in pixels."""

_FACE_WIDTH = 0.15
"""Meters across that the box of a grown-up's face covers."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What is seen in frames of one size.

    Attributes:
        width: Width of the frame, pixels.
        height: Height of the frame, pixels.
        found: Narrowest face that a thorough look finds, pixels.
        named: Narrowest face that may be named, pixels.
        searched: Pixels of a search of the whole frame, after scaling.
        found_to: Farthest distance at which a face is found, meters.
        named_to: Farthest distance at which a face may be named, meters.
    """

    width: int
    height: int
    found: int
    named: int
    searched: int
    found_to: float
    named_to: float


def sight(policy: DetectPolicy, traits: FinderTraits, width: int, height: int, lens: float) -> Sight:
    """Returns what is seen in frames of a size, through a lens that covers `lens` degrees across (1 to 179)."""
    found = math.ceil(least_face(policy, traits, width, height))
    named = max(found, policy.min_named)
    scale = look_scale(policy, traits, width * height, thorough=True)
    return Sight(
        width,
        height,
        found,
        named,
        round(width * height * scale * scale),
        distance(found, width, lens),
        distance(named, width, lens),
    )


def distance(face: float, width: int, lens: float) -> float:
    """Returns how many meters away a face is that is `face` pixels wide in the middle of a frame."""
    return _FACE_WIDTH * width / (2.0 * math.tan(math.radians(lens) / 2.0) * face)
