"""Names of files in folders of people."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_client.file_names import is_clutter, natural_order


def test_numbers_in_names_count_as_numbers() -> None:
    """The tenth comes after the ninth, and the case of letters does not matter."""
    names = ["img10", "IMG9", "img1", "2", "a", "10:30", "9:30"]
    assert [path.name for path in sorted(map(Path, names), key=natural_order)] == [
        "2",
        "9:30",
        "10:30",
        "a",
        "img1",
        "IMG9",
        "img10",
    ]


@given(st.lists(st.text(min_size=1, max_size=12).filter(lambda name: "/" not in name and name not in (".", ".."))))
def test_any_names_have_one_order(names: list[str]) -> None:
    """Whatever the names are, sorting them again in another order changes nothing."""
    once = sorted(map(Path, names), key=natural_order)
    once.reverse()
    again = sorted(once, key=natural_order)
    once.reverse()
    assert again == once


@pytest.mark.parametrize("name", ["._a.jpg", ".hidden", "Thumbs.db", "desktop.ini", "__MACOSX", "@eaDir"])
def test_what_systems_leave_is_clutter(name: str) -> None:
    """Hidden files and those of Windows, macOS and network drives are nobody's."""
    assert is_clutter(Path("folder") / name)
    assert not is_clutter(Path("folder") / "a.jpg")
