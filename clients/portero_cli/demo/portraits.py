"""The demo's faces: two public-domain portraits from installed libraries, and one of nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from portero_client.errors import PorteroError


class DemoProblem(PorteroError):
    """The demo cannot continue; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """A face of the demo.

    Attributes:
        name: Who it is; None for nobody.
        file: Name of the file it is written to.
        draw: Returns the picture, height x width x 3, RGB, uint8.
        crop: Head and shoulders: left, top, width, height in ratios.
    """

    name: str | None
    file: str
    draw: Callable[[], object]
    crop: tuple[float, float, float, float]

    def write(self, folder: Path) -> Path:
        """Writes the picture as PNG and returns its path.

        Raises:
            DemoProblem: The package that has it is not installed.
        """
        try:
            from skimage import io

            picture = self.draw()
        except ModuleNotFoundError as missing:
            raise DemoProblem(f"{missing.name} is not installed; get it with: pip install 'portero[demo]'") from None
        path = folder / self.file
        io.imsave(path, picture, check_contrast=False)
        return path


def _collins() -> object:
    from skimage import data

    return data.astronaut()


def _hopper() -> object:
    from matplotlib import cbook
    from skimage import io

    return io.imread(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))


def _nobody() -> object:
    """Averages twenty faces of 25 x 25 pixels to a face that a detector finds but that is nobody's."""
    import numpy as np
    from skimage import data, transform

    average = data.lfw_subset()[20:40].mean(axis=0)
    gray = transform.resize(average, (300, 300), order=3)
    picture = np.pad(gray, ((60, 60), (80, 80)), mode="edge")
    return np.repeat((picture.clip(0, 1) * 255).astype(np.uint8)[:, :, None], 3, axis=2)


COLLINS = Portrait("Eileen Collins", "collins.png", _collins, (0.18, 0.0, 0.5, 0.55))
HOPPER = Portrait("Grace Hopper", "hopper.png", _hopper, (0.1, 0.1, 0.8, 0.65))
NOBODY = Portrait(None, "nobody.png", _nobody, (0.0, 0.0, 1.0, 1.0))
