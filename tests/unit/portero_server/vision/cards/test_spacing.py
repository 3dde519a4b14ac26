"""Spaces between words, put back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from portero_server.domain.detection.geometry import Box
from portero_server.vision.cards.spacing import with_spaces
from portero_server.vision.pixels import Pixels
from tests.support.cards.fonts import font, printed_fonts


def _line(text: str, size: int = 34, which: int = 0) -> tuple[Pixels, Box]:
    """Returns a picture of a line, and the box that a reader would give."""
    image = Image.new("RGB", (1000, 80), (214, 220, 226))
    draw = ImageDraw.Draw(image)
    ink = font(printed_fonts()[which % len(printed_fonts())], size)
    draw.text((20, 15), text, (30, 26, 34), ink)
    left, top, right, bottom = draw.textbbox((20, 15), text, ink)
    box = Box.from_pixels(left - 3, top - 3, right + 3, bottom + 3, width=1000, height=80)
    return np.asarray(image, dtype=np.uint8)[:, :, ::-1].copy(), box


@pytest.mark.parametrize("which", range(4))
@pytest.mark.parametrize("name", ["FERNANDA JOSÉ", "LEIVA NÚÑEZ", "MARÍA DEL PILAR", "VAN DER WEIJDEN"])
def test_words_that_were_run_together_are_parted(name: str, which: int) -> None:
    """In each font, a name read without its spaces gets them back, and never one elsewhere."""
    assert with_spaces(name.replace(" ", ""), *_line(name, which=which)) in (name, name.replace(" ", ""))


def test_a_name_in_a_plain_font_is_parted() -> None:
    """Where the letters stand apart, the space is found."""
    assert with_spaces("SOFÍABEGOÑA", *_line("SOFÍA BEGOÑA")) == "SOFÍA BEGOÑA"


@pytest.mark.parametrize("name", ["MAXIMILIANO", "HUENCHUMILLA", "WEIJDEN", "QUILAPÁN"])
def test_a_word_stays_one(name: str) -> None:
    """Narrow and wide letters make no gap as wide as a space."""
    assert with_spaces(name, *_line(name)) == name


def test_other_texts_stay_as_they_were_read() -> None:
    """Dates, numbers and texts whose letters cannot be counted are not touched."""
    assert with_spaces("08JUL1984", *_line("08 JUL 1984")) == "08JUL1984"
    assert with_spaces("PEREZ SOTO", *_line("ABC")) == "PEREZ SOTO"
    assert with_spaces("PEREZSOTO", np.full((40, 200, 3), 200, np.uint8), Box(0, 0, 1, 1)) == "PEREZSOTO"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text("ABCDEFGHIJKLMNOPRSTUVWXYZÑÁÉ", min_size=2, max_size=7), min_size=1, max_size=3))
def test_no_letter_is_ever_changed(words: list[str]) -> None:
    """Whatever is shown, letters and their order stay, and a line that has spaces stays as it is."""
    text = " ".join(words)
    picture = _line(text, 22)
    assert with_spaces("".join(words), *picture).replace(" ", "") == "".join(words)
    if len(words) > 1:
        assert with_spaces(text, *picture) == text
