"""What an operator says about the encoder; light enough for the settings to import."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

EncoderName = Literal["dlib", "onnx"]
ColorOrder = Literal["rgb", "bgr"]


@dataclass(frozen=True, slots=True)
class InputOptions:
    """What a network is shown: each value of a pixel, 0..255, less `mean`, over `divisor`, in this order of colors.

    The defaults are those of the ArcFace and MobileFaceNet family.
    """

    color: ColorOrder = "rgb"
    mean: float = 127.5
    divisor: float = 127.5


@dataclass(frozen=True, slots=True)
class EncoderOptions:
    """Which encoder; and of onnx, the file of its model, that file's SHA-256 and what the network is shown."""

    name: EncoderName = "dlib"
    model: Path | None = None
    sha256: str | None = None
    input: InputOptions = InputOptions()
