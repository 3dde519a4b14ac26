"""What is where on each side of each document; sizes of ISO 7810, ID-1 for cards and ID-3 for a passport's page."""

from __future__ import annotations

from datetime import date

from portero_server.domain.detection.detections import Text
from portero_server.vision.pixels import Pixels
from tests.support.cards.holders import NATIONALITIES
from tests.support.cards.ink import Sheet
from tests.support.cards.portraits import portrait
from tests.support.cards.specimen import Series, Specimen

CARD = (85.6, 53.98)
PAGE = (125.0, 88.0)
_MONTHS = ["ENE", "FEB", "MAR", "ABR", "MAY", "JUN", "JUL", "AGO", "SEP", "OCT", "NOV", "DIC"]
_PLACES = ("SANTIAGO", "VALPARAÍSO", "TEMUCO", "LA SERENA", "ÑUÑOA", "CONCEPCIÓN")


MRZ_ZONE, MRZ_ZONE_OF_PAGE = (4.6, 35.5, 81.0, 47.2), (6.0, 71.0, 118.0, 81.0)
"""Where the machine readable zone is: left, top, right, bottom, on the back of a card and on a passport's page."""
STROKE = 0.35
"""Width of the strokes of an MRZ, and of the squares of a QR code, about."""


def qr_zone(series: Series) -> tuple[float, float, float, float]:
    """Returns where the QR code of a card is on its back."""
    return (61.0, 4.0, 82.0, 25.0) if series.new else (4.0, 7.0, 24.0, 27.0)


def size_of(series: Series) -> tuple[float, float]:
    """Returns width and height in millimeters."""
    return PAGE if series is Series.PASSPORT else CARD


def printed(specimen: Specimen, side: str) -> Pixels:
    """Returns a side ("front" or "back") as printed, flat and whole, BGR, 15 pixels a millimeter."""
    return _sheet(specimen, side).pixels()


def typeset(specimen: Specimen, side: str) -> list[Text]:
    """Returns what is written on a side, as a reader without any fault would read it."""
    return _sheet(specimen, side).texts


def _sheet(specimen: Specimen, side: str) -> Sheet:
    sheet = Sheet(*size_of(specimen.series), specimen.look + (side == "back"))
    if specimen.series is Series.PASSPORT:
        _page(sheet, specimen)
    elif side == "back":
        _back(sheet, specimen)
    elif specimen.series.new:
        _front_2024(sheet, specimen)
    else:
        _front_2013(sheet, specimen)
    return sheet


def spelled(day: date) -> str:
    """Returns a date as cards print it, as 05 ABR 1990; September is spelled in three ways."""
    month = ("SEP", "SEPT", "SET")[day.year % 3] if day.month == 9 else _MONTHS[day.month - 1]
    return f"{day.day:02} {month} {day.year}"


def dotted(number: str) -> str:
    """Returns digits in groups of three, as 12.345.678; with letters in front they stay as they are."""
    return f"{int(number):,}".replace(",", ".") if number.isdigit() else number


def dotted_run(run: str) -> str:
    """Returns a RUN as printed: 12.345.678-5."""
    body, _, digit = run.partition("-")
    return f"{dotted(body)}-{digit}"


def _nationality(specimen: Specimen) -> str:
    return NATIONALITIES[specimen.holder.nationality][specimen.holder.sex == "M"]


def _title(sheet: Sheet, x: float, specimen: Specimen) -> None:
    sheet.value(x, 1.6, "REPÚBLICA DE CHILE", 2.6)
    sheet.label(x, 4.7, "SERVICIO DE REGISTRO CIVIL E IDENTIFICACIÓN", 1.6)
    sheet.value(x, 6.8, "CÉDULA DE IDENTIDAD" + (" PARA EXTRANJEROS" if specimen.series.foreign else ""), 2.2)


def _front_2013(sheet: Sheet, specimen: Specimen) -> None:
    holder = specimen.holder
    _title(sheet, 28, specimen)
    sheet.portrait(3, 11, 24, 31, portrait(specimen.portrait), ghost=False)
    first, _, second = holder.surnames.partition(" ")
    rows: tuple[tuple[float, float, str, str], ...] = (
        (29, 11, "APELLIDOS", first),
        (29, 14.4, "", second),
        (29, 19.6, "NOMBRES", holder.given_names),
        (29, 26, "NACIONALIDAD", _nationality(specimen)),
        (57, 26, "SEXO", holder.sex),
        (29, 32, "FECHA DE NACIMIENTO", spelled(holder.birth)),
        (57, 32, "NÚMERO DOCUMENTO", dotted(specimen.number)),
        (29, 38, "FECHA DE EMISIÓN", spelled(specimen.issued)),
        (57, 38, "FECHA DE VENCIMIENTO", spelled(specimen.expires)),
    )
    for x, y, label, value in rows:
        sheet.label(x, y, label)
        sheet.value(x, y + 1.6, value, room=(83 if y < 25 else x + 26) - x)
    sheet.label(44, 44, "FIRMA DEL TITULAR")
    sheet.pen(44, 46, 20, 5)
    sheet.value(3, 45.5, f"RUN {dotted_run(holder.run)}", 3.2)
    sheet.portrait(69, 43, 7.5, 9.5, portrait(specimen.portrait), ghost=True)


def _front_2024(sheet: Sheet, specimen: Specimen) -> None:
    holder = specimen.holder
    _title(sheet, 4, specimen)
    sheet.portrait(3.5, 12, 26, 33.5, portrait(specimen.portrait), ghost=False)
    rows: tuple[tuple[float, float, str, str], ...] = (
        (32, 10.5, "APELLIDOS", holder.surnames),
        (32, 16.5, "NOMBRES", holder.given_names),
        (32, 22.5, "NACIONALIDAD", _nationality(specimen)),
        (58, 22.5, "SEXO", holder.sex),
        (32, 28.5, "FECHA DE NACIMIENTO", spelled(holder.birth)),
        (58, 28.5, "NÚMERO DOCUMENTO", specimen.number),
        (32, 34.5, "FECHA DE EMISIÓN", spelled(specimen.issued)),
        (58, 34.5, "FECHA DE VENCIMIENTO", spelled(specimen.expires)),
        (32, 40.5, "RUN", dotted_run(holder.run)),
    )
    for x, y, label, value in rows:
        sheet.label(x, y, label)
        sheet.value(x, y + 1.6, value, room=(83 if y < 20 else x + 25) - x)
    sheet.label(32, 46.5, "FIRMA")
    sheet.pen(38, 46, 20, 5)
    sheet.portrait(71, 40.5, 9, 11.5, portrait(specimen.portrait), ghost=True)


def _back(sheet: Sheet, specimen: Specimen) -> None:
    series = specimen.series
    sheet.label(26, 5, "NACIÓ EN")
    sheet.value(26, 6.6, _PLACES[specimen.look % len(_PLACES)], 2.3)
    if specimen.qr is not None:
        if series.new:
            sheet.qr(61, 4, 21, specimen.qr)
            sheet.fingerprint(4, 5, 17, 22)
        else:
            sheet.qr(4, 7, 20, specimen.qr)
            sheet.fingerprint(62, 5, 17, 22)
    if specimen.pdf417 is not None:
        sheet.fingerprint(62, 5, 17, 22)
        sheet.pdf417(5, 32, 75, 17, specimen.pdf417)
    sheet.mrz(4.6, 38.5, specimen.mrz)


def _page(sheet: Sheet, specimen: Specimen) -> None:
    holder = specimen.holder
    sheet.value(5, 2.5, "REPÚBLICA DE CHILE", 3)
    sheet.value(80, 2.5, "PASAPORTE / PASSPORT", 3)
    sheet.portrait(5, 11, 33, 43, portrait(specimen.portrait), ghost=False)
    rows: tuple[tuple[float, float, str, str], ...] = (
        (42, 8, "TIPO / TYPE", "P"),
        (60, 8, "PAÍS / COUNTRY", "CHL"),
        (84, 8, "PASAPORTE N° / PASSPORT No.", specimen.number),
        (42, 15, "APELLIDOS / SURNAME", holder.surnames),
        (42, 22, "NOMBRES / GIVEN NAMES", holder.given_names),
        (42, 29, "NACIONALIDAD / NATIONALITY", _nationality(specimen)),
        (84, 29, "RUN", dotted_run(holder.run)),
        (42, 36, "FECHA DE NACIMIENTO / DATE OF BIRTH", spelled(holder.birth)),
        (84, 36, "SEXO / SEX", holder.sex),
        (42, 43, "FECHA DE EMISIÓN / DATE OF ISSUE", spelled(specimen.issued)),
        (84, 43, "FECHA DE VENCIMIENTO / DATE OF EXPIRY", spelled(specimen.expires)),
        (42, 50, "AUTORIDAD / AUTHORITY", "REGISTRO CIVIL"),
    )
    for x, y, label, value in rows:
        sheet.label(x, y, label)
        sheet.value(x, y + 1.8, value, 3, room=(121 if y in (15, 22) else x + 37) - x)
    sheet.portrait(101, 48, 12, 15, portrait(specimen.portrait), ghost=True)
    sheet.mrz(6, 74, specimen.mrz, apart=6.4)
