"""MRZs by the rules of ICAO 9303."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.documents.mrz import TD1, TD3, Layout, Mrz, check_digit, digit_is_right, write_mrz
from portero_server.domain.documents.names import mrz_names
from portero_server.domain.documents.run import Run
from tests.support.cards.specimen import TODAY, Series, specimen

# The examples of ICAO 9303, parts 5 and 4.
_ICAO_TD1 = "I<UTOD231458907<<<<<<<<<<<<<<<7408122F1204159UTO<<<<<<<<<<<6ERIKSSON<<ANNA<MARIA<<<<<<<<<<"
_ICAO_TD3 = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10"
_DAYS = st.dates(date(1930, 1, 1), TODAY)


@pytest.mark.parametrize(("layout", "text"), [(TD1, _ICAO_TD1), (TD3, _ICAO_TD3)])
def test_the_examples_of_the_standard_are_right(layout: Layout, text: str) -> None:
    """All check digits of the standard's own examples are right, and its values are read."""
    mrz = Mrz(layout, text)
    assert all(digit_is_right(text, rule) for rule in layout.rules)
    assert (mrz.issuer, mrz.nationality, mrz.sex) == ("UTO", "UTO", "F")
    assert mrz.number == ("D23145890" if layout is TD1 else "L898902C3")
    assert (mrz.birth(TODAY), mrz.expiry) == (date(1974, 8, 12), date(2012, 4, 15))
    assert mrz.run is None


def test_letters_and_fillers_count() -> None:
    """A is 10 to Z 35, a filler nothing."""
    assert check_digit("520727") == "3"
    assert check_digit("AB2134<<<") == "5"


@pytest.mark.parametrize("series", [each for each in Series if each is not Series.LEGACY])
def test_what_others_write_is_read_and_written_again(series: Series) -> None:
    """The zone of a specimen, written by the tests' own writer, is read, and written again is the same."""
    for seed in range(20):
        card = specimen(seed, series)
        layout = TD3 if series is Series.PASSPORT else TD1
        mrz = Mrz(layout, "".join(card.mrz))
        holder = card.holder
        assert (str(mrz.run), mrz.number, mrz.sex) == (holder.run, card.number, holder.sex)
        assert (mrz.birth(TODAY), mrz.expiry, mrz.nationality) == (holder.birth, card.expires, holder.nationality)
        again = write_mrz(
            layout,
            code=mrz.code,
            issuer=mrz.issuer,
            number=mrz.number,
            birth=f"{holder.birth:%y%m%d}",
            sex=mrz.sex,
            expiry=f"{card.expires:%y%m%d}",
            nationality=mrz.nationality,
            names=mrz_names(holder.surnames, holder.given_names, 30 if layout is TD1 else 39),
            run=holder.run.replace("-", "<"),
            optional=mrz.text[15:30].rstrip("<") if layout is TD1 else "",
        )
        assert again.lines == card.mrz


@given(
    st.integers(100_000_000, 999_999_999).map(str) | st.integers(0, 99_999_999).map("A{:08}".format),
    _DAYS,
    st.sampled_from("FMX"),
    st.dates(date(2001, 1, 1), date(2099, 12, 31)),
    st.integers(1_000_000, 39_999_999).map(Run.of),
    st.sampled_from([TD1, TD3]),
)
def test_every_value_survives(number: str, birth: date, sex: str, expiry: date, run: Run, layout: Layout) -> None:
    """What is written is read, and what is read is written the same."""
    mrz = write_mrz(
        layout,
        code="IN",
        issuer="CHL",
        number=number,
        birth=f"{birth:%y%m%d}",
        sex=sex,
        expiry=f"{expiry:%y%m%d}",
        nationality="CHL",
        names="A<<B",
        run=str(run).replace("-", "<"),
    )
    assert all(digit_is_right(mrz.text, rule) for rule in layout.rules)
    assert (mrz.number, mrz.sex, mrz.expiry, mrz.run) == (number, sex, expiry, run)
    # Two digits of a year: whoever is older than a century looks younger.
    read = mrz.birth(TODAY)
    assert read is not None
    assert read == birth


@pytest.mark.parametrize(
    ("digits", "day"),
    [
        ("261127", date(2026, 11, 27)),
        ("261128", date(1926, 11, 28)),
        ("000229", date(2000, 2, 29)),
        ("010229", None),
        ("991332", None),
        ("9913A2", None),
        ("300229", None),
    ],
)
def test_a_birth_is_the_latest_that_is_not_in_the_future(digits: str, day: date | None) -> None:
    """Two digits of a year are of this century unless that is to come; what is not a day is none."""
    assert Mrz(TD1, "<" * 30 + digits + "<" * 54).birth(TODAY) == day
