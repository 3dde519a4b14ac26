from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from portero_cli.naming import id_of, name_of_folder
from portero_client import InvalidArgument
from portero_client.names import PEOPLE


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("Ana María Díaz", "ana-maria-diaz"),
        ("Lin-Manuel Miranda", "lin-manuel-miranda"),
        ("  O'Higgins, Bernardo ", "o-higgins-bernardo"),
        ("Ñandú 7", "nandu-7"),
        ("Łukasz Żółć", "lukasz-zolc"),
        ("Jürgen Groß", "jurgen-gross"),
        ("Ольга Иванова", "olga-ivanova"),
        ("Γιώργος", "giorgos"),
        ("李小龙", "li-xiao-long"),
        ("محمد علي", "mhmd-ly"),
        ("김철수", "gimcheolsu"),
        ("राज", "raj"),
        ("D\u2019Angelo \U0001f642", "d-angelo"),
        ("Ana Di\u0301az", "ana-diaz"),
    ],
)
def test_an_id_is_made_of_the_name(name: str, identifier: str) -> None:
    """Letters of any script are spelled in plain ones, and whatever is not a letter or digit becomes one hyphen."""
    assert id_of(name) == identifier


@given(st.text())
def test_every_id_that_is_made_is_sound(name: str) -> None:
    """Whatever the name, its id is one that the server takes, or none is made."""
    try:
        identifier = id_of(name)
    except InvalidArgument as error:
        assert error.reason == "NO_ID"  # noqa: PT017 - either outcome is right, each in its own way
        assume(False)
    assert PEOPLE.identifier(identifier) == identifier


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("rose-leslie", "Rose Leslie"),
        ("ana_maría", "Ana María"),
        ("Ana Díaz", "Ana Díaz"),
        ("Lin-Manuel Miranda", "Lin-Manuel Miranda"),
        ("ana", "Ana"),
    ],
)
def test_a_folder_gives_the_name_it_stands_for(folder: str, name: str) -> None:
    """A name stays as it is; a slug is made readable."""
    assert name_of_folder(folder) == name
