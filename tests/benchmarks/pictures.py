"""Frames to push: scenes drawn with a fixed seed and the noise of a camera's sensor."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Scene = Literal["still", "moving", "identical"]
SIZES = {"vga": (640, 480), "720p": (1280, 720)}


def scene_files(folder: Path, scene: Scene, size: str, count: int = 24) -> tuple[str, ...]:
    """Writes the frames of a scene and gives their files, in order.

    "still": nothing moves but the noise. "moving": a bright patch crosses the picture. "identical": one file.
    """
    width, height = SIZES[size]
    random = np.random.default_rng(7)
    ground = _ground(random, width, height)
    files = []
    for index in range(1 if scene == "identical" else count):
        picture = ground.copy()
        if scene == "moving":
            left = index * (width - height // 4) // count
            top = height // 3
            picture[top : top + height // 4, left : left + height // 4] = (200, 210, 220)
        noisy = np.clip(picture + random.normal(0.0, 2.5, picture.shape), 0, 255).astype(np.uint8)
        files.append(_written(folder / f"{scene}-{size}-{index:03}.jpg", noisy))
    return tuple(files)


def sized_file(folder: Path, size: int = 60_000) -> str:
    """Writes one VGA frame of about `size` bytes and gives its file; comments pad it to the byte."""
    random = np.random.default_rng(7)
    path = folder / f"sized-{size}.jpg"
    name = _written(path, _ground(random, 640, 480).astype(np.uint8))
    jpeg = path.read_bytes()
    padding = size - len(jpeg) - 4
    if padding < 0:
        raise ValueError(f"the frame is larger than {size} bytes")
    comment = b"\xff\xfe" + (padding + 2).to_bytes(2, "big") + bytes(padding)
    path.write_bytes(jpeg[:2] + comment + jpeg[2:])
    return name


def _ground(random: np.random.Generator, width: int, height: int) -> NDArray[np.float64]:
    coarse = random.uniform(10.0, 50.0, (height // 32 + 1, width // 32 + 1, 3))
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))


def _written(path: Path, picture: NDArray[np.uint8]) -> str:
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])
    assert done
    path.write_bytes(data.tobytes())
    return str(path)
