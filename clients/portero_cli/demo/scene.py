"""What the demo's camera shows, and the truth to compare with: who walks past when."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from portero_cli.demo.portraits import COLLINS, HOPPER, NOBODY, Portrait

DURATION = 36.0
"""Seconds of one play."""

VISIT_GAP = 5.0
"""The demo camera's visit gap, seconds: shorter than the pause between two visits of one person."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A person or figure that walks past the camera.

    Attributes:
        portrait: Who; None for a figure without a face.
        start, end: Seconds from the beginning of the play.
        path: Center over time, (x, y) in ratios of the picture.
        height: Height over time, ratio of the picture's.
    """

    portrait: Portrait | None
    start: float
    end: float
    path: tuple[tuple[float, float], ...]
    height: tuple[float, ...]


PASSAGES = (
    Passage(COLLINS, 1.0, 6.0, ((-0.25, 0.55), (0.35, 0.52), (0.5, 0.55), (1.25, 0.6)), (0.6, 0.7, 0.75)),
    Passage(HOPPER, 8.0, 13.0, ((1.25, 0.5), (0.6, 0.55), (0.45, 0.55), (-0.25, 0.5)), (0.8, 0.9, 0.8)),
    Passage(NOBODY, 15.0, 20.0, ((-0.25, 0.55), (0.5, 0.5), (1.25, 0.55)), (0.6, 0.7, 0.6)),
    Passage(COLLINS, 22.0, 28.0, ((-0.25, 0.6), (0.25, 0.55), (0.3, 0.55), (-0.25, 0.6)), (0.65, 0.7, 0.65)),
    Passage(HOPPER, 22.5, 28.0, ((1.25, 0.55), (0.75, 0.55), (0.7, 0.55), (1.25, 0.55)), (0.8, 0.85, 0.8)),
    Passage(None, 30.0, 34.0, ((-0.3, 0.65), (1.3, 0.65)), (0.7,)),
)


def write_scene(folder: Path) -> Path:
    """Writes the portraits and the scene's script to a folder. Returns the script for a `synthetic:` source.

    Raises:
        DemoProblem: A portrait's package is not installed.
    """
    import yaml

    files = {portrait: portrait.write(folder) for portrait in (COLLINS, HOPPER, NOBODY)}
    visits: list[dict[str, object]] = []
    for passage in PASSAGES:
        visit: dict[str, object] = {
            "start": passage.start,
            "duration": passage.end - passage.start,
            "path": [list(point) for point in passage.path],
            "height": list(passage.height),
        }
        if passage.portrait is None:
            visit["figure"] = "back_of_head"
        else:
            visit["portrait"] = files[passage.portrait].name
            visit["crop"] = list(passage.portrait.crop)
        visits.append(visit)
    script = folder / "scene.yaml"
    script.write_text(yaml.safe_dump({"duration": DURATION, "visits": visits}), encoding="utf-8")
    return script
