"""The fonts of documents have the letters of names."""

from __future__ import annotations

from reportlab.pdfbase.pdfmetrics import getFont, stringWidth
from reportlab.pdfbase.ttfonts import TTFont

from portero_reports.fonts import BOLD, PLAIN, register_fonts, shortened


def test_the_fonts_have_letters_with_every_mark() -> None:
    """Spanish, Mapudungun, Polish, Greek and Cyrillic."""
    register_fonts()
    for name in (PLAIN, BOLD):
        font = getFont(name)
        assert isinstance(font, TTFont)
        glyphs = font.face.charToGlyph
        assert [each for each in "ñÑáéíóúüÜ°¿ḻṉṯłŻάЖ…" if ord(each) not in glyphs] == []


def test_a_long_text_is_cut_to_its_width() -> None:
    """An ellipsis shows it; a short one stays as it is."""
    register_fonts()
    cut = shortened("Ñ" * 100, 50, 7)
    assert cut.endswith("…")
    assert stringWidth(cut, PLAIN, 7) <= 50
    assert shortened("Íñigo", 50, 7) == "Íñigo"
