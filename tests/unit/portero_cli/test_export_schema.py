"""The columns of exports, and the page that documents them."""

from __future__ import annotations

from portero_cli.export_schema import COLUMNS, SCHEMA_VERSION, row_of
from tests.support.client.exported import exported
from tests.support.repository import ROOT


def test_a_row_has_the_columns_in_order() -> None:
    """A stranger has no person, and whoever has no visitor no visit."""
    stranger, ana = row_of(exported(1)), row_of(exported(2, person="ana", visit=3))
    assert list(stranger) == list(ana) == [column.name for column in COLUMNS]
    empty = {name for name, value in stranger.items() if value is None}
    assert empty == {column.name for column in COLUMNS if column.null}
    assert (ana["sighting"], ana["camera"], ana["person"], ana["visit"]) == ("s2", "door", "ana", 3)


def test_the_page_documents_every_column() -> None:
    """EXPORTS.md has the version, and each column with its type, unit and empty value, in order."""
    page = (ROOT / "clients/EXPORTS.md").read_text(encoding="utf-8")
    assert f"Schema version **{SCHEMA_VERSION}**" in page
    table = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("| `")
    ]
    assert [(name, kind, unit, null) for name, kind, unit, null, _ in table] == [
        (f"`{column.name}`", column.type.value, column.unit, column.null) for column in COLUMNS
    ]
    assert all(meaning for *_, meaning in table)
