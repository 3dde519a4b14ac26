"""Runs `portero`: parses the command line, runs the command, and turns any error into one line and an exit code."""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
from collections.abc import Callable, Sequence

import typer

from portero_cli.app import root_command
from portero_cli.exits import ExitCode, error_document, exit_code_of
from portero_cli.screen.output import Output
from portero_client import PorteroError, Unreachable
from portero_client.library_logs import write_library_logs


def main() -> int:
    """Entry point of the `portero` script. Returns its exit code."""
    # gRPC's own log lines would break the promise of one readable line.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    output = Output(_asks_for_json(sys.argv[1:]))
    write_library_logs(lambda line: output.note(str(line)))
    try:
        return asyncio.run(run(sys.argv[1:]))
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has closed the pipe, as `head` does. The interpreter's last flush must not fail
        # either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILED


async def run(arguments: Sequence[str]) -> int:
    """Runs a command line. Returns its exit code.

    An error is one line on stderr, with --json a JSON document. With PORTERO_DEBUG set, an unexpected error is raised
    instead.
    """
    fail = _failure_printer(arguments)
    try:
        outcome = root_command()(args=list(arguments), prog_name="portero", standalone_mode=False)
        return int(await outcome) if inspect.isawaitable(outcome) else int(outcome or ExitCode.OK)
    except typer.TyperException as error:
        return fail(ExitCode.USAGE, _usage_error(error))
    except typer.Abort:
        # The answer to a question was no.
        return fail(ExitCode.FAILED, "nothing was done")
    except PorteroError as error:
        hint = " (is it running? `portero doctor` shows more)" if isinstance(error, Unreachable) else ""
        return fail(exit_code_of(error), error.message + hint, error)
    except ModuleNotFoundError as error:
        # Commands import what an extra brings when they are run.
        return fail(
            ExitCode.FAILED,
            f"this needs a package that is not installed ({error.name}); `portero doctor` shows what to install",
        )
    except BrokenPipeError:
        raise
    except Exception as error:
        # The last seam before the user: a fault is one line here.
        if os.environ.get("PORTERO_DEBUG"):
            raise
        return fail(ExitCode.FAILED, f"internal error: {type(error).__name__}: {error} (PORTERO_DEBUG=1 shows where)")


def _failure_printer(arguments: Sequence[str]) -> Callable[..., ExitCode]:
    """Returns what prints an error and returns its exit code."""
    output = Output(_asks_for_json(arguments))

    def fail(code: ExitCode, message: str, error: PorteroError | None = None) -> ExitCode:
        output.error(message, error_document(code, message, error))
        return code

    return fail


def _asks_for_json(arguments: Sequence[str]) -> bool:
    # Asked here and not of the parsed options, because an error may be about those.
    return "--json" in arguments[: arguments.index("--") if "--" in arguments else None]


def _usage_error(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "portero"
    # What an option's parser says comes behind words that are about this program's insides.
    message = error.format_message().replace("Value error, ", "")
    end = "" if message.endswith((".", "?")) else "."
    return f"{message}{end} See `{command} --help`."


if __name__ == "__main__":
    sys.exit(main())
