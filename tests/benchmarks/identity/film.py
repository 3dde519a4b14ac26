"""Draws a situation with its cast: frames as JPEG files, and who is in each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from portero_bridge.images.opencv import Pixels
from portero_bridge.sources.scene import Figure, Scene, SceneRenderer, Visit
from tests.benchmarks.identity.people import Player
from tests.benchmarks.identity.script import Part, Pose, Situation, Stance
from tests.benchmarks.identity.staging import Staging
from tests.benchmarks.identity.truth import Truth

_STEP = 0.1
"""Seconds between the points of a path, and for which a head that turns is drawn the same."""
# Where the head is in the figure that stands for the back of one, and how high, in ratios of the figure.
_HEAD_Y, _HEAD_HEIGHT = 0.3, 0.4
# A head is so many times as high as its face.
_HEAD_OF_FACE = 1.3


@dataclass(frozen=True, slots=True)
class Take:
    """One film to be made.

    Attributes:
        situation: What happens.
        cast: Who plays whom, by role.
        size: Width and height, pixels.
        rate: Frames a second.
        seed: Of walls and noise.
    """

    situation: Situation
    cast: Mapping[str, Player]
    size: tuple[int, int]
    rate: float
    seed: int

    @property
    def staging(self) -> Staging:
        """Where everybody is."""
        return Staging(self.situation, {role: player.look for role, player in self.cast.items()}, self.size, self.rate)

    @property
    def truth(self) -> Truth:
        """Who is in each frame."""
        enrolled = frozenset(player.key for player in self.cast.values() if player.photos)
        return self.staging.truth({role: player.key for role, player in self.cast.items()}, enrolled)


def frames(take: Take, folder: Path) -> Iterator[bytes]:
    """Returns the frames of a film as JPEG files; portraits of heads that turn are written to a folder."""
    cv2.setNumThreads(1)
    camera, width = take.situation.camera, take.size[0]
    staging, reach = take.staging, 1.0 + take.situation.camera.reach
    rooms = [SceneRenderer(_room(take, number, reach, folder)) for number in range(len(camera.cuts) + 1)]
    last: tuple[float, bytes] | None = None
    for index in range(staging.frames):
        time = camera.scene_time(index * staging.interval, staging.interval)
        if last is None or last[0] != time:
            wide = rooms[camera.room(time)].render(time)
            left = min(round(camera.left(time) * width), wide.shape[1] - width)
            picture = _jolted(wide[:, left : left + width], camera.jolt(time))
            lit = np.asarray(cv2.convertScaleAbs(picture, alpha=camera.brightness(time)), np.uint8)
            last = (time, _encoded(lit))
        yield last[1]


def _room(take: Take, number: int, reach: float, folder: Path) -> Scene:
    camera, staging = take.situation.camera, take.staging
    parts = [part for part in take.situation.parts if camera.room(part.begin) == number]
    visits = [visit for part in parts for visit in _visits(take, staging, part, reach, folder)]
    width, height = take.size
    return Scene(tuple(visits), take.situation.seconds, take.seed * 10 + number, round(width * reach), height)


def _visits(take: Take, staging: Staging, part: Part, reach: float, folder: Path) -> list[Visit]:
    """Returns a part as visits of the renderer: one, or one for each step of a head that turns."""
    edges = [part.begin]
    if part.pose is not Pose.FACING:
        begin, end = part.posed
        edges += [begin + _STEP * step for step in range(round((end - begin) / _STEP) + 1)]
    edges.append(part.end)
    return [
        _visit(take, staging, part, begin, end, reach, folder) for begin, end in pairwise(edges) if end - begin > 1e-6
    ]


def _visit(take: Take, staging: Staging, part: Part, begin: float, end: float, reach: float, folder: Path) -> Visit:
    stance = part.stance((begin + end) / 2)
    points = max(2, round((end - begin) / _STEP) + 1)
    # Not the very end, where a head that turns is seen otherwise already.
    times = np.linspace(begin, end - 1e-6, points)
    path, heights = [], []
    for time in times:
        drawn = staging.drawn(part, float(time))
        box = drawn.sprite
        if stance.back:
            head = _HEAD_OF_FACE * drawn.face.height / _HEAD_HEIGHT
            path.append((drawn.face.x / reach, drawn.face.y + (0.5 - _HEAD_Y) * head))
            heights.append(head)
        else:
            path.append((box.x / reach, box.y))
            heights.append(box.height)
    subject = Figure.BACK_OF_HEAD if stance.back else _posed(take.cast[part.role].portrait, stance, folder)
    return Visit(subject, begin, end - begin, tuple(path), tuple(heights))


def _posed(portrait: Path, stance: Stance, folder: Path) -> Path:
    """Writes a portrait that is narrower or lower, and returns its file."""
    squeeze = round(stance.across / stance.down, 3)
    if squeeze == 1.0:
        return portrait
    file = folder / f"{portrait.stem}-{squeeze:.3f}.png"
    if not file.exists():
        picture = np.asarray(cv2.imread(str(portrait), cv2.IMREAD_COLOR), np.uint8)
        narrow = cv2.resize(picture, None, fx=squeeze, fy=1.0, interpolation=cv2.INTER_AREA)
        unfinished = file.with_suffix(f".{np.random.default_rng().integers(1 << 30)}.png")
        cv2.imwrite(str(unfinished), narrow)
        unfinished.rename(file)
    return file


def _jolted(picture: Pixels, jolt: tuple[float, float]) -> Pixels:
    if jolt == (0.0, 0.0):
        return picture
    height, width = picture.shape[:2]
    moved = np.array([[1, 0, jolt[0] * width], [0, 1, jolt[1] * height]], np.float32)
    return np.asarray(cv2.warpAffine(picture, moved, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _encoded(picture: Pixels) -> bytes:
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])
    assert done
    return data.tobytes()
