"""What it costs the gate to know that picture data is damaged: its decode beside OpenCV's, which does not tell.

python -m tests.benchmarks.thumbnail
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial

from portero_server.vision.jpeg import decode_gray
from portero_server.vision.opencv import cv2
from portero_server.vision.thumbnail import decode_thumbnail
from tests.support.images.scenes import NoisyCamera, room

_ROUNDS, _TIMES = 25, 20
_SIZES = ((640, 480), (1280, 720))


def _seconds(decode: Callable[[], object]) -> float:
    began = time.process_time()
    for _ in range(_TIMES):
        decode()
    return (time.process_time() - began) / _TIMES


def main() -> None:
    """Prints the processor time of both decodes, round by round next to each other, and their ratio."""
    cv2.setNumThreads(1)
    for width, height in _SIZES:
        jpeg, _ = NoisyCamera(noise=3).shoot(room(width, height))
        torn = jpeg[: len(jpeg) // 2] + b"\xff\xd9"
        pairs = [
            (_seconds(partial(decode_gray, jpeg, 8)), _seconds(partial(decode_thumbnail, jpeg, 8)))
            for _ in range(_ROUNDS)
        ]
        plain, telling = (min(times) * 1e6 for times in zip(*pairs, strict=True))
        ratio = statistics.median(ours / theirs for theirs, ours in pairs)
        damaged = min(_seconds(partial(decode_thumbnail, torn, 8)) for _ in range(_ROUNDS)) * 1e6
        print(
            f"{width} x {height}: {plain:.0f} µs without, {telling:.0f} µs with, ratio {ratio:.3f};"
            f" {damaged:.0f} µs for one whose lower half is lost"
        )


if __name__ == "__main__":
    main()
