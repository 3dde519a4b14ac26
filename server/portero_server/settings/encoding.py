"""Settings of what encodes faces."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

from portero_server.engines.local.encode.options import ColorOrder, EncoderName, EncoderOptions, InputOptions

_ENCODER, _INPUT = EncoderOptions(), InputOptions()


class EncodingSettings(BaseSettings):
    """What encodes faces, so that this machine can compare them; `portero-server doctor` says which it is."""

    encoder: EncoderName = Field(
        _ENCODER.name,
        description="What encodes faces (local engine): dlib, or onnx (needs PORTERO_ENCODER_MODEL). Faces of two "
        "encoders, or of two models, are never compared: people are enrolled again.",
    )
    encoder_model: Path | None = Field(
        None,
        description="File of the encoder onnx: an ONNX model of the ArcFace or MobileFaceNet family, which takes "
        "aligned faces of 112x112 pixels. None comes with this program.",
    )
    encoder_model_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = Field(
        None,
        description="What the SHA-256 of PORTERO_ENCODER_MODEL must be; needed with it. Its first digits are the model "
        "version of the faces.",
    )
    encoder_color: ColorOrder = Field(
        _INPUT.color, description="Order of the colors that PORTERO_ENCODER_MODEL was trained with: rgb or bgr."
    )
    encoder_mean: float = Field(
        _INPUT.mean,
        ge=0,
        le=255,
        allow_inf_nan=False,
        description="What PORTERO_ENCODER_MODEL wants taken off each value of a pixel, 0..255; 0: it does that itself.",
    )
    encoder_divisor: float = Field(
        _INPUT.divisor,
        ge=0.001,
        le=255,
        allow_inf_nan=False,
        description="By what the rest is divided; 128 for some models, 1: it does that itself.",
    )

    @property
    def encoder_options(self) -> EncoderOptions:
        """Which encoder to use."""
        shown = InputOptions(self.encoder_color, self.encoder_mean, self.encoder_divisor)
        return EncoderOptions(self.encoder, self.encoder_model, self.encoder_model_sha256, shown)
