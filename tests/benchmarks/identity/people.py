"""Who plays: public-domain portraits, faces that belong to nobody, or the people of a folder."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from portero_bridge.images.opencv import Pixels
from portero_cli.demo.portraits import COLLINS, HOPPER
from portero_server.domain.detection.detections import FoundFace
from portero_server.domain.detection.geometry import Box
from portero_server.engines.base import PhotoRefused
from portero_server.engines.local import encoder
from portero_server.engines.local.encoder import FacePatch
from portero_server.engines.local.photos import PhotoFaces
from portero_server.vision.crops import crop_face
from portero_server.vision.detect.choice import choose_finder
from portero_server.vision.detect.face_detector import FaceDetector
from portero_server.vision.detect.options import DetectorOptions
from tests.benchmarks.identity.staging import Look
from tests.benchmarks.identity.truth import Place

APART = 0.64
"""Least distance of two players' encodings: those who are nearer to one before them do not play."""

_ROOM = 0.65
"""What is shown around a face, in its own sizes: enough for a detector, little enough not to hide a neighbor."""
_OF_EACH = 2
"""How many faces of 25 x 25 pixels are averaged to one that is nobody's."""
_MADE_UP = (62, 70, 74, 72, 50, 60, 26)
"""Where in the collection the averaged faces begin: of all averages of two, the most that are as far apart."""
_SIDE = 300
_ENROLLED = 5
"""So many are enrolled, if their photos are clear enough: twenty ordered pairs. The others are strangers."""
_PICTURES = {".jpg", ".jpeg", ".png"}


@dataclass(frozen=True, slots=True)
class Player:
    """Somebody who is shown.

    Attributes:
        key: Id of the person; of a stranger, who it is for the truth.
        photos: To enroll; empty for a stranger.
        portrait: What the camera sees: head and shoulders.
        look: The geometry of the portrait.
    """

    key: str
    photos: tuple[Path, ...]
    portrait: Path
    look: Look


@dataclass(frozen=True, slots=True)
class Company:
    """Everybody who may play."""

    enrolled: tuple[Player, ...]
    strangers: tuple[Player, ...]

    def casts(self, count: int, seed: int) -> list[Mapping[str, Player]]:
        """Returns so many casts: who plays A, B, C, S and T. Ordered pairs of A and B come before they are repeated."""
        chance = random.Random(seed)
        pairs, others = (list(itertools.permutations(players, 2)) for players in (self.enrolled, self.strangers))
        chance.shuffle(pairs)
        chance.shuffle(others)
        casts: list[Mapping[str, Player]] = []
        for number in range(count):
            a, b = pairs[number % len(pairs)]
            rest = [player for player in self.enrolled if player not in (a, b)]
            s, t = others[number % len(others)]
            casts.append({"A": a, "B": b, "C": rest[number % len(rest)], "S": s, "T": t})
        return casts


def public_company(folder: Path) -> Company:
    """Returns the public-domain portraits and faces that are nobody's: averages of small ones.

    The first five are enrolled, the others are strangers.
    """
    photos = [(str(each.name).lower().replace(" ", "-"), each.write(folder)) for each in (COLLINS, HOPPER)]
    photos += [(f"nobody-{first}", _made_up(first, folder)) for first in _MADE_UP]
    return _company([(key, (file,), file) for key, file in photos], folder)


def folder_company(dataset: Path, folder: Path) -> Company:
    """Returns the people of a folder, one folder each: the first picture is enrolled, the last one is shown.

    The strangers are faces that are nobody's.
    """
    found = []
    for person in sorted(path for path in dataset.iterdir() if path.is_dir()):
        files = sorted(path for path in person.iterdir() if path.suffix.lower() in _PICTURES)
        if files:
            found.append((person.name, (files[0],), files[-1]))
    known = [player(*each, folder) for each in found]
    players = _distinct([*known, *public_company(folder).strangers])
    return Company(
        tuple(player for player in players if player.photos), tuple(player for player in players if not player.photos)
    )


def _company(photos: Sequence[tuple[str, tuple[Path, ...], Path]], folder: Path) -> Company:
    judge = PhotoFaces(DetectorOptions())
    enrolled: list[Player] = []
    strangers: list[Player] = []
    for one in _distinct([player(*each, folder) for each in photos]):
        if len(enrolled) < _ENROLLED and _can_be_enrolled(one, judge):
            enrolled.append(one)
        else:
            strangers.append(Player(one.key, (), one.portrait, one.look))
    return Company(tuple(enrolled), tuple(strangers))


def player(key: str, photos: tuple[Path, ...], photo: Path, folder: Path) -> Player:
    """Cuts a face with its surroundings out of a photo, to be shown."""
    picture = _read(photo)
    height, width = picture.shape[:2]
    box = _face(picture).box
    cut = box.padded(_ROOM)
    left, top, right, bottom = cut.to_pixels(width, height)
    portrait = folder / f"shown-{key}.png"
    cv2.imwrite(str(portrait), picture[top:bottom, left:right])
    within = box.relative_to(cut)
    face = Place(*within.center, within.width, within.height)
    return Player(key, photos, portrait, Look((right - left) / (bottom - top), face))


def _made_up(first: int, folder: Path) -> Path:
    """Writes the average of some small faces, with more contrast, as a photograph."""
    from skimage import data, transform

    small = data.lfw_subset()[first : first + _OF_EACH].mean(axis=0)
    gray = np.pad(transform.resize(small, (_SIDE, _SIDE), order=3), ((60, 60), (80, 80)), mode="edge")
    darkest, brightest = np.percentile(gray, (2, 98))
    clear = (gray - darkest) / (brightest - darkest) * 0.8 + 0.1
    clear += 0.8 * (clear - cv2.GaussianBlur(clear, (0, 0), 6))
    # Of the color of light skin, so that the pictures are not gray.
    color = np.array((0.76, 0.86, 1.0))
    file = folder / f"nobody-{first}.png"
    cv2.imwrite(str(file), (clear.clip(0, 1)[:, :, None] * color * 255).astype(np.uint8))
    return file


def _distinct(players: Sequence[Player]) -> list[Player]:
    """Returns the players whose encodings are far enough from those of all who were kept before them."""
    kept: list[tuple[Player, NDArray[np.float32]]] = []
    for player in players:
        picture = _read(player.portrait)
        crop = crop_face(picture, _box(player.look.face))
        vector = encoder.encode([FacePatch(crop.pixels, crop.face)])[0]
        if all(np.linalg.norm(vector - other) > APART for _, other in kept):
            kept.append((player, vector))
    return [player for player, _ in kept]


def _can_be_enrolled(player: Player, judge: PhotoFaces) -> bool:
    try:
        for photo in player.photos:
            judge.only(_read(photo))
    except PhotoRefused:
        return False
    return True


def _face(picture: Pixels) -> FoundFace:
    return FaceDetector(choose_finder(DetectorOptions()).finder).find(picture, thorough=True)[0]


def _box(face: Place) -> Box:
    return Box(face.x - face.width / 2, face.y - face.height / 2, face.width, face.height)


def _read(file: Path) -> Pixels:
    return np.asarray(cv2.imread(str(file), cv2.IMREAD_COLOR), np.uint8)
