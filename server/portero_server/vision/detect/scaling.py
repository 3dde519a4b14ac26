"""At which scale a picture is searched: as small as the narrowest face that is asked for allows."""

from __future__ import annotations

import math

from portero_server.domain.detection.detections import DetectPolicy
from portero_server.vision.detect.finder import FinderTraits

# Shorter side of the picture in which very large faces are searched: a tenth of the first search's cost, or less.
_LARGE_SIDE = 200.0


def look_scale(policy: DetectPolicy, traits: FinderTraits, pixels: int, *, thorough: bool) -> float:
    """Returns the scale at which to search, so that the face asked for is as wide as the finder needs.

    That holds at any resolution, until a search would take more pixels than allowed.

    Args:
        policy: What is asked for.
        traits: What the finder needs.
        pixels: Number of pixels of the part to search.
        thorough: Whether small faces are asked for.
    """
    face = policy.min_face if thorough else max(policy.min_face, policy.quick_face or traits.quick_face)
    most = policy.most_pixels or traits.most_pixels
    return min(traits.least_face / face, math.sqrt(most / pixels))


def large_face_scale(traits: FinderTraits, scale: float, width: int, height: int) -> float | None:
    """Returns the scale of a second, far cheaper search for faces too large for the first; None if none can be.

    Args:
        traits: What the finder needs.
        scale: Scale of the first search.
        width: Width of the part to search, pixels.
        height: Height of the part to search, pixels.
    """
    # No face is wider than the shorter side, or it is not seen whole.
    side = min(width, height)
    if traits.most_face is None or side * scale <= traits.most_face:
        return None
    return _LARGE_SIDE / side


def least_face(policy: DetectPolicy, traits: FinderTraits, width: int, height: int) -> float:
    """Returns the narrowest face, in pixels, that a thorough look at a frame of `width` x `height` finds."""
    return traits.least_face / look_scale(policy, traits, width * height, thorough=True)
