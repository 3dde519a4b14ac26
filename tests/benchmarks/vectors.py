"""Faces as vectors, drawn with a fixed seed; imported in the peers' environments, too."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

LENGTH = 128
BATCH = 32
WANTED = 5


def gallery(count: int) -> Any:
    """Returns `count` faces: spread as dlib's are, about 0.6 to 1 from each other; float32, count x 128."""
    random = np.random.default_rng(11)
    return random.normal(0.0, 0.05, (count, LENGTH)).astype(np.float32)


def probes() -> Any:
    """Returns faces to be looked up; float32, 32 x 128."""
    return np.random.default_rng(13).normal(0.0, 0.05, (BATCH, LENGTH)).astype(np.float32)


def median_seconds(search: Callable[[], object], least: float = 0.4) -> float:
    """Returns the median time of a search, called again and again for a while."""
    search()
    times: list[float] = []
    began = time.perf_counter()
    while time.perf_counter() - began < least or len(times) < 3:
        before = time.perf_counter()
        search()
        times.append(time.perf_counter() - before)
    return sorted(times)[len(times) // 2]
