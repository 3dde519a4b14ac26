"""Small pictures of one person at a time before a wall, drawn once and shown by every camera.

Faces are real ones, since a paid engine's faces are found by the real detector; pictures are small and people stand
still after a moment, so that forty cameras are bounded by the quota and not by the processors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle

import cv2

from portero_bridge.sources.scene import Scene, SceneRenderer, Visit
from tests.benchmarks.visit_footage import Subject

_WIDTH, _HEIGHT = 240, 180
_COMING = ((0.40, 0.58), (0.45, 0.56), (0.5, 0.55))
"""Where somebody is in the first pictures; afterward they stand where the last one shows them."""
_TALL = 1.2
"""Height of head and shoulders as a ratio of the picture's: faces of about eighty pixels."""
_STANDING = 3
"""Pictures of somebody standing and of the wall; they differ by the sensor's noise."""


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """Who stands before a camera from `start` for `stay` seconds."""

    name: str
    start: float
    stay: float

    @property
    def end(self) -> float:
        """When nobody is there any more, seconds."""
        return self.start + self.stay


@dataclass(frozen=True, slots=True)
class _Person:
    coming: tuple[bytes, ...]
    standing: tuple[bytes, ...]


class Pictures:
    """What cameras see."""

    def __init__(self, subjects: Sequence[Subject]) -> None:
        """Draws them; strangers are left out."""
        cv2.setNumThreads(1)
        self._people = {subject.name: _drawn(subject) for subject in subjects if subject.name}
        self._wall = _jpegs(SceneRenderer(Scene((), 1.0, 1, _WIDTH, _HEIGHT)), range(_STANDING))

    @property
    def names(self) -> tuple[str, ...]:
        """Who can visit."""
        return tuple(self._people)

    def of(self, visits: Sequence[PlannedVisit], seconds: float, rate: float) -> list[bytes]:
        """Returns what one camera shows in so many seconds, `rate` frames each; visits do not overlap."""
        wall = cycle(self._wall)
        shown = [next(wall) for _ in range(int(seconds * rate))]
        for visit in visits:
            person = self._people[visit.name]
            first, last = frames_of(visit, rate)
            standing = cycle(person.standing)
            for index in range(first, min(last, len(shown))):
                step = index - first
                shown[index] = person.coming[step] if step < len(person.coming) else next(standing)
        return shown


def frames_of(visit: PlannedVisit, rate: float) -> tuple[int, int]:
    """Returns the first frame that shows a visit, and the first after it."""
    return round(visit.start * rate), round(visit.end * rate)


def _drawn(subject: Subject) -> _Person:
    file, crop = subject.shown[0]
    places = _COMING + _COMING[-1:] * (_STANDING + 1)
    visit = Visit(file, 0.0, len(places) - 1.0, places, (_TALL,), crop)
    drawn = _jpegs(SceneRenderer(Scene((visit,), visit.duration, 1, _WIDTH, _HEIGHT)), range(len(places) - 1))
    return _Person(drawn[: len(_COMING)], drawn[len(_COMING) :])


def _jpegs(renderer: SceneRenderer, times: range) -> tuple[bytes, ...]:
    files = []
    for time in times:
        done, data = cv2.imencode(".jpg", renderer.render(float(time)), [cv2.IMWRITE_JPEG_QUALITY, 85])
        assert done
        files.append(data.tobytes())
    return tuple(files)
