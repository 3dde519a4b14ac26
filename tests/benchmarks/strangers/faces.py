"""Encodings of strangers: drawn with the distances that were measured, or of real portraits.

Drawn ones stand in for portraits of sixty strangers, which nobody may keep for a test. Their distances are those of
dlib's encodings: of other people 1 % within 0.65 and 0.2 % within 0.60; of one visit 95 % within 0.41; of one person on
two days 0.33 to 0.55. The program prints what they are.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from portero_server.domain.cameras import Lane
from portero_server.engines.base import CallContext, PhotoRefused
from portero_server.engines.local.engine import LocalEngine
from portero_server.engines.local.options import LocalOptions
from portero_server.vision.photo import decode_photo

Vector = NDArray[np.float32]

_LENGTH = 128
_LATENT = 25
"""Independent traits of a face: with so many, the distances of people spread as they were measured."""
_APART = 0.105
"""How far a trait of two people differs: their distances are 0.86 in the middle, and 0.09 around it."""
_DAY = 0.0184
_LOOK = 0.0188
_UNEVEN_DAYS, _UNEVEN_LOOKS = 0.25, 0.2
"""Some days and looks are far from the person's own, since light and pose are: the spread of the logarithm."""


class DrawnFaces:
    """People whose encodings are drawn."""

    def __init__(self, people: int, chance: np.random.Generator) -> None:
        """Draws people; `chance` draws everything after them too."""
        self._chance = chance
        turned, _ = np.linalg.qr(chance.normal(size=(_LENGTH, _LATENT)))
        self._centers = chance.normal(0.0, _APART, (people, _LATENT)) @ turned.T

    def visit(self, person: int, looks: int) -> Sequence[Vector]:
        """Returns the encodings of the looks of one visit."""
        day = self._centers[person] + self._noise(_DAY, _UNEVEN_DAYS)
        return [(day + self._noise(_LOOK, _UNEVEN_LOOKS)).astype(np.float32) for _ in range(looks)]

    def _noise(self, size: float, uneven: float) -> NDArray[np.float64]:
        return self._chance.normal(0.0, size * self._chance.lognormal(0.0, uneven), _LENGTH)


def quantiles(distances: Sequence[float]) -> Mapping[str, float]:
    """Returns what is printed of a spread of distances."""
    shares = {"least": 0.0, "1 %": 0.01, "5 %": 0.05, "middle": 0.5, "95 %": 0.95, "largest": 1.0}
    return {name: float(np.quantile(distances, share)) for name, share in shares.items()}


def drawn_distances(faces: DrawnFaces, people: int) -> Mapping[str, Mapping[str, float]]:
    """Returns how far drawn encodings are apart: of one visit, of two days of one person, of two people."""
    found: dict[str, list[float]] = {"one visit": [], "two days": [], "two people": []}
    for person in range(people):
        for _ in range(20):
            one, other = faces.visit(person, 2)
            found["one visit"].append(float(np.linalg.norm(one - other)))
            found["two days"].append(float(np.linalg.norm(one - faces.visit(person, 1)[0])))
            someone = faces.visit((person + 1 + random.Random(_).randrange(people - 1)) % people, 1)[0]
            found["two people"].append(float(np.linalg.norm(one - someone)))
    return {name: quantiles(distances) for name, distances in found.items()}


async def portraits(folder: Path) -> Mapping[str, Sequence[Vector]]:
    """Returns the encodings of the portraits in a folder of people, with the local engine; unusable ones are left out.

    Args:
        folder: Has a folder for each person, with one picture or more.
    """
    engine = LocalEngine(LocalOptions())
    context = CallContext(None, Lane.CHECK_IN)
    found: dict[str, list[Vector]] = {}
    try:
        for file in await asyncio.to_thread(lambda: sorted(folder.glob("*/*"))):
            picture = await asyncio.to_thread(decode_photo, file.read_bytes(), "image")
            try:
                learned = await engine.learn(picture, "somebody", "face", context)
            except PhotoRefused:
                continue
            vector = np.frombuffer(learned.embedding or b"", dtype="<f4").astype(np.float32)
            found.setdefault(file.parent.name, []).append(vector)
    finally:
        await engine.aclose()
    return found
