"""Reading text with RapidOCR, in a process of its own: 0.5 s and 400 MB a card."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portero_server.domain.detection.detections import Text, TextKind
from portero_server.domain.detection.geometry import Box
from portero_server.engines.base import Pixels
from portero_server.engines.local.accents import AccentDecoder
from portero_server.vision.opencv import cv2

_PARAMETERS = {
    # It would log what it reads.
    "Global.log_level": "critical",
    # Its classifier turns each line by itself, and turned MRZ lines and small print the wrong way; see `read`.
    "Global.use_cls": False,
    # The default enlarges the shorter side to 736 pixels, which takes 16 s and 2 GB for a strip of 80 x 2000.
    "Det.limit_type": "max",
    "Det.limit_side_len": 1280,
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}
# Text read upright scores 0.97 and more, upside down under 0.8.
_UPRIGHT = 0.85
# Smaller pictures are enlarged: letters of 8 pixels are not read, the same letters at 16 are.
_SMALL = 640
_LARGE = 2000
# Lines so many times as high as wide are turned a quarter by the reader.
_UPENDED = 1.5
_WORD = re.compile(r"\S+")
_Quad = NDArray[np.float64]
"""Corners of a text, 4 x 2 in ratios: top left, top right, bottom right, bottom left."""


def prepare() -> None:
    """Loads the library and its recognizer of lines into this process (1 s)."""
    _reader()


def fitted(image: Pixels) -> Pixels:
    """Returns the image at a size that is read well, and at a bounded cost."""
    longest = max(image.shape[:2])
    scale = 2.0 if longest < _SMALL else min(1.0, _LARGE / longest)
    if scale == 1.0:
        return image
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=interpolation), dtype=np.uint8)


def read(image: Pixels) -> list[Text]:
    """Reads an image, and when that makes little sense, the image upside down.

    Args:
        image: Height x width x 3, BGR; see `fitted`.

    Returns:
        All lines in reading order, then all words in reading order, boxes in ratios of the image as given.
    """
    upright = _read(image)
    if not upright or _clarity(upright) >= _UPRIGHT:
        return upright
    turned = [_turned(text) for text in _read(np.ascontiguousarray(image[::-1, ::-1]))]
    return max(upright, turned, key=_clarity)


@cache
def _reader() -> Any:
    from rapidocr import RapidOCR  # only the process that reads needs the library loaded

    reader: Any = RapidOCR(params=_PARAMETERS)
    # The library has no setting for it; `test_engine.py` notices if a later release decodes elsewhere.
    recognizer = reader._load_rec_model()
    recognizer.postprocess_op = AccentDecoder(recognizer.postprocess_op)
    return reader


def _read(image: Pixels) -> list[Text]:
    result = _reader()(image)
    if not len(result):
        return []
    height, width = image.shape[:2]
    size = np.array([width, height], np.float64)
    lines: list[Text] = []
    words: list[Text] = []
    for corners, content, score in zip(result.boxes, result.txts, result.scores, strict=True):
        quad = np.asarray(corners, np.float64) / size
        lines.append(Text(content.strip(), TextKind.LINE, _around(quad), float(score)))
        words += [
            Text(match.group(), TextKind.WORD, _around(_part(quad, size, match, len(content))), float(score))
            for match in _WORD.finditer(content)
        ]
    return lines + words


def _part(quad: _Quad, size: NDArray[np.float64], word: re.Match[str], length: int) -> _Quad:
    """Returns a word's part of a line's corners, as if all letters were equally wide.

    The library's own word boxes are no nearer for Latin letters, and fall apart into letters for others.
    """
    start, end = word.start() / length, word.end() / length
    top_left, top_right, bottom_right, bottom_left = quad
    across, down = np.abs((top_right - top_left) * size).max(), np.abs((bottom_left - top_left) * size).max()
    if down >= _UPENDED * across:
        # The reader turned the line a quarter: it was read from top to bottom.
        left, right = bottom_left - top_left, bottom_right - top_right
        return np.array(
            [top_left + left * start, top_right + right * start, top_right + right * end, top_left + left * end]
        )
    top, bottom = top_right - top_left, bottom_right - bottom_left
    return np.array(
        [top_left + top * start, top_left + top * end, bottom_left + bottom * end, bottom_left + bottom * start]
    )


def _around(quad: _Quad) -> Box:
    """Returns the upright rectangle around four corners, which may lean."""
    (left, top), (right, bottom) = quad.min(axis=0), quad.max(axis=0)
    return Box(float(left), float(top), float(right - left), float(bottom - top)).clipped()


def _clarity(texts: Sequence[Text]) -> float:
    """Returns the mean confidence of the lines, each counted by its length."""
    lines = [text for text in texts if text.kind is TextKind.LINE]
    length = sum(len(line.content) for line in lines)
    return sum(line.confidence * len(line.content) for line in lines) / length if length else 0.0


def _turned(text: Text) -> Text:
    box = text.box
    return Text(text.content, text.kind, Box(1 - box.right, 1 - box.bottom, box.width, box.height), text.confidence)
