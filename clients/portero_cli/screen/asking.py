"""Asks before something is done that cannot be undone; every such command has `--yes`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from portero_cli.screen.output import printable

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]


def confirm(question: str, yes: bool) -> None:
    """Asks on the terminal, unless the answer was given with --yes.

    Args:
        question: What would be done, as a question.
        yes: Whether --yes was given.

    Raises:
        typer.Abort: The answer was no.
        typer.TyperException: There is no terminal to ask on, as in a script.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise typer.TyperException(f"There is no terminal to ask on ({question}); add --yes")
    # Not typer's own question, part of which goes to stdout, where the result is to be and nothing else.
    print(f"{printable(question)} [y/N]: ", file=sys.stderr, end="", flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise typer.Abort
