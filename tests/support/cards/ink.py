"""A sheet that is printed on in millimeters: background, texts, portraits, codes."""

from __future__ import annotations

from functools import lru_cache
from random import Random

import numpy as np
import zxingcpp
from PIL import Image, ImageDraw
from PIL.ImageFont import FreeTypeFont

from portero_server.domain.detection.detections import Text, TextKind
from portero_server.domain.detection.geometry import Box
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels
from tests.support.cards.fonts import font, mrz_font, printed_fonts

DOTS = 15
"""Pixels of a millimeter."""
_PASTELS = (
    ((238, 226, 214), (220, 232, 240)),
    ((232, 236, 220), (240, 222, 226)),
    ((236, 232, 240), (214, 230, 226)),
    ((226, 240, 240), (238, 220, 206)),
)
_LABEL_INK, _INK = (70, 70, 110), (25, 22, 30)
_MRZ_PITCH = 2.54


class Sheet:
    """A side of a document under the printer. Places and sizes are millimeters from the top left.

    Attributes:
        texts: What was written until now, as lines, boxes in ratios.
    """

    def __init__(self, width: float, height: float, look: int) -> None:
        """Lays a sheet with a guilloche-like background; `look` chooses its colors and the fonts."""
        self.texts: list[Text] = []
        self._image = Image.fromarray(_guilloche(round(width * DOTS), round(height * DOTS), look % 8))
        self._draw = ImageDraw.Draw(self._image)
        self._random = Random(f"ink {look}")
        self._path = self._random.choice(printed_fonts())
        self._label_path = self._random.choice(printed_fonts()[:3])

    def label(self, x: float, y: float, text: str, size: float = 1.5) -> None:
        """Prints a field's label; `size` is the height of the letter's square."""
        self._write(x, y, text, _LABEL_INK, font(self._label_path, round(size * DOTS)))

    def value(self, x: float, y: float, text: str, size: float = 2.7, *, room: float | None = None) -> None:
        """Prints a field's value, smaller where it would need more than `room` millimeters."""
        ink = font(self._path, round(size * DOTS))
        if room is not None and ink.getlength(text) > room * DOTS:
            ink = font(self._path, int(size * DOTS * room * DOTS / ink.getlength(text)))
        self._write(x, y, text, _INK, ink)

    def mrz(self, x: float, y: float, lines: tuple[str, ...], *, apart: float = 4.2) -> None:
        """Prints the lines of a machine readable zone, 2.54 mm a letter."""
        ink = mrz_font(_MRZ_PITCH * DOTS)
        for row, line in enumerate(lines):
            top, bottom = y + row * apart - 2.6, y + row * apart
            self._note(line, x * DOTS, top * DOTS, (x + len(line) * _MRZ_PITCH) * DOTS, bottom * DOTS)
            for column, letter in enumerate(line):
                place = ((x + column * _MRZ_PITCH) * DOTS, (y + row * apart) * DOTS)
                self._draw.text(place, letter, _INK, ink, anchor="ls")

    def portrait(self, x: float, y: float, width: float, height: float, picture: Pixels, *, ghost: bool) -> None:
        """Prints a portrait; a ghost is gray, pale and lets the background through."""
        size = (round(width * DOTS), round(height * DOTS))
        face = Image.fromarray(cv2.cvtColor(_cover(picture, size), cv2.COLOR_BGR2RGB))
        place = (round(x * DOTS), round(y * DOTS))
        if ghost:
            below = self._image.crop((*place, place[0] + size[0], place[1] + size[1]))
            face = Image.blend(face.convert("L").convert("RGB"), below, 0.45)
        self._image.paste(face, place)

    def qr(self, x: float, y: float, side: float, text: str) -> None:
        """Prints a QR code, drawn by OpenCV, on white."""
        code = np.asarray(cv2.QRCodeEncoder.create().encode(text), dtype=np.uint8)
        self._code(x, y, side, side, code)

    def pdf417(self, x: float, y: float, width: float, height: float, text: str) -> None:
        """Prints a PDF417 code on white."""
        code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.PDF417)
        self._code(x, y, width, height, np.asarray(code.to_image(scale=1, add_quiet_zones=True)))

    def pen(self, x: float, y: float, width: float, height: float) -> None:
        """Writes a signature."""
        points = [((x + width * step / 24) * DOTS, (y + self._random.random() * height) * DOTS) for step in range(25)]
        self._draw.line(points, (60, 40, 40), width=4, joint="curve")

    def fingerprint(self, x: float, y: float, width: float, height: float) -> None:
        """Prints rings like those of a finger."""
        for ring in range(1, 12):
            dx, dy = width * ring / 24, height * ring / 24
            middle = ((x + width / 2) * DOTS, (y + height / 2) * DOTS)
            box = (middle[0] - dx * DOTS, middle[1] - dy * DOTS, middle[0] + dx * DOTS, middle[1] + dy * DOTS)
            self._draw.arc(box, self._random.randrange(40), self._random.randrange(250, 350), (90, 90, 100), 5)

    def pixels(self) -> Pixels:
        """Returns the printed side, height x width x 3, BGR."""
        return np.asarray(cv2.cvtColor(np.asarray(self._image), cv2.COLOR_RGB2BGR), dtype=np.uint8)

    def _write(self, x: float, y: float, text: str, color: tuple[int, int, int], ink: FreeTypeFont) -> None:
        self._draw.text((x * DOTS, y * DOTS), text, color, ink)
        if text:
            self._note(text, *self._draw.textbbox((x * DOTS, y * DOTS), text, ink))

    def _note(self, text: str, left: float, top: float, right: float, bottom: float) -> None:
        width, height = self._image.size
        box = Box.from_pixels(left, top, right, bottom, width=width, height=height)
        self.texts.append(Text(text, TextKind.LINE, box, 0.99))

    def _code(self, x: float, y: float, width: float, height: float, code: Pixels) -> None:
        size = (round(width * DOTS), round(height * DOTS))
        large = cv2.resize(code, size, interpolation=cv2.INTER_NEAREST)
        self._image.paste(Image.fromarray(large).convert("RGB"), (round(x * DOTS), round(y * DOTS)))


def _cover(picture: Pixels, size: tuple[int, int]) -> Pixels:
    """Returns the middle of a picture, cut to a size's shape and scaled to it."""
    height, width = picture.shape[:2]
    wanted = size[0] / size[1]
    across, down = min(width, int(height * wanted)), min(height, int(width / wanted))
    left, top = (width - across) // 2, (height - down) // 2
    cut = picture[top : top + down, left : left + across]
    return np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


@lru_cache(maxsize=16)
def _guilloche(width: int, height: int, look: int) -> Pixels:
    """Returns a pastel gradient under families of thin waving lines, RGB."""
    first, second = (np.array(color, np.float32) for color in _PASTELS[look % len(_PASTELS)])
    columns = np.arange(width, dtype=np.float32)[None, :] / DOTS
    rows = np.arange(height, dtype=np.float32)[:, None] / DOTS
    share = (columns / columns.max() * 0.7 + rows / rows.max() * 0.3)[..., None]
    ground = first * (1 - share) + second * share
    for family in range(3):
        bend = np.sin(columns / (4.0 + look + 2 * family)) * (3 + family) + np.sin(columns / 1.9) * 0.4 * family
        wave = np.sin((rows + bend) * (4.2 + family) + columns * 0.3 * (family - 1))
        line = np.clip(np.abs(wave) - 0.86, 0, 1)[..., None] / 0.14
        tint = np.array([(34, 20, 6), (6, 26, 30), (26, 6, 24)][(family + look) % 3], np.float32)
        ground = ground - line * tint * 1.3
    return np.asarray(ground.clip(0, 255), dtype=np.uint8)
