"""Rekognition's quality filter, based on the scores of the simulator's engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from portero_server.domain.detection.detections import FoundFace

_LEAST_FACE = 40
_FULL_HD = 1920 * 1080


@dataclass(frozen=True, slots=True)
class _Bar:
    sharpness: float
    brightness: float
    frontality: float
    confidence: float


_BARS: Mapping[str, _Bar] = MappingProxyType(
    {
        "NONE": _Bar(0.0, 0.0, 0.0, 0.0),
        "LOW": _Bar(0.2, 0.2, 0.15, 0.2),
        "MEDIUM": _Bar(0.42, 0.4, 0.35, 0.4),
        "HIGH": _Bar(0.6, 0.6, 0.5, 0.6),
    }
)
"""Least scores; Amazon does not publish its own. AUTO is the medium bar, which is what the local engine asks of a
photograph.
"""


def shortcomings(face: FoundFace, quality_filter: str, width: int, height: int) -> list[str]:
    """Returns the reasons (as in UnindexedFaces) for which a filter drops a face; empty if it passes.

    Args:
        face: As found.
        quality_filter: NONE, AUTO, LOW, MEDIUM or HIGH.
        width: Width of the image, pixels.
        height: Of the image, pixels.
    """
    if quality_filter == "NONE":
        return []
    bar = _BARS["MEDIUM" if quality_filter == "AUTO" else quality_filter]
    # 40 pixels up to full HD, and proportionally more above.
    least = _LEAST_FACE * max(1.0, (width * height / _FULL_HD) ** 0.5)
    checks = {
        "EXTREME_POSE": face.quality.frontality < bar.frontality,
        "LOW_BRIGHTNESS": face.quality.brightness < bar.brightness,
        "LOW_SHARPNESS": face.quality.sharpness < bar.sharpness,
        "LOW_CONFIDENCE": face.confidence < bar.confidence,
        "SMALL_BOUNDING_BOX": min(face.box.width * width, face.box.height * height) < least,
    }
    return [reason for reason, applies in checks.items() if applies]
