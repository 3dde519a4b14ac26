"""The fonts of specimens, all with free licenses.

DejaVu comes with matplotlib's package; OCR-B for the MRZ, and Liberation, are used where Debian's fonts-ocr-b and
fonts-liberation are installed.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import matplotlib as mpl
from PIL import ImageFont

_MPL = Path(mpl.get_data_path()) / "fonts" / "ttf"
_DEBIAN = Path("/usr/share/fonts")
_OCR_B = _DEBIAN / "opentype" / "ocr-b" / "OCRB.otf"
_LIBERATION = _DEBIAN / "truetype" / "liberation"
_PRINTED = (
    _MPL / "DejaVuSans.ttf",
    _LIBERATION / "LiberationSans-Regular.ttf",
    _LIBERATION / "LiberationSansNarrow-Regular.ttf",
    _LIBERATION / "LiberationSans-Bold.ttf",
    _MPL / "DejaVuSans-Bold.ttf",
)


def has_ocr_b() -> bool:
    """Returns whether the MRZ's own font is installed; without it, it is printed in DejaVu Sans Mono."""
    return _OCR_B.exists()


@cache
def printed_fonts() -> tuple[Path, ...]:
    """Returns the fonts that fields are printed in, as many as are installed."""
    return tuple(path for path in _PRINTED if path.exists())


@cache
def font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    """Returns a font at a size in pixels of the letter's square."""
    return ImageFont.truetype(str(path), size)


@cache
def mrz_font(pitch: float) -> ImageFont.FreeTypeFont:
    """Returns the MRZ's font, sized so that letters follow each other at `pitch` pixels."""
    path = _OCR_B if has_ocr_b() else _MPL / "DejaVuSansMono.ttf"
    size = 10
    while font(path, size + 1).getlength("<" * 30) <= 30 * pitch:
        size += 1
    return font(path, size)
