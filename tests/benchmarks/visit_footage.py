"""Footage of visits with ground truth: who is before the camera when and where, drawn from portraits."""

from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from portero_bridge.sources.scene import Scene, SceneRenderer, Visit
from portero_cli.demo.portraits import COLLINS, HOPPER
from portero_server.vision.detect.face_detector import FaceDetector
from portero_server.vision.detect.hog import HogFinder

_WIDTH, _HEIGHT = 640, 480
_PICTURES = {".jpg", ".jpeg", ".png"}
# Lanes in which people walk side by side, as ratios of the width.
_LANES = {1: (0.5,), 2: (0.3, 0.7), 3: (0.18, 0.5, 0.82)}
_HEIGHTS = {1: (0.5, 0.9), 2: (0.45, 0.75), 3: (0.45, 0.6)}
_GAMMAS = (0.7, 0.85, 1.0, 1.2, 1.4)


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody who visits.

    Attributes:
        name: Id of the person; empty for a stranger.
        enrolled: Photographs to enroll.
        shown: What the camera sees: a portrait and the part of it to show.
    """

    name: str
    enrolled: tuple[Path, ...]
    shown: tuple[tuple[Path, tuple[float, float, float, float]], ...]


@dataclass(frozen=True, slots=True)
class TrueVisit:
    """A visit as it was drawn; `visit` tells when and where."""

    name: str
    visit: Visit


@dataclass(frozen=True, slots=True)
class Footage:
    """What one camera shows: visits, and JPEG files at `rate` a second."""

    visits: tuple[TrueVisit, ...]
    rate: float
    frames: tuple[bytes, ...]


def public_subjects(folder: Path) -> list[Subject]:
    """Returns the two public-domain portraits, and strangers: averages of twenty small faces that belong to no one."""
    from skimage import data, io, transform

    subjects = []
    for portrait in (COLLINS, HOPPER):
        file = portrait.write(folder)
        subjects.append(Subject(str(portrait.name).lower().replace(" ", "-"), (file,), ((file, portrait.crop),)))
    for first in (20, 60):
        gray = transform.resize(data.lfw_subset()[first : first + 20].mean(axis=0), (300, 300), order=3)
        padded = np.pad(gray, ((60, 60), (80, 80)), mode="edge")
        file = folder / f"stranger-{first}.png"
        io.imsave(file, np.repeat((padded.clip(0, 1) * 255).astype(np.uint8)[:, :, None], 3, 2), check_contrast=False)
        subjects.append(Subject("", (), ((file, (0.0, 0.0, 1.0, 1.0)),)))
    return subjects


def folder_subjects(folder: Path, strangers: int, photos: int = 1) -> list[Subject]:
    """Returns the people of a folder, one folder each; the last ones are not enrolled.

    Of those enrolled, the first `photos` pictures are learned and the others are shown (or all, when there are none).
    """
    found = []
    for person in sorted(path for path in folder.iterdir() if path.is_dir()):
        files = sorted(path for path in person.iterdir() if path.suffix.lower() in _PICTURES)
        shown = [(file, crop) for file in files if (crop := _head(file)) is not None]
        if shown:
            found.append((person.name, shown))
    known = found[: len(found) - strangers]
    return [
        Subject(name, tuple(file for file, _ in shown[:photos]), tuple(shown[photos:] or shown))
        for name, shown in known
    ] + [Subject("", (), tuple(shown)) for _, shown in found[len(known) :]]


def make_footage(
    subjects: Sequence[Subject], folder: Path, *, cameras: int, visits: int, rate: float, seed: int
) -> list[Footage]:
    """Draws footage for several cameras, in two processes.

    Args:
        subjects: Who comes.
        folder: Where portraits in other light are written.
        cameras: How many.
        visits: How many visits each shows, at least.
        rate: Frames a second.
        seed: Of everything drawn by chance.
    """
    chance = random.Random(seed)
    scripts = [_script(subjects, folder, visits, chance, camera) for camera in range(cameras)]
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        frames = list(pool.map(partial(_draw, rate=rate), scripts))
    return [Footage(tuple(script.truth), rate, tuple(drawn)) for script, drawn in zip(scripts, frames, strict=True)]


@dataclass(frozen=True, slots=True)
class _Script:
    truth: tuple[TrueVisit, ...]
    scene: Scene
    light: tuple[float, ...]


def _script(subjects: Sequence[Subject], folder: Path, visits: int, chance: random.Random, seed: int) -> _Script:
    truth: list[TrueVisit] = []
    start = 1.0
    # Everybody comes equally often, and nobody twice at once.
    queue: list[Subject] = []
    while len(truth) < visits:
        together = chance.choice((1, 1, 2, 3))
        group: list[Subject] = []
        while len(group) < together:
            if not queue:
                queue = chance.sample(list(subjects), len(subjects))
            candidate = next((subject for subject in queue if subject not in group), None)
            if candidate is None:
                break
            queue.remove(candidate)
            group.append(candidate)
        length = 0.0
        for lane, subject in zip(_LANES[len(group)], group, strict=True):
            late, stay = chance.uniform(0.0, 0.8), chance.uniform(3.0, 5.0)
            truth.append(TrueVisit(subject.name, _visit(subject, folder, start + late, stay, lane, len(group), chance)))
            length = max(length, late + stay)
        # Longer than the camera's visit gap, so that each visit is a sighting of its own; doors are quiet far longer.
        start += length + chance.uniform(4.0, 6.0)
    duration = start + 0.5
    light = tuple(chance.uniform(0.75, 1.2) for _ in range(int(duration / 20) + 2))
    return _Script(tuple(truth), Scene(tuple(each.visit for each in truth), duration, seed), light)


def _visit(
    subject: Subject, folder: Path, start: float, stay: float, lane: float, together: int, chance: random.Random
) -> Visit:
    file, crop = chance.choice(subject.shown)
    lit = _lit(file, folder, chance.choice(_GAMMAS))
    height = chance.uniform(*_HEIGHTS[together])
    side = chance.choice((-0.35, 1.35)) if together == 1 else lane
    drift = chance.uniform(-0.03, 0.03)
    path: tuple[tuple[float, float], ...] = ((lane, 0.55), (lane + drift, 0.52), (lane, 0.55))
    if together == 1:
        path = ((side, 0.55), *path, (1.0 - side if chance.random() < 0.5 else side, 0.55))
    return Visit(lit, start, stay, path, (height * 0.9, height, height * 0.95), crop)


def _lit(file: Path, folder: Path, gamma: float) -> Path:
    """Writes a portrait in other light and gives its file."""
    lit = folder / f"{file.parent.name}-{file.stem}-{gamma}.png"
    if not lit.exists():
        table = (255 * (np.arange(256) / 255) ** gamma).astype(np.uint8)
        picture = np.asarray(cv2.imread(str(file), cv2.IMREAD_COLOR), np.uint8)
        cv2.imwrite(str(lit), cv2.LUT(picture, table))
    return lit


def _draw(script: _Script, rate: float) -> list[bytes]:
    cv2.setNumThreads(1)
    renderer = SceneRenderer(script.scene)
    frames = []
    lights = list(pairwise(script.light))
    for index in range(int(script.scene.duration * rate)):
        time = index / rate
        before, after = lights[int(time / 20)]
        gain = before + (after - before) * (time % 20) / 20
        picture = cv2.convertScaleAbs(renderer.render(time), alpha=gain)
        done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])
        assert done
        frames.append(data.tobytes())
    return frames


def _head(file: Path) -> tuple[float, float, float, float] | None:
    """Returns head and shoulders of a portrait's largest face; None when there is none."""
    picture = cv2.imread(str(file), cv2.IMREAD_COLOR)
    faces = FaceDetector(HogFinder()).find(np.asarray(picture, np.uint8), thorough=True)
    if not faces:
        return None
    box = faces[0].box.padded(0.7)
    return (box.left, box.top, box.width, box.height)
