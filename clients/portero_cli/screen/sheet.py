"""A table that fits its terminal: columns that matter least are left out where the width is short, and named below."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from portero_cli.screen.output import PIPED_WIDTH, cell

# A longer cell wraps before another column is left out for it.
_ENOUGH = 24
# Blanks between two columns.
_GAP = 3


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of cells that are not interpreted as markup.

    Attributes:
        columns: Headings.
        rows: As many cells each.
        spare: Headings of the columns that may be left out, the first of them first.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    spare: tuple[str, ...] = ()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        cells = [[cell(value) for value in row] for row in self.rows]
        widths = {
            column: max((text.cell_len for text in texts), default=0)
            for column, texts in zip(self.columns, zip(*cells, strict=True), strict=bool(cells))
        }
        kept, hidden = columns_shown(self.columns, widths, self.spare, options.max_width)
        made = Table(*kept, box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        fits = _needed(kept, widths) <= options.max_width
        for heading, column in zip(kept, made.columns, strict=True):
            column.overflow = "fold"
            # Ids, times and numbers stay whole, so that they can be read and copied.
            column.no_wrap = fits and widths[heading] <= _ENOUGH
        for row in cells:
            made.add_row(*(text for column, text in zip(self.columns, row, strict=True) if column in kept))
        yield made
        if hidden:
            yield Text(f"left out at this width: {', '.join(hidden)}", style="dim")


def table(*columns: str, rows: Iterable[Sequence[object]], spare: Sequence[str] = ()) -> Sheet:
    """Returns a table; `spare` has the columns that a narrow terminal may do without, the least important first."""
    return Sheet(columns, tuple(tuple(row) for row in rows), tuple(spare))


def details(*pairs: tuple[str, object]) -> Table:
    """Returns what is known of one thing, a line for each pair of a heading and a value; empty values are left out."""
    made = Table.grid("", "", padding=(0, 2))
    made.columns[1].overflow = "fold"
    for heading, value in pairs:
        if str(value):
            made.add_row(Text(heading, style="bold"), cell(value))
    return made


def columns_shown(
    columns: Sequence[str], widths: dict[str, int], spare: Sequence[str], width: int
) -> tuple[Sequence[str], Sequence[str]]:
    """Decides which columns a table has.

    Args:
        columns: All headings.
        widths: The widest cell of each column; none for a table without rows.
        spare: The columns that may be left out, the first of them first; those without any text even before.
        width: Width of the terminal, columns.

    Returns:
        The headings that are kept, in order, and those left out although there is something in them.
    """
    kept = list(columns)
    empty = [column for column in spare if not widths.get(column)]
    hidden: list[str] = []
    for column in (*empty, *(column for column in spare if column not in empty)):
        if width >= PIPED_WIDTH or _needed(kept, widths) <= width:
            break
        kept.remove(column)
        if column not in empty:
            hidden.append(column)
    return kept, [column for column in columns if column in hidden]


def _needed(columns: Sequence[str], widths: dict[str, int]) -> int:
    texts = (max(cell_len(column), min(widths.get(column, 0), _ENOUGH)) for column in columns)
    return sum(texts) + _GAP * (len(columns) - 1)
