"""What every command receives, and how an async function with a Session becomes a command with --server and --json."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Concatenate, ParamSpec

import typer

from portero_cli.exits import ExitCode
from portero_cli.screen.output import Output
from portero_cli.wording import reworded, words_of
from portero_client import ConnectionSettings, InvalidArgument, PorteroClient
from portero_client.settings import DEFAULT_HELP

P = ParamSpec("P")

ServerOption = Annotated[
    str | None,
    typer.Option("--server", metavar="HOST:PORT", help=f"The server. Default: {DEFAULT_HELP}."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")]


@dataclass(frozen=True, slots=True)
class GlobalOptions:
    """Options that may stand before or after the command; the later one wins."""

    server: str | None = None
    as_json: bool = False

    def then(self, server: str | None, as_json: bool) -> GlobalOptions:
        """Returns the options with later ones taking precedence."""
        return GlobalOptions(server or self.server, as_json or self.as_json)


@dataclass(frozen=True, slots=True)
class Session:
    """One run of one command: the server to use, and the output."""

    connection: ConnectionSettings
    output: Output

    def client(self) -> PorteroClient:
        """Returns a client of the server to use."""
        return PorteroClient(self.connection)


Command = Callable[Concatenate[Session, P], Coroutine[Any, Any, ExitCode]]


def command(function: Command[P]) -> Callable[..., Coroutine[Any, Any, ExitCode]]:
    """Returns a command for an async function whose first parameter is the session.

    The command takes the function's other parameters and the global options, and returns the coroutine to the code that
    runs the command line. So one event loop runs a command, whoever owns the loop.
    """

    @functools.wraps(function)
    def run(
        *, context: typer.Context, server: str | None, as_json: bool, **given: Any
    ) -> Coroutine[Any, Any, ExitCode]:
        options = (context.obj or GlobalOptions()).then(server, as_json)
        session = Session(ConnectionSettings.from_environment(options.server), Output(options.as_json))
        # typer passes exactly the parameters shown to it.
        return _in_its_words(function(session, **given), words)  # type: ignore[call-arg]

    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    words = words_of(own)
    run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # what typer reads instead of (*args, **kwargs)
        [
            *(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own),
            inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context),
            inspect.Parameter("server", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=ServerOption),
            inspect.Parameter("as_json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=JsonOption),
        ]
    )
    return run


async def _in_its_words(running: Coroutine[Any, Any, ExitCode], words: Mapping[str, str]) -> ExitCode:
    try:
        return await running
    except InvalidArgument as error:
        raise reworded(error, words) from None
