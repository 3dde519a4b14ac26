"""A trained model in a file that an operator names: what is used is what was vetted."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from portero_server.errors import StartupProblem


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model in a file.

    Attributes:
        path: Where it is.
        sha256: The SHA-256 that its content must have, in lower-case hexadecimal digits.
        part: Whose model it is, as the settings are named: "encoder" of PORTERO_ENCODER_MODEL.
    """

    path: Path
    sha256: str
    part: str

    def verified(self) -> bytes:
        """Returns the file's content.

        Raises:
            StartupProblem: It cannot be read, or has another checksum.
        """
        content, found = read_model(self.path, self.part)
        if found != self.sha256:
            raise StartupProblem(
                f"the {self.part}'s model {self.path} has the SHA-256 {found}, not the {self.sha256} of "
                f"PORTERO_{self.part.upper()}_MODEL_SHA256"
            )
        return content


def read_model(path: Path, part: str) -> tuple[bytes, str]:
    """Returns a file's content and its SHA-256; `part` as of `ModelFile`.

    Raises:
        StartupProblem: It cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as fault:
        raise StartupProblem(
            f"the {part}'s model {path} cannot be read ({fault.strerror}); correct PORTERO_{part.upper()}_MODEL"
        ) from None
    return content, hashlib.sha256(content).hexdigest()
