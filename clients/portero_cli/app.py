"""The command line as a whole: global options, and the commands of the registry."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import Annotated, Any

import typer

from portero_cli.exits import ExitCode
from portero_cli.registry import COMMANDS
from portero_cli.session import GlobalOptions, JsonOption, ServerOption


@cache
def root_command() -> Any:
    """Returns the Click command of `portero`, of which all others are parts.

    It is built once a process: reading the signatures of all commands takes longer than running most of them.
    """
    app = typer.Typer(name="portero", invoke_without_command=True, pretty_exceptions_enable=False)
    app.callback()(_globals)
    for module in COMMANDS:
        module.add_to(app)
    return typer.main.get_command(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"portero {version('portero')}")
        raise typer.Exit


def _globals(
    context: typer.Context,
    server: ServerOption = None,
    as_json: JsonOption = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Recognizes people at the door: manages the gallery, searches photos, streams cameras, shows who was seen.

    --server and --json may stand before or after the command.
    """
    context.obj = GlobalOptions(server, as_json)
    if context.invoked_subcommand is None:
        print(context.get_help())
        raise typer.Exit(ExitCode.USAGE)
