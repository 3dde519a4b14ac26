"""What the local engine is created with."""

from __future__ import annotations

from dataclasses import dataclass, field

from portero_server.engines.local.encode.options import EncoderOptions
from portero_server.vision.detect.options import DetectorOptions


@dataclass(frozen=True, slots=True)
class LocalOptions:
    """How many processes encode faces, what finds them in photographs, and what encodes them."""

    processes: int = 1
    detector: DetectorOptions = field(default_factory=DetectorOptions)
    encoder: EncoderOptions = field(default_factory=EncoderOptions)
