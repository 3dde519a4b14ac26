from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from portero_cli.screen.sheet import columns_shown, details, table

COLUMNS = ("id", "name", "state", "since")


def rendered(renderable: object, width: int) -> list[str]:
    """Returns the lines that a terminal of a width shows."""
    console = Console(file=io.StringIO(), width=width, highlight=False)
    console.print(renderable)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@given(
    st.lists(st.integers(0, 60), min_size=4, max_size=4),
    st.permutations(COLUMNS).map(lambda columns: columns[:3]),
    st.integers(20, 250),
)
def test_only_spare_columns_are_left_out_and_only_for_want_of_width(
    widths: list[int], spare: list[str], width: int
) -> None:
    """Columns keep their order, those that are not spare stay, a wide terminal has all, and what is lost is named."""
    by_name = dict(zip(COLUMNS, widths, strict=True))
    kept, hidden = columns_shown(COLUMNS, by_name, spare, width)
    assert [column for column in COLUMNS if column in kept] == list(kept)
    gone = set(COLUMNS) - set(kept)
    assert gone <= set(spare)
    assert set(hidden) == {column for column in gone if by_name[column]}
    if width >= 200:
        assert not gone


def test_an_empty_column_goes_first_and_unmentioned() -> None:
    """A column without any text is nothing lost, whatever its rank."""
    rows = [("ana", "Ana Luz", "", "2026-11-26 12:00:00")]
    lines = rendered(table(*COLUMNS, rows=rows, spare=("since", "state")), 40)
    assert lines[0].split() == ["id", "name", "since"]
    assert len(lines) == 3
    narrow = rendered(table(*COLUMNS, rows=rows, spare=("since", "state")), 20)
    assert narrow[0].split() == ["id", "name"]
    assert " ".join(" ".join(narrow[3:]).split()) == "left out at this width: since"


def test_details_wrap_beside_their_heading() -> None:
    """A long value goes on under itself, and a pair without a value is not a line."""
    lines = rendered(details(("labels", "a=1 b=2 " * 6), ("site", ""), ("faces", 0)), 30)
    assert lines[0].startswith("labels  a=1")
    assert lines[1].startswith(" " * 8)
    assert lines[1].split()[0] in ("a=1", "b=2")
    assert lines[-1].split() == ["faces", "0"]
