"""Options shared by all list commands."""

from __future__ import annotations

from typing import Annotated, TypeVar

import typer

from portero_cli.screen.output import Output
from portero_client import Page

ItemT = TypeVar("ItemT")

LimitOption = Annotated[int, typer.Option("--limit", min=1, max=100_000, help="Largest number of results.")]
PageTokenOption = Annotated[
    str,
    typer.Option(
        "--page-token", help="next_page_token of the previous list, to continue after it.", show_default=False
    ),
]


def note_rest(output: Output, page: Page[ItemT]) -> None:
    """Prints that there are more items than the limit allows."""
    if page.next_page_token and not output.as_json:
        output.note(f"there are more: --limit shows more at once, --page-token {page.next_page_token} continues")
