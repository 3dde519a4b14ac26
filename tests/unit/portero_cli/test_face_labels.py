"""Whose encodings are whose, in each form that is in use."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_cli.face_labels import read_labels, write_labels
from portero_client import InvalidArgument

_NAMES = st.text(min_size=1, max_size=12).filter(lambda name: name == name.strip() != "")


@given(names=st.lists(_NAMES, max_size=12), as_dict=st.booleans())
def test_both_layouts_come_back_as_they_were(names: list[str], *, as_dict: bool) -> None:
    """Written as a list or as a dict, each row has its name again, also one that looks like a number."""
    assert read_labels(write_labels(names, as_dict=as_dict), len(names), "l.json") == names


@pytest.mark.parametrize(
    "told",
    [
        ["Ana", "Bo", "Ana"],
        {"labels": ["Ana", "Bo", "Ana"]},
        [{"name": "Ana"}, {"label": "Bo"}, {"name": " Ana "}],
        {"0": "Ana", "2": "Ana", "1": "Bo"},
        {"Ana": [0, 2], "Bo": 1},
        {"Ana": ["0", "2"], "Bo": ["1"]},
    ],
)
def test_every_form_in_use_is_read(told: object) -> None:
    """Lists, lists in a dict, rows to names and names to rows say the same."""
    assert read_labels(json.dumps(told).encode(), 3, "l.json") == ["Ana", "Bo", "Ana"]


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (["Ana"], "has 1 labels, and there are 3 encodings"),
        (["Ana", "", "Bo"], "label 1: the name is missing"),
        (["Ana", 7, "Bo"], "label 1: the name is missing"),
        ({"0": "Ana", "1": "Bo"}, "no label for 1 of 3 encodings, such as row 2"),
        ({"Ana": [0, 1, 2], "Bo": 1}, "two labels for row 1"),
        ({"Ana": [0, 1, 2, 3]}, "a label for row 3, and there are 3"),
        ({"Ana": [-1, 0, 1]}, "a label for row -1"),
        ({"ana.jpg": "Ana"}, "'ana.jpg' is not a row"),
        ({"Ana": {"x": 1}}, "is not a row"),
        ({"Ana": True}, "'True' is not a row"),
        ({}, "no label for 3 of 3"),
        ("Ana", "must be a list of names, or a dict"),
    ],
)
def test_what_leaves_a_face_without_its_name_is_refused(told: object, said: str) -> None:
    """Each encoding has one name, or nothing is imported: a shifted list would rename everybody."""
    with pytest.raises(InvalidArgument, match=said):
        read_labels(json.dumps(told).encode(), 3, "l.json")
    with pytest.raises(InvalidArgument, match="is not a JSON file"):
        read_labels(b"\xff{", 3, "l.json")
