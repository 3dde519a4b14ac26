"""The fonts of documents: DejaVu Sans, which matplotlib brings (its license is free). It is embedded as far as used."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from reportlab.pdfbase.pdfmetrics import getRegisteredFontNames, registerFont, stringWidth
from reportlab.pdfbase.ttfonts import TTFont

PLAIN = "DejaVuSans"
BOLD = "DejaVuSans-Bold"


def register_fonts() -> None:
    """Makes the fonts known to reportlab; they have the letters of Latin, Greek and Cyrillic script."""
    folder = Path(mpl.get_data_path(), "fonts", "ttf")
    known = getRegisteredFontNames()
    for name in (PLAIN, BOLD):
        if name not in known:
            registerFont(TTFont(name, str(folder / f"{name}.ttf")))


def shortened(text: str, width: float, size: float) -> str:
    """Returns a text that is at most `width` points wide in the plain font; an ellipsis shows that it was cut."""
    if stringWidth(text, PLAIN, size) <= width:
        return text
    kept = text
    while kept and stringWidth(f"{kept}…", PLAIN, size) > width:
        kept = kept[:-1]
    return f"{kept.rstrip()}…"
