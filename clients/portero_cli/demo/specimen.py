"""The demo's identity card: a specimen of nobody, drawn when the demo runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from portero_cli.demo.portraits import COLLINS

if TYPE_CHECKING:
    from PIL.Image import Image

DOTS = 12
"""Pixels of a millimeter."""
_WIDTH, _HEIGHT = 85.6, 53.98
_INK, _LABEL, _PAPER = (25, 22, 30), (80, 80, 115), (226, 233, 238)
_PITCH = 2.54
_MONTHS = ["ENE", "FEB", "MAR", "ABR", "MAY", "JUN", "JUL", "AGO", "SEP", "OCT", "NOV", "DIC"]


@dataclass(frozen=True, slots=True)
class Specimen:
    """What the card says. The RUN is an example with a right check digit and belongs to the demo alone."""

    surnames: str
    given_names: str
    run: str
    number: str
    birth: date
    issued: date
    expires: date

    @property
    def mrz(self) -> tuple[str, str, str]:
        """The three lines of 30 characters of the machine readable zone (ICAO 9303, TD1)."""
        number, birth, expires = (_checked(part) for part in (self.number, _short(self.birth), _short(self.expires)))
        first = f"INCHL{number}".ljust(30, "<")
        run = self.run.replace("-", "<").ljust(11, "<")
        names = f"{self.surnames}<<{self.given_names}".replace(" ", "<").ljust(30, "<")[:30]
        return first, f"{birth}F{expires}CHL{run}{_digit(first[5:] + birth + expires + run)}", names

    @property
    def link(self) -> str:
        """The link in the QR code."""
        mrz = "".join(_checked(part) for part in (self.number, _short(self.birth), _short(self.expires)))
        site = "https://portal.nuevosidiv.registrocivil.cl/document-validity"
        return f"{site}?RUN={self.run}&type=CEDULA&serial={self.number}&mrz={mrz}"


def demo_specimen(today: date) -> Specimen:
    """Returns a card that is valid today."""
    return Specimen(
        "EJEMPLO DEMO",
        "EILEEN MARIA",
        "12345678-5",
        "A12345678",
        date(1986, 11, 19),
        date(today.year - 1, 3, 15),
        date(today.year + 8, 3, 15),
    )


def draw_front(specimen: Specimen) -> Image:
    """Draws the front, with portrait and ghost portrait."""
    from PIL import ImageFont, ImageOps

    picture, draw = _sheet()
    label, value = ImageFont.truetype(_font("DejaVuSans"), 19), ImageFont.truetype(_font("DejaVuSans"), 33)
    _put(draw, 4, 2, "REPÚBLICA DE CHILE", value, _INK)
    _put(draw, 4, 6, "CÉDULA DE IDENTIDAD   ESPECIMEN", label, _LABEL)
    rows = (
        (32, 10.5, "APELLIDOS", specimen.surnames),
        (32, 16.5, "NOMBRES", specimen.given_names),
        (32, 22.5, "NACIONALIDAD", "CHILENA"),
        (60, 22.5, "SEXO", "F"),
        (32, 28.5, "FECHA DE NACIMIENTO", _spelled(specimen.birth)),
        (60, 28.5, "NÚMERO DOCUMENTO", specimen.number),
        (32, 34.5, "FECHA DE EMISIÓN", _spelled(specimen.issued)),
        (60, 34.5, "FECHA DE VENCIMIENTO", _spelled(specimen.expires)),
        (32, 40.5, "RUN", _dotted(specimen.run)),
    )
    for x, y, name, content in rows:
        _put(draw, x, y, name, label, _LABEL)
        _put(draw, x, y + 1.8, content, value, _INK)
    face = _portrait()
    picture.paste(face.resize((26 * DOTS, 33 * DOTS)), (3 * DOTS, 12 * DOTS))
    ghost = ImageOps.autocontrast(ImageOps.grayscale(face.resize((9 * DOTS, 11 * DOTS)))).convert("RGB")
    picture.paste(ghost.point(lambda level: round(150 + level * 0.3)), (72 * DOTS, 41 * DOTS))
    return picture


def draw_back(specimen: Specimen) -> Image:
    """Draws the back, with QR code and machine readable zone."""
    from PIL import Image, ImageFont

    from portero_bridge.images.opencv import cv2

    picture, draw = _sheet()
    _put(draw, 5, 6, "NACIÓ EN", ImageFont.truetype(_font("DejaVuSans"), 19), _LABEL)
    _put(draw, 5, 8, "SANTIAGO", ImageFont.truetype(_font("DejaVuSans"), 30), _INK)
    code = Image.fromarray(cv2.QRCodeEncoder.create().encode(specimen.link))
    side = 21 * DOTS
    picture.paste(code.resize((side, side), Image.Resampling.NEAREST).convert("RGB"), (60 * DOTS, 4 * DOTS))
    letters = ImageFont.truetype(_font("DejaVuSansMono"), 45)
    for row, line in enumerate(specimen.mrz):
        for column, letter in enumerate(line):
            draw.text(((4.6 + column * _PITCH) * DOTS, (35 + row * 5) * DOTS), letter, fill=_INK, font=letters)
    return picture


def _sheet() -> tuple[Image, Any]:
    """Returns an empty card with a pattern of fine lines, and what draws on it."""
    import numpy as np
    from PIL import Image, ImageDraw

    rows, columns = np.mgrid[0 : round(_HEIGHT * DOTS), 0 : round(_WIDTH * DOTS)] / DOTS
    wave = np.abs(np.sin((rows + 3 * np.sin(columns / 6)) * 4)) > 0.94
    paper = np.where(wave[..., None], np.array(_PAPER) - 14, np.array(_PAPER)).astype(np.uint8)
    picture = Image.fromarray(paper)
    return picture, ImageDraw.Draw(picture)


def _portrait() -> Image:
    """Returns head and shoulders of the portrait, as a photographer of documents would take them."""
    from PIL import Image

    return Image.fromarray(COLLINS.draw()).crop((120, 0, 325, 260))  # type: ignore[arg-type]


def _put(draw: Any, x: float, y: float, text: str, font: Any, ink: tuple[int, int, int]) -> None:
    draw.text((x * DOTS, y * DOTS), text, fill=ink, font=font)


def _font(name: str) -> str:
    """Returns the file of a font that the portraits' package brings along."""
    import matplotlib as mpl

    return f"{mpl.get_data_path()}/fonts/ttf/{name}.ttf"


def _digit(text: str) -> str:
    """Returns the check digit of ICAO 9303."""
    values = (0 if letter == "<" else int(letter, 36) for letter in text)
    return str(sum(value * (7, 3, 1)[place % 3] for place, value in enumerate(values)) % 10)


def _checked(text: str) -> str:
    return text + _digit(text)


def _short(day: date) -> str:
    return f"{day:%y%m%d}"


def _spelled(day: date) -> str:
    return f"{day.day:02} {_MONTHS[day.month - 1]} {day.year}"


def _dotted(run: str) -> str:
    body, _, digit = run.partition("-")
    return f"{int(body):,}".replace(",", ".") + f"-{digit}"
