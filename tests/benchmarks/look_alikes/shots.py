"""Decides each frame of footage alone, by several margins between look-alikes: what a margin is worth, without tracks.

A server asks about the best shots of a track and lets them agree. Here every frame with a face is a decision, so that
few visits make many, and all margins judge the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import cv2
import numpy as np

from portero_server.domain.cameras import Lane
from portero_server.domain.detection.detections import Candidate, MatchPolicy, decide
from portero_server.engines.base import CallContext
from portero_server.engines.local.encode.resnet import TRAITS
from portero_server.engines.local.engine import LocalEngine
from portero_server.engines.rekognition.options import POLICY
from portero_simulator.similarity import rekognition_similarity
from tests.benchmarks.visit_baseline import NEAR, learned
from tests.benchmarks.visit_footage import Footage, Subject

FACTORS = (1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
_NOBODY_WAITS = CallContext(None, Lane.ATTENDANCE)
_EVERY = 3
"""Which frames are looked at: the next one is hardly another shot."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A face of one frame: whose it is (empty: a stranger's), and whom of the gallery it is like, local scale."""

    name: str
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Scale:
    """An engine's similarities: what it decides by, and how those of the local engine become its own."""

    policy: MatchPolicy
    similarity: Callable[[float], float]


SCALES: Mapping[str, Scale] = {
    "local": Scale(TRAITS.policy, lambda similarity: similarity),
    "rekognition": Scale(POLICY, lambda similarity: rekognition_similarity(similarity, TRAITS.policy) / 100),
}
"""By the engine's name; Rekognition's as the simulator plays it."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What a margin did with the shots.

    Attributes:
        right, wrong, unknown: Shots of enrolled people that were named so; `unknown` without a name.
        strangers_named: Shots of strangers that were given a name.
    """

    right: int
    wrong: int
    unknown: int
    strangers_named: int


async def sweep(subjects: Sequence[Subject], footage: Sequence[Footage]) -> list[dict[str, object]]:
    """Returns what each margin does with the shots of footage, on each scale; ready for JSON."""
    async with learned(subjects) as (engine, faces):
        alike: dict[frozenset[str], float] = {}
        for face in faces:
            for other in (await engine.similar(face, len(faces), _NOBODY_WAITS)).candidates:
                if other.person_id != face.person_id:
                    alike[frozenset((face.person_id, other.person_id))] = other.similarity
        shots = [shot for each in footage for shot in await _shots(engine, each, len(faces))]
    return [
        {"scale": name, "margin_factor": factor, **asdict(tally(shots, alike, scale, factor))}
        for name, scale in SCALES.items()
        for factor in FACTORS
    ]


async def _shots(engine: LocalEngine, footage: Footage, people: int) -> list[Shot]:
    found = []
    for index in range(0, len(footage.frames), _EVERY):
        time = index / footage.rate
        present = [true for true in footage.visits if true.visit.is_present(time)]
        if not present:
            continue
        pixels = np.asarray(cv2.imdecode(np.frombuffer(footage.frames[index], np.uint8), cv2.IMREAD_COLOR), np.uint8)
        for searched in await engine.search(pixels, people, _NOBODY_WAITS):
            x = searched.face.box.center[0]
            true = min(present, key=lambda each: abs(each.visit.placement(time)[0] - x))
            if abs(true.visit.placement(time)[0] - x) < NEAR and searched.candidates:
                found.append(Shot(true.name, tuple(searched.candidates)))
    return found


def tally(shots: Sequence[Shot], alike: Mapping[frozenset[str], float], scale: Scale, factor: float) -> Tally:
    """Returns what comes of shots when look-alikes need a multiple of the ordinary margin.

    Args:
        shots: In any order.
        alike: How alike the enrolled faces of two people are, local scale.
        scale: Which engine decides.
        factor: The multiple; 1: look-alikes count for nothing.
    """
    policy = replace(scale.policy, confusable_margin=factor * scale.policy.margin)
    pairs = {pair for pair, similarity in alike.items() if scale.similarity(similarity) >= policy.alike}
    named: list[tuple[str, str]] = []
    for shot in shots:
        candidates = [replace(each, similarity=scale.similarity(each.similarity)) for each in shot.candidates]
        best = max(candidates, key=lambda each: each.similarity)
        rivals = {each.person_id for each in candidates if frozenset((best.person_id, each.person_id)) in pairs}
        match = decide(candidates, policy, rivals)
        named.append((shot.name, match.person_id if match else ""))
    return Tally(
        right=sum(bool(true) and told == true for true, told in named),
        wrong=sum(bool(true) and bool(told) and told != true for true, told in named),
        unknown=sum(bool(true) and not told for true, told in named),
        strangers_named=sum(not true and bool(told) for true, told in named),
    )
