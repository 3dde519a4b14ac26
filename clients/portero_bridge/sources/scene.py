"""Renders artificial camera pictures: portraits and figures that walk past a wall.

Deterministic: the same scene at the same time is the same picture, including noise.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from portero_bridge.errors import SettingsError
from portero_bridge.images.opencv import Pixels, cv2

WHOLE = (0.0, 0.0, 1.0, 1.0)
"""A crop that takes everything: left, top, width and height in ratios."""

# Fields of noise that pictures draw from; shifted at random, so that no two pictures share theirs.
_NOISE_FIELDS = 4
_NOISE_DEVIATION = 2.0
# Sprites are kept at this height, pixels, and scaled from there.
_SPRITE_HEIGHT = 480
_SPRITE_SIZES = 4
# Share of a portrait's sides over which it melts into the background.
_FEATHER = 0.12


class Figure(StrEnum):
    """Subjects that can be drawn without a photograph; none of them has a face."""

    BACK_OF_HEAD = "back_of_head"
    DISC = "disc"
    BOX = "box"


@dataclass(frozen=True, slots=True)
class Visit:
    """A person or object that enters and leaves the picture.

    Attributes:
        subject: A portrait's file, or a figure.
        start: When it appears, seconds.
        duration: How long it stays, seconds, more than 0.
        path: Where its center is, (x, y) in ratios of the picture, at equal parts of the duration; points
            outside 0..1 are off the picture.
        height: Its height in ratios of the picture's, at equal parts of the duration.
        crop: The part of the portrait to show: left, top, width, height in ratios.
    """

    subject: Path | Figure
    start: float
    duration: float
    path: tuple[tuple[float, float], ...]
    height: tuple[float, ...] = (0.6,)
    crop: tuple[float, float, float, float] = WHOLE

    def is_present(self, time: float) -> bool:
        """Whether the subject is in the picture at a time, seconds."""
        return self.start <= time < self.start + self.duration

    def placement(self, time: float) -> tuple[float, float, float]:
        """Returns the subject's center and height at a time, in ratios of the picture."""
        share = (time - self.start) / self.duration
        points = np.array(self.path)
        return (
            _along(share, points[:, 0]),
            _along(share, points[:, 1]),
            _along(share, np.array(self.height)),
        )


@dataclass(frozen=True, slots=True)
class Scene:
    """Visits before one background.

    Attributes:
        visits: Who comes; later ones are in front.
        duration: When the scene ends, seconds.
        seed: Chooses the background and the noise.
        width: Pixels.
        height: Pixels.
    """

    visits: tuple[Visit, ...]
    duration: float
    seed: int = 0
    width: int = 640
    height: int = 480


@dataclass(frozen=True, slots=True)
class _Sprite:
    """A picture with an opacity per pixel, 0..1."""

    pixels: NDArray[np.float32]
    alpha: NDArray[np.float32]

    def halved(self) -> "_Sprite":
        """Returns the sprite at half the size, smoothed."""
        return _Sprite(
            np.asarray(cv2.pyrDown(self.pixels), np.float32), np.asarray(cv2.pyrDown(self.alpha), np.float32)
        )


class SceneRenderer:
    """Draws the pictures of a scene.

    Args:
        scene: What to draw.

    Raises:
        SettingsError: A portrait cannot be read.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        random = np.random.default_rng(scene.seed)
        self._background = _wall(scene, random)
        shape = (_NOISE_FIELDS, scene.height, scene.width, 3)
        self._noise = random.normal(0, _NOISE_DEVIATION, shape).astype(np.float32)
        self._sprites = [_pyramid(_sprite(visit)) for visit in scene.visits]

    def render(self, time: float) -> Pixels:
        """Draws the picture at a time, seconds from the beginning; height x width x 3, BGR."""
        picture = self._background.copy()
        for visit, sizes in zip(self._scene.visits, self._sprites, strict=True):
            if visit.is_present(time):
                x, y, height = visit.placement(time)
                # The smallest that need not be enlarged: shrinking much in one step would leave a grain.
                rows = height * self._scene.height
                sprite = next((size for size in sizes if len(size.alpha) >= rows), sizes[-1])
                _blend(picture, sprite, x, y, height)
        random = np.random.default_rng((self._scene.seed, round(time * 1_000_000)))
        shift = (int(random.integers(self._scene.height)), int(random.integers(self._scene.width)))
        noise = np.roll(self._noise[random.integers(_NOISE_FIELDS)], shift, axis=(0, 1))
        return np.asarray(np.clip(picture + noise, 0, 255), np.uint8)


_in_use: WeakValueDictionary[Scene, SceneRenderer] = WeakValueDictionary()


def renderer_of(scene: Scene) -> SceneRenderer:
    """Returns a scene's renderer, shared by all cameras that play the scene: at 640 x 480 its pictures take 30 MB.

    Raises:
        SettingsError: A portrait cannot be read.
    """
    renderer = _in_use.get(scene)
    if renderer is None:
        renderer = _in_use[scene] = SceneRenderer(scene)
    return renderer


def _along(share: float, values: NDArray[np.float64]) -> float:
    return float(np.interp(share * (len(values) - 1), np.arange(len(values)), values))


def _wall(scene: Scene, random: np.random.Generator) -> NDArray[np.float32]:
    """Returns a wall with soft stains and a floor, so that no part of the picture has a uniform color."""
    size = (scene.width, scene.height)
    stains = cv2.resize(random.normal(0, 9, (6, 8, 3)).astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
    light = np.linspace(20, -20, scene.height, dtype=np.float32)[:, None, None]
    wall = np.asarray(stains, np.float32) + light + random.uniform(130, 170, 3).astype(np.float32)
    wall[int(scene.height * 0.9) :] -= 40
    return wall.astype(np.float32)


def _pyramid(sprite: _Sprite) -> list[_Sprite]:
    """Returns a sprite in several sizes, smallest first."""
    sizes = [sprite]
    for _ in range(_SPRITE_SIZES - 1):
        sizes.insert(0, sizes[0].halved())
    return sizes


def _sprite(visit: Visit) -> _Sprite:
    if isinstance(visit.subject, Figure):
        return _figure(visit.subject)
    portrait = cv2.imread(str(visit.subject), cv2.IMREAD_COLOR)
    if portrait is None:
        raise SettingsError(f"portrait {visit.subject.name} is missing or not an image")
    height, width = portrait.shape[:2]
    left, top, right, bottom = (
        round(visit.crop[0] * width),
        round(visit.crop[1] * height),
        round((visit.crop[0] + visit.crop[2]) * width),
        round((visit.crop[1] + visit.crop[3]) * height),
    )
    cut = portrait[top:bottom, left:right]
    scale = _SPRITE_HEIGHT / cut.shape[0]
    size = (max(1, round(cut.shape[1] * scale)), _SPRITE_HEIGHT)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    pixels = np.asarray(cv2.resize(cut, size, interpolation=method), np.float32)
    return _Sprite(pixels, _feathered(size))


def _feathered(size: tuple[int, int]) -> NDArray[np.float32]:
    """Returns a mask that is 1 inside and falls smoothly to 0 at the edges."""
    ramps = []
    for length in size:
        edge = np.minimum(np.arange(length), np.arange(length)[::-1]) / (_FEATHER * length)
        ramps.append(np.clip(edge, 0, 1) ** 2 * (3 - 2 * np.clip(edge, 0, 1)))
    return np.outer(ramps[1], ramps[0]).astype(np.float32)


def _figure(figure: Figure) -> _Sprite:
    height, width = _SPRITE_HEIGHT, _SPRITE_HEIGHT * 3 // 4
    pixels = np.zeros((height, width, 3), np.float32)
    alpha = np.zeros((height, width), np.float32)
    if figure is Figure.DISC:
        pixels[:] = (60, 150, 200)
        cv2.circle(alpha, (width // 2, height // 2), width // 2 - 8, 1.0, -1)
    elif figure is Figure.BOX:
        pixels[:] = (170, 110, 60)
        cv2.rectangle(alpha, (12, 12), (width - 12, height - 12), 1.0, -1)
    else:
        pixels[:] = (70, 60, 110)
        cv2.ellipse(alpha, (width // 2, height), (width * 9 // 20, height // 2), 0, 0, 360, 1.0, -1)
        cv2.ellipse(alpha, (width // 2, height * 3 // 10), (width // 5, height // 5), 0, 0, 360, 1.0, -1)
        cv2.ellipse(pixels, (width // 2, height * 3 // 10), (width // 5, height // 5), 0, 0, 360, (35, 45, 60), -1)
    return _Sprite(pixels, np.asarray(cv2.GaussianBlur(alpha, (0, 0), 3), np.float32))


def _blend(picture: NDArray[np.float32], sprite: _Sprite, x: float, y: float, height: float) -> None:
    """Draws a sprite over the picture, centered at (x, y) with subpixel precision, so that it moves smoothly."""
    rows, columns = picture.shape[:2]
    scale = height * rows / sprite.alpha.shape[0]
    left = x * columns - scale * sprite.alpha.shape[1] / 2
    top = y * rows - scale * sprite.alpha.shape[0] / 2
    first = (max(0, int(left)), max(0, int(top)))
    last = (
        min(columns, int(left + scale * sprite.alpha.shape[1]) + 2),
        min(rows, int(top + scale * sprite.alpha.shape[0]) + 2),
    )
    if first[0] >= last[0] or first[1] >= last[1]:
        return
    place = np.array([[scale, 0, left - first[0]], [0, scale, top - first[1]]], np.float32)
    size = (last[0] - first[0], last[1] - first[1])
    pixels = cv2.warpAffine(sprite.pixels, place, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.warpAffine(sprite.alpha, place, size, flags=cv2.INTER_LINEAR)[..., None]
    part = picture[first[1] : last[1], first[0] : last[0]]
    part += alpha * (pixels - part)
