"""RUNs: check digits, what people type, and what engines read."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.documents.confusions import as_digit, taken_for
from portero_server.domain.documents.run import Run, find_run, parse_run, run_digit, same_run

_RUNS = st.integers(1_000_000, 39_999_999).map(Run.of)
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@pytest.mark.parametrize(
    ("body", "digit"), [(12_345_678, "5"), (11_111_111, "1"), (10_000_013, "K"), (24_965_885, "5"), (9_999_999, "3")]
)
def test_the_digit_is_modulo_11(body: int, digit: str) -> None:
    """Weights 2 to 7 from the right; 11 is written 0 and 10 K."""
    total = sum(int(each) * weight for each, weight in zip(reversed(str(body)), (2, 3, 4, 5, 6, 7, 2, 3), strict=False))
    assert run_digit(body) == digit == {11: "0", 10: "K"}.get(11 - total % 11, str(11 - total % 11))


@given(_RUNS)
def test_a_run_is_written_and_read_back(run: Run) -> None:
    """With dots and without, in small letters too, a RUN is the same when it is written again."""
    for text in (str(run), run.dotted, run.dotted.lower(), f" {run} "):
        assert parse_run(text) == run
    assert find_run(f"RUN {run.dotted}") == run


@pytest.mark.parametrize("text", ["123456785", "12345678", "", "12.34.5678-5", "12345678-X", "1234-5-6", "٣2345678-5"])
def test_what_is_no_run_is_none(text: str) -> None:
    """Without a dash nobody knows which one is the check digit."""
    assert parse_run(text) is None


def test_a_wrong_digit_is_told() -> None:
    """A 0 typed for K is read, and is not valid; neither is a number that nobody has."""
    assert parse_run("10000013-0") == Run(10_000_013, "0")
    assert not Run(10_000_013, "0").valid
    assert Run(10_000_013, "K").valid
    assert not Run.of(99).valid


@pytest.mark.parametrize("body", [12_345_678, 10_000_013, 7_654_321])
def test_no_single_wrong_character_makes_another_valid_run(body: int) -> None:
    """Whichever character of a printed RUN is read as whichever other one, it is the true RUN or none that is valid."""
    run = Run.of(body)
    printed = run.dotted
    for place, character in enumerate(printed):
        if not character.isalnum():
            continue
        for other in _ALPHABET.replace(character, ""):
            found = find_run(printed[:place] + other + printed[place + 1 :])
            assert found is None or found == run or not found.valid


@pytest.mark.parametrize("body", [10_256_480, 12_345_678, 18_650_125])
def test_two_usual_confusions_are_undone(body: int) -> None:
    """Letters that look like digits, wherever two of them stand, are read as the digits."""
    run = Run.of(body)
    printed = list(run.dotted)
    places = [place for place, character in enumerate(printed) if character.isdigit()]
    for one, other in combinations(places, 2):
        for first in taken_for(printed[one]):
            for second in taken_for(printed[other]):
                read = printed.copy()
                read[one], read[other] = first, second
                assert as_digit(first) == printed[one]
                assert find_run("".join(read)) == run


@pytest.mark.parametrize(
    "read",
    [
        "RUN12.345.678-5",
        "RUN 12,345,678-5",
        "RUN: 12 345 678 - 5",
        "12.345.678\N{EN DASH}5",
        "12.345.6785",
        "I2.34S.67B-S",
    ],
)
def test_dots_and_dash_may_be_misread(read: str) -> None:
    """A RUN is found whatever its separators were taken for."""
    assert find_run(read.replace("RUN", "RUN ")) == Run.of(12_345_678)


def test_two_different_runs_are_none() -> None:
    """Where two valid RUNs stand, nobody knows which one is meant; one that is not valid does not count beside it."""
    assert find_run("12.345.678-5 11.111.111-1") is None
    assert find_run("12.345.678-5 11.111.111-2") == Run.of(12_345_678)


@pytest.mark.parametrize(
    ("text", "other", "same"),
    [
        ("12.345.678-5", "12345678-5", True),
        (" 12345678-k", "12.345.678-K", True),
        ("12.345.678-5", "11.111.111-1", False),
        ("none", "none ", True),
        ("none", "12.345.678-5", False),
    ],
)
def test_a_run_is_the_same_however_it_is_written(text: str, other: str, *, same: bool) -> None:
    """What is no RUN is the same only where it is written alike."""
    assert same_run(text, other) is same
