"""Names of print and MRZ: the second is a check of the first, as far as it goes."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.documents.names import (
    ends_shown,
    lost_fillers,
    mrz_name,
    mrz_names,
    names_agree,
    names_in_rows,
    rows_of_name,
    spaced_as,
    split_names,
)

_WORDS = st.lists(st.text("ABCDEFGHIJLMNOPQRSTUVWXYZÁÉÍÑÜ", min_size=2, max_size=12), min_size=1, max_size=3)
_NAMES = _WORDS.map(" ".join)


@pytest.mark.parametrize(
    ("printed", "written"),
    [
        ("MUÑOZ ÑANCUPIL", "MUNOZ<NANCUPIL"),
        ("O'RYAN", "ORYAN"),
        ("PÉREZ-SOTO", "PEREZ<SOTO"),
        ("GÜIRALDES", "GUIRALDES"),
    ],
)
def test_an_mrz_has_plain_letters(printed: str, written: str) -> None:
    """Accents, the tilde of ñ and apostrophes are left out; hyphens and blanks are fillers."""
    assert mrz_name(printed) == written


@given(_NAMES, _NAMES, st.sampled_from([30, 39]))
def test_a_name_agrees_with_its_own_mrz(surnames: str, given_names: str, width: int) -> None:
    """Whatever the name, cut or not, the line that is written of it agrees with it."""
    read = mrz_names(surnames, given_names, width)
    assert len(read) == width
    assert names_agree(surnames, given_names, read, width) is True


@given(_NAMES, _NAMES, st.data())
def test_any_other_letter_differs(surnames: str, given_names: str, data: st.DataObject) -> None:
    """A single other letter anywhere in the line is another name."""
    read = mrz_names(surnames, given_names, 30)
    places = [place for place, letter in enumerate(read) if letter.isalpha()]
    place = data.draw(st.sampled_from(places))
    other = data.draw(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ".replace(read[place], "")))
    assert names_agree(surnames, given_names, read[:place] + other + read[place + 1 :], 30) is not True


@given(_NAMES, _NAMES, st.sampled_from([30, 39]), st.data())
def test_a_name_that_is_shown_to_its_end_has_no_other_letters(
    surnames: str, given_names: str, width: int, data: st.DataObject
) -> None:
    """Of given names that agree with a line and end in it, no letter is lost, added or changed; likewise surnames."""
    read = mrz_names(surnames, given_names, width)
    twice = data.draw(st.integers(0, width - 1))
    if read[twice] == "<":
        # A filler that is read twice pushes the last letter out.
        read = (read[:twice] + "<" + read[twice:])[:width]
    cut = data.draw(st.integers(1, len(given_names)))
    other = given_names[:cut] + data.draw(st.sampled_from(["", "A", "Z", " ZOE"]))
    if names_agree(surnames, other, read, width):
        ends = ends_shown(surnames, other, read, width)
        assert not ends.given_names or mrz_name(other).replace("<", "") == mrz_name(given_names).replace("<", "")
        assert not ends.surnames or "<<" in read.strip("<")
        first, called = mrz_name(other).partition("<")[0], mrz_name(given_names).partition("<")[0]
        assert not ends.first_given_name or first == called


def test_a_name_that_reaches_the_end_of_the_line_may_go_on() -> None:
    """Two fillers show where given names end; where surnames and a first name end, the next name begins."""
    given_names = "MARÍA JOSÉ CELESTE"
    for surnames, ends in (
        ("PÉREZ SO", (True, True, True)),
        ("PÉREZ SOT", (True, False, True)),
        ("PÉREZ SOTO", (True, False, True)),
        ("FERNÁNDEZ CÓRDOVA SALA", (True, False, False)),
        ("FERNÁNDEZ DE CÓRDOVA MONTECINOS", (False, False, False)),
    ):
        assert ends_shown(surnames, given_names, mrz_names(surnames, given_names, 30), 30) == ends


@pytest.mark.parametrize(
    "read",
    [
        "PEREZ<SOTO<<MARIA<JOSE<<<<<<<<",
        "PEREZ<SOTO<<MARIA<JOSE",
        "PEREZ<SOTO<MARIA<JOSE<<<K<<KK",
        "PEREZKSOTO<<MARIAKJOSE<<<<K<<<<<<",
        "PEREZCSOTOCCMARIACJOSECCCCCCCC",
        "PEREZ<S0TO<<MAR1A<J0SE<<<<<<<<",
        "PEREZSOTO<<MARIAJOSE<<<",
    ],
)
def test_fillers_may_be_lost_or_misread(read: str) -> None:
    """Lost and doubled fillers, K among them, and digits for letters are no difference."""
    assert names_agree("PÉREZ SOTO", "MARÍA JOSÉ", read, 30) is True


@pytest.mark.parametrize("read", ["PEREZ<SOTO<<MAR1", "PEREZ<SOTO", "", "<<<<"])
def test_a_line_that_was_read_in_part_says_nothing(read: str) -> None:
    """What was not read could be anything."""
    assert names_agree("PÉREZ SOTO", "MARÍA JOSÉ", read, 30) is None


@pytest.mark.parametrize(
    "read", ["PEREZ<SOTO<<MARIO<JOSE<<<<<<<<", "PEREZ<SOTO<<MARIA<JOSE<CELESTE", "SOTO<PEREZ<<MARIA<JOSE<<"]
)
def test_another_name_differs(read: str) -> None:
    """Another letter, more letters and another order are another name."""
    assert names_agree("PÉREZ SOTO", "MARÍA JOSÉ", read, 30) is False


@pytest.mark.parametrize(
    "read", ["LEIVA<CARDENAS<<MARIA<<<<<<<<<", "LEIVA<CARDENAS<<MARIA", "LEIVA<CARDENAS<MARIA<<<<<<<<<<"]
)
def test_the_last_letter_of_a_name_is_no_filler(read: str) -> None:
    """A name that is a letter shorter than the MRZ's is another one, though engines take fillers for letters."""
    assert names_agree("LEIVA CÁRDENA", "MARÍA", read, 30) is False
    assert names_agree("LEIVA CÁRDENAS", "MARÍ", read, 30) is False


def test_dropped_blanks_do_not_move_the_end() -> None:
    """A cut MRZ ends at the same letter whether print's blanks were read or not."""
    read = "NUNEZ<NANCUPIL<<BENJAMIN<CRIST"
    assert names_agree("NÚÑEZ ÑANCUPIL", "BENJAMÍNCRISTÓBAL", read, 30) is True
    assert names_agree("NÚÑEZÑANCUPIL", "BENJAMÍN CRISTÓBAL", read, 30) is True
    assert names_agree("NÚÑEZ ÑANCUPIL", "BENJAMÍN", read, 30) is False


def test_surnames_may_make_room_for_given_names() -> None:
    """Where both do not fit, each part may be cut by itself."""
    read = "FERNANDEZ<DE<CORDO<<CONSTANZA<"
    assert names_agree("FERNÁNDEZ DE CÓRDOVA IBÁÑEZ", "CONSTANZA MARÍA", read, 30) is True
    assert names_agree("FERNÁNDEZ DE CÓRDOVA IBÁÑEZ", "CATALINA MARÍA", read, 30) is False


@given(_NAMES, _NAMES)
def test_blanks_come_back_from_the_mrz(surnames: str, given_names: str) -> None:
    """Blanks that an engine dropped are put where the MRZ has them; nothing else changes."""
    first, second = split_names(mrz_names(surnames, given_names, 90))
    assert spaced_as(surnames.replace(" ", ""), first) == surnames
    assert spaced_as(given_names, second) == given_names


@given(_NAMES, _NAMES, st.integers(1, 40), st.randoms(use_true_random=False))
def test_blanks_never_change_a_letter(printed: str, other: str, cut: int, random: Random) -> None:
    """Whatever an MRZ says, a printed name keeps its letters in their order; blanks come from print or MRZ alone."""
    shaken = "".join(letter for letter in printed if letter != " " or random.random() < 0.5)
    for name in (printed, other):
        for lost in (False, True):
            read = mrz_name(name).replace("<", " ")[:cut].strip()
            spaced = spaced_as(shaken, read, lost=lost)
            assert spaced.replace(" ", "") == shaken.replace(" ", "")
            assert spaced == " ".join(spaced.split())
            if name is printed:
                assert _ends(spaced) <= _ends(printed)
            if lost:
                assert _ends(shaken) <= _ends(spaced)


def _ends(name: str) -> set[int]:
    """Returns after how many letters a blank stands."""
    return {len(name[:at].replace(" ", "")) for at, letter in enumerate(name) if letter == " "}


def test_a_row_that_lost_a_filler_takes_no_blank_away() -> None:
    """A line that is too short and full of letters lost what divides its names: there the print knows better."""
    whole, short = "ZUNIGA<CASTANEDA<<ROCIO<CATALI", "ZUNIGACASTANEDA<<ROCIO<CATALI"
    assert not lost_fillers(whole, 30)
    assert lost_fillers(short, 30)
    assert not lost_fillers("SOTO<<ANA<<<<<", 30)
    first, _ = split_names(short)
    assert spaced_as("ZÚÑIGA CASTAÑEDA", first, lost=True) == "ZÚÑIGA CASTAÑEDA"
    assert spaced_as("ZÚÑ IGA CASTAÑEDA", split_names(whole)[0]) == "ZÚÑIGA CASTAÑEDA"


def test_blanks_beyond_a_cut_mrz_stay() -> None:
    """Where the MRZ ends, the print's own blanks are kept; apostrophes and hyphens stay anyway."""
    assert spaced_as("MARÍAJOSÉ FERNANDA", "MARIA JOSE FER") == "MARÍA JOSÉ FERNANDA"
    assert spaced_as("O'RYANPÉREZ-SOTO", "ORYAN PEREZ SOTO") == "O'RYAN PÉREZ-SOTO"
    assert spaced_as("SOTO", "PEREZ") == "SOTO"


def test_rows_are_parted_as_the_mrz_parts_them() -> None:
    """Where labels were lost, the MRZ says which words are surnames; where it does not, nobody does."""
    surnames, given_names = "PÉREZ SOTO", "MARÍA"
    read = "PEREZ<SOTO<<MARIA<<<<"
    for rows in (
        ["PÉREZ", "SOTO", "MARÍA"],
        ["PÉREZ SOTO", "MARÍA"],
        ["CHILE", "PÉREZ SOTO", "MARÍA"],
        ["PÉREZ SOTO MARÍA"],
    ):
        assert names_in_rows(rows, read, 30) == (surnames, given_names)
    assert names_in_rows(["PÉREZSOTO", "MARÍA"], read, 30) == ("PÉREZSOTO", "MARÍA")
    assert names_in_rows(["PÉREZ SOTO", "MARÍA"], "PEREZCSOTOCCMARIACCCCCCCCCCCCC", 30) == (surnames, given_names)
    assert names_in_rows(["PÉREZ SOTO", "MARÍA"], "PEREZ<SOTO<<MARIO<<<<", 30) is None
    assert names_in_rows(["PÉREZ"], read, 30) is None
    assert names_in_rows([], read, 30) is None


def test_rows_that_have_the_letters_of_a_name_are_that_name() -> None:
    """Where one name was misread or cut off, the other is told by the only row it begins, or the only rows it fills."""
    rows = ["DUIPAN", "CASTAÑEDA", "MATÍAS VICENTE"]
    assert rows_of_name(rows, "MATIAS VIC") == range(2, 3)
    assert rows_of_name(rows, "QUILAPAN CASTANEDA") is None
    assert rows_of_name(["QUILAPÁN", *rows[1:]], "QUILAPAN CASTANEDA") == range(2)
    assert rows_of_name(["QUILAPÁN", *rows[1:]], "QUILAPAN CASTA") is None
    assert rows_of_name(["SOTO", "SOTO"], "SOTO") is None
    assert rows_of_name(["SOTO", "ROA", "SOTO", "ROA"], "SOTO ROA") is None
    assert rows_of_name(["SOTO"], "") is None
    assert rows_of_name([], "SOTO") is None


def test_without_the_two_fillers_nothing_is_known() -> None:
    """A line in which surnames end nowhere has neither."""
    assert split_names("PEREZ<SOTO<<MARIA<JOSE<<<") == ("PEREZ SOTO", "MARIA JOSE")
    assert split_names("PEREZCSOTOCCMARIACCCCCC") == ("", "")
