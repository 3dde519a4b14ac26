"""The commands `portero-server doctor` and `models`: what finds and encodes faces here, and what it can see."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from portero_server.composition.encoder_report import encoder_line
from portero_server.engines.local.encode.choice import given_model
from portero_server.errors import StartupProblem
from portero_server.settings import Settings
from portero_server.vision.detect.choice import Choice, choose_finder
from portero_server.vision.detect.sight import FRAME_SIZES, sight
from portero_server.vision.model_file import ModelFile
from portero_server.vision.models import Model, model_path


@dataclass(frozen=True, slots=True)
class Doctor:
    """Prints which detector is used, why better ones are not, what it can see through a lens, and the encoder.

    Attributes:
        lens: What the lens covers across, degrees.
    """

    lens: float

    async def __call__(self, settings: Settings) -> None:
        """Prints it.

        Raises:
            StartupProblem: No detector can be used, or not the encoder.
        """
        choice = choose_finder(settings.detector_options)
        for line in (*_report(settings, choice, self.lens), encoder_line(settings)):
            sys.stdout.write(f"{line}\n")


@dataclass(frozen=True, slots=True)
class ModelCommand:
    """Prints the model files in use; `verify` fails where one is missing or not what it should be."""

    verify: bool

    async def __call__(self, settings: Settings) -> None:
        """Prints them.

        Raises:
            StartupProblem: Of `verify`: a file is missing or has another checksum.
        """
        for name, path, given in _files(settings):
            sys.stdout.write(f"{name:<9} {_checksum(path)}  {path}\n")
            if self.verify and given is not None:
                given.verified()
        if self.verify:
            sys.stdout.write("all model files are sound\n")


def detector_line(choice: Choice) -> str:
    """Returns in one line which detector is used."""
    traits = choice.finder.traits
    return f"detector: {traits.name} ({traits.model})"


def _report(settings: Settings, choice: Choice, lens: float) -> Iterator[str]:
    yield detector_line(choice)
    for reason in choice.passed_over:
        yield f"  passed over: {reason}"
    policy, traits = settings.detect_policy, choice.finder.traits
    yield f"what it sees through a lens of {lens:g} degrees across:"
    yield "  frame        finds faces from   names faces from   searches, most"
    for width, height in FRAME_SIZES:
        seen = sight(policy, traits, width, height, lens)
        frame = f"{width}x{height}"
        found = f"{seen.found} px, to {seen.found_to:.1f} m"
        named = f"{seen.named} px, to {seen.named_to:.1f} m"
        coarser = f"; PORTERO_DETECT_PIXELS allows no less than {seen.found} px" if seen.found > policy.min_face else ""
        yield f"  {frame:<12} {found:<18} {named:<18} {seen.searched:,} px{coarser}"


def _files(settings: Settings) -> Iterator[tuple[str, Path, ModelFile | None]]:
    """Yields name, path and what the settings say of each model file; None: whatever its package installed."""
    for model in Model:
        yield model.name.lower(), Path(model_path(model)), None
    for name, given in (("yunet", settings.detector_options.model), ("onnx", given_model(settings.encoder_options))):
        if given is not None:
            yield name, given.path, given


def _checksum(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as fault:
        raise StartupProblem(f"the model file {path} cannot be read ({fault.strerror})") from None
