"""Documents read as a whole: kinds, sides, agreement, and what is wrong with them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from portero_server.domain.detection.geometry import Box
from portero_server.domain.documents.document import (
    Agreement,
    CardSide,
    CardText,
    DocumentKind,
    DocumentReading,
    Field,
    ReadLine,
    Zone,
)
from portero_server.domain.documents.reading import read_text
from portero_server.domain.documents.reasons import Reason
from tests.support.cards.card_text import card_text, front_lines, mrz_lines
from tests.support.cards.holders import Holder, run_of
from tests.support.cards.layouts import spelled
from tests.support.cards.specimen import TODAY, Series, Specimen, specimen, written

_KINDS = {
    Series.CARD_2013: DocumentKind.ID_CARD_2013,
    Series.CARD_2024: DocumentKind.ID_CARD_2024,
    Series.FOREIGN_2013: DocumentKind.FOREIGN_ID_2013,
    Series.FOREIGN_2024: DocumentKind.FOREIGN_ID_2024,
    Series.PASSPORT: DocumentKind.PASSPORT,
}
_CARD = specimen(27, Series.CARD_2013)
_OTHER = specimen(7, Series.CARD_2013)


def _read(text: CardText, today: date = TODAY) -> DocumentReading:
    return read_text(text, today)


def _values(reading: DocumentReading) -> dict[str, str | None]:
    return {field.field.value: field.value for field in reading.fields}


def _first_name_in_line(card: Specimen) -> bool:
    """Whether the MRZ shows that the first given name ends: a letter or two fillers stand behind it."""
    names = card.mrz[0 if card.series is Series.PASSPORT else 2].partition("<<")[2]
    return names.endswith("<<") or bool(names.partition("<")[2].strip("<"))


def _replaced(card: Specimen, place: int, old: str, new: str) -> tuple[str, ...]:
    lines = list(card.mrz)
    assert old in lines[place]
    lines[place] = lines[place].replace(old, new, 1)
    return tuple(lines)


@pytest.mark.parametrize("series", list(_KINDS))
def test_a_sound_document_is_read_whole(series: Series) -> None:
    """All fields are right and the kind is known, coded or not; only a first name that may be cut is for a person."""
    for seed in range(10):
        card = specimen(seed, series)
        for coded in (True, False):
            reading = _read(card_text(card, coded=coded))
            assert _values(reading) == card.truth
            assert reading.reasons == (() if _first_name_in_line(card) else (Reason.NAME_UNCONFIRMED,))
            assert reading.kind is _KINDS[series]
            assert reading.sides == ({CardSide.FRONT} if series is Series.PASSPORT else set(CardSide))
            zones = {source.zone for source in reading.reading(Field.RUN).sources}
            assert zones == {Zone.PRINT, Zone.MRZ} | ({Zone.QR} if coded and card.qr else set())
            assert reading.reading(Field.ISSUE_DATE).agreement is Agreement.SINGLE


def test_given_names_beyond_the_line_need_a_sure_print() -> None:
    """A second name that the MRZ cuts off is believed where print was read surely, and is for a person elsewhere."""
    card = next(
        each for each in map(specimen, range(80)) if _first_name_in_line(each) and not each.mrz[2].endswith("<<")
    )
    text = card_text(card)
    sure, weak = _read(text), _read(replace(text, lines=tuple(replace(line, confidence=0.94) for line in text.lines)))
    assert sure.reading(Field.GIVEN_NAMES).agreement is Agreement.BEGINS_ALIKE
    assert Reason.NAME_UNCONFIRMED not in sure.reasons
    assert Reason.NAME_UNCONFIRMED in weak.reasons


def test_an_old_card_is_read_and_has_expired() -> None:
    """RUN and surname come from the code of a card before 2013, whatever its printed date says."""
    card = specimen(3, Series.LEGACY)
    reading = _read(card_text(card))
    assert reading.kind is DocumentKind.ID_CARD_LEGACY
    assert reading.value(Field.RUN) == card.holder.run
    assert reading.reading(Field.RUN).source(Zone.PDF417) is not None
    assert Reason.EXPIRED in reading.reasons


def test_a_document_expires_after_its_last_day() -> None:
    """On the last day it is valid, on the next it is not."""
    assert _read(card_text(_CARD), _CARD.expires).reasons == ()
    assert _read(card_text(_CARD), _CARD.expires + timedelta(days=1)).reasons == (Reason.EXPIRED,)


def test_a_missing_side_is_told() -> None:
    """Without the back nothing proves the print, without the front nothing is printed."""
    front = _read(CardText(tuple(front_lines(_CARD, {}))))
    assert front.sides == {CardSide.FRONT}
    assert {Reason.SIDE_MISSING, Reason.NO_CHECKED_ZONE} <= set(front.reasons)
    assert front.value(Field.RUN) == _CARD.holder.run
    back = _read(CardText(tuple(mrz_lines(_CARD, _CARD.mrz))))
    assert {Reason.SIDE_MISSING, Reason.UNREADABLE} <= set(back.reasons)
    assert back.value(Field.BIRTH_DATE) == _CARD.holder.birth.isoformat()


@pytest.mark.parametrize(
    "text",
    [CardText(), CardText(tuple(front_lines(_CARD, {})[:2])), CardText(tuple(mrz_lines(_CARD, ("", "HELLO", ""))))],
)
def test_what_is_no_document_is_unknown(text: CardText) -> None:
    """Nothing, a title, or other text is not a document that is known, and no field of it has a value."""
    reading = _read(text)
    assert reading.kind is DocumentKind.UNKNOWN
    assert Reason.UNSUPPORTED_DOCUMENT in reading.reasons


def test_another_country_s_card_is_unknown() -> None:
    """A card with an MRZ that Chile did not issue is not supported."""
    lines = _replaced(_CARD, 0, "INCHL", "IDARG")
    assert _read(card_text(_CARD, mrz=lines, coded=False)).kind is DocumentKind.UNKNOWN


@pytest.mark.parametrize(
    ("label", "printed", "field"),
    [
        ("FECHA DE NACIMIENTO", "01 ENE 1990", Field.BIRTH_DATE),
        ("FECHA DE VENCIMIENTO", "01 ENE 2036", Field.EXPIRY_DATE),
        ("NÚMERO DOCUMENTO", "123.456.789", Field.DOCUMENT_NUMBER),
        ("RUN", "12.345.678-5", Field.RUN),
    ],
)
def test_what_is_printed_differently_differs(label: str, printed: str, field: Field) -> None:
    """One printed value that is another than in MRZ and code is a difference, and the proved value is shown."""
    reading = _read(card_text(_CARD, changed={label: printed}))
    assert reading.reading(field).agreement is Agreement.DIFFERS
    assert reading.value(field) == _CARD.truth[field.value]
    assert {Reason.FIELDS_DIFFER, Reason.QR_DIFFERS} <= set(reading.reasons)
    assert Reason.FIELDS_DIFFER in _read(card_text(_CARD, coded=False, changed={label: printed})).reasons


@pytest.mark.parametrize("label", ["APELLIDOS", "NOMBRES"])
def test_a_printed_name_that_is_another_differs(label: str) -> None:
    """A name that is not the one of the MRZ is told, though the code says nothing of names."""
    reading = _read(card_text(_CARD, changed={label: "ROJAS"}))
    assert reading.reasons == (Reason.NAME_DIFFERS,)


def test_a_nationality_without_a_known_code_is_no_difference() -> None:
    """A printed nationality that is in no table, or misspelled, leaves the MRZ's; another known one differs."""
    for printed in ("NAURUANA", "CHJLEWA"):
        reading = _read(card_text(_CARD, changed={"NACIONALIDAD": printed}))
        assert (reading.value(Field.NATIONALITY), reading.reasons) == ("CHL", ())
    assert _read(card_text(_CARD, changed={"NACIONALIDAD": "PERUANA"})).reasons == (Reason.FIELDS_DIFFER,)


def test_the_mrz_of_another_is_told() -> None:
    """Whoever puts another's MRZ on a card has print and code against them."""
    reading = _read(card_text(_CARD, mrz=_OTHER.mrz))
    assert {Reason.FIELDS_DIFFER, Reason.QR_DIFFERS, Reason.NAME_DIFFERS} <= set(reading.reasons)


def test_the_code_of_another_is_told() -> None:
    """Whoever puts another's code on a card has print and MRZ against them."""
    reading = _read(card_text(_CARD, qr=_OTHER.qr))
    assert Reason.QR_DIFFERS in reading.reasons
    assert reading.value(Field.RUN) == _CARD.holder.run


def test_a_code_that_contradicts_itself_is_told() -> None:
    """A link whose number is another than its copy of the MRZ is told."""
    qr = (_CARD.qr or "").replace(f"serial={_CARD.number}", "serial=100000000")
    reading = _read(card_text(_CARD, qr=qr))
    assert reading.reasons == (Reason.QR_DIFFERS,) or Reason.QR_DIFFERS in reading.reasons
    assert reading.value(Field.DOCUMENT_NUMBER) == _CARD.number


def test_a_wrong_run_is_told() -> None:
    """A printed RUN without its digit is told by name."""
    body = _CARD.holder.run.partition("-")[0]
    wrong = next(digit for digit in "0123456789" if run_of(int(body)) != f"{body}-{digit}")
    printed = f"{int(body):,}".replace(",", ".") + f"-{wrong}"
    reading = _read(card_text(_CARD, changed={"RUN": printed}))
    assert Reason.RUN_CHECK_DIGIT in reading.reasons
    assert reading.value(Field.RUN) == _CARD.holder.run


def test_a_forged_mrz_is_not_repaired_in_silence() -> None:
    """One wrong digit in the MRZ is read as what the other zones say, and a person looks."""
    birth = f"{_CARD.holder.birth:%y%m%d}"
    forged = birth[:5] + str((int(birth[5]) + 1) % 10)
    reading = _read(card_text(_CARD, mrz=_replaced(_CARD, 1, birth, forged)))
    assert reading.value(Field.BIRTH_DATE) == _CARD.holder.birth.isoformat()
    assert set(reading.reasons) & {Reason.REPAIRED, Reason.MRZ_CHECK_DIGIT}


def test_two_wrong_digits_are_told() -> None:
    """An MRZ that no single error explains has wrong check digits."""
    birth = f"{_CARD.holder.birth:%y%m%d}"
    expiry = f"{_CARD.expires:%y%m%d}"
    lines = list(_replaced(_CARD, 1, birth, birth[:5] + str((int(birth[5]) + 1) % 10)))
    lines[1] = lines[1].replace(expiry, expiry[:5] + str((int(expiry[5]) + 1) % 10))
    assert Reason.MRZ_CHECK_DIGIT in _read(card_text(_CARD, mrz=lines)).reasons


def test_dates_must_be_in_order() -> None:
    """A card that is issued after today, or after it expires, is told."""
    future = written(
        Series.CARD_2013, _CARD.holder, _CARD.number, TODAY + timedelta(days=3), _CARD.expires, portrait=0, look=1
    )
    assert _read(card_text(future)).reasons == (Reason.NOT_YET_VALID,)


def test_a_weakly_read_date_of_issue_is_for_a_person() -> None:
    """No other zone has the date of issue, so that it must be read surely."""
    text = card_text(_CARD)
    issued = spelled(_CARD.issued)
    weak = tuple(replace(line, confidence=0.9) if line.content == issued else line for line in text.lines)
    assert _read(replace(text, lines=weak)).reasons == (Reason.UNREADABLE,)


def test_a_lost_label_is_made_up_for_by_the_mrz() -> None:
    """Without the label between the names, the MRZ says which are surnames."""
    text = card_text(_CARD)
    lines = tuple(line for line in text.lines if line.content != "NOMBRES")
    reading = _read(replace(text, lines=lines))
    assert _values(reading) == _CARD.truth
    assert reading.reasons == ()


def test_dropped_blanks_of_names_come_back() -> None:
    """An engine that drops the blanks between names is made up for by the MRZ."""
    card = next(each for each in map(specimen, range(40)) if len(each.holder.given_names.split()) == 2 and each.mrz)
    reading = _read(card_text(card, changed={"NOMBRES": card.holder.given_names.replace(" ", "")}))
    assert reading.value(Field.GIVEN_NAMES) == card.holder.given_names


def test_a_printed_number_is_read_by_its_proved_twin() -> None:
    """O for 0 in print is no difference where the check digits exclude it; what they allow is one."""
    card = next(
        each for each in (specimen(seed, Series.CARD_2024) for seed in range(2, 40)) if _first_name_in_line(each)
    )
    number = card.number
    place = next(place for place, digit in enumerate(number[1:], 1) if digit in "8525")
    letter = {"8": "B", "5": "S", "2": "Z"}[number[place]]
    reading = _read(card_text(card, changed={"NÚMERO DOCUMENTO": number[:place] + letter + number[place + 1 :]}))
    assert reading.value(Field.DOCUMENT_NUMBER) == number
    assert reading.reasons == ()


def test_surnames_in_two_rows_are_found_by_an_mrz_that_was_cut_off() -> None:
    """Without the label between the names, rows with the letters of the MRZ's surnames are these; a person looks."""
    card = written(
        Series.CARD_2013,
        Holder("BUSTAMANTE CASTAÑEDA", "MARÍA ÁNGELA", run_of(22_876_081), "CHL", "F", date(1966, 3, 28)),
        "497318356",
        date(2022, 7, 26),
        date(2032, 7, 25),
        portrait=0,
        look=27,
    )
    mrz = (*card.mrz[:2], card.mrz[2][:25])
    first, second = card.holder.surnames.split()
    lines = [line for line in card_text(card, mrz=mrz).lines if line.content not in ("NOMBRES", card.holder.surnames)]
    rows = [ReadLine(first, 0.9, Box(0.34, 0.235, 0.15, 0.04)), ReadLine(second, 0.8, Box(0.34, 0.278, 0.15, 0.04))]
    reading = _read(CardText((*lines, *rows)))
    surnames = reading.reading(Field.SURNAMES)
    assert (surnames.value, surnames.agreement) == ("BUSTAMANTE CASTAÑEDA", Agreement.SINGLE)
    printed = surnames.source(Zone.PRINT)
    assert printed is not None
    assert printed.confidence == 0.8
    assert printed.box == rows[0].box.union(rows[1].box)
    assert reading.value(Field.GIVEN_NAMES) == "MARÍA ÁNGELA"
    assert Reason.NAME_UNCONFIRMED in reading.reasons
    assert Reason.NAME_DIFFERS not in reading.reasons


def test_a_misread_label_is_no_part_of_a_name_that_the_mrz_cuts_off() -> None:
    """Without labels, a name ends with the last row that the MRZ reaches; what stands below is something else."""
    rows = (
        ("GÜIRALDES VALDÉS", Box(0.37, 0.21, 0.32, 0.07)),
        ("NOWBRES", Box(0.37, 0.30, 0.09, 0.03)),
        ("MAXIMILIANO JOSÉ", Box(0.36, 0.32, 0.31, 0.08)),
        ("NABCNALDAD", Box(0.37, 0.41, 0.14, 0.04)),
        ("POIVIANO", Box(0.37, 0.44, 0.18, 0.07)),
        ("M", Box(0.67, 0.45, 0.04, 0.06)),
        ("28 SEP 1941", Box(0.37, 0.55, 0.21, 0.07)),
        ("C72717602", Box(0.67, 0.56, 0.19, 0.06)),
        ("FECHADEEARSION", Box(0.37, 0.63, 0.17, 0.04)),
        ("16 DIC 2024", Box(0.37, 0.66, 0.20, 0.06)),
        ("02 AGO 2030", Box(0.67, 0.66, 0.22, 0.06)),
        ("RUN", Box(0.37, 0.74, 0.05, 0.04)),
        ("26.926.368-7", Box(0.37, 0.77, 0.22, 0.07)),
    )
    front = tuple(ReadLine(text, 0.9, box) for text, box in rows)
    mrz = ("IECHLC727176020<<<<<<<<<<<<<<<", "4109288M3008029BOL26926368<7<9", "GUIRALDES<VALDES<<MAXIMILIANO<")
    back = tuple(
        ReadLine(text, 0.99, Box(0.05, 0.65 + 0.08 * row, 0.89, 0.07), CardSide.BACK) for row, text in enumerate(mrz)
    )
    reading = _read(CardText(front + back))
    assert reading.value(Field.SURNAMES) == "GÜIRALDES VALDÉS"
    assert reading.value(Field.GIVEN_NAMES) == "MAXIMILIANO JOSÉ"


def test_names_that_the_mrz_parts_have_places_of_their_own() -> None:
    """Without labels, each name's place and confidence are those of its own rows, also where surnames have two."""
    card = specimen(4, Series.CARD_2013)
    labels = ("APELLIDOS", "NOMBRES", card.holder.surnames, card.holder.given_names)
    lines = [line for line in card_text(card).lines if line.content not in labels]
    words = (*card.holder.surnames.split(" ", 1), card.holder.given_names)
    rows = [
        ReadLine(text, 0.99 - 0.01 * row, Box(0.34, 0.235 + 0.05 * row, 0.15, 0.04)) for row, text in enumerate(words)
    ]
    reading = _read(CardText((*lines, *rows)))
    surnames, given = (reading.reading(field).source(Zone.PRINT) for field in (Field.SURNAMES, Field.GIVEN_NAMES))
    assert surnames is not None
    assert given is not None
    assert (surnames.value, given.value) == (card.holder.surnames, card.holder.given_names)
    assert (surnames.box, surnames.confidence) == (rows[0].box.union(rows[1].box), 0.98)
    assert (given.box, given.confidence) == (rows[2].box, 0.97)
