"""Does the same to several resources: goes on after one that fails, and reports each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from portero_cli.enrolling import Problem
from portero_cli.exits import ExitCode, error_document, exit_code_of
from portero_cli.screen.output import Output
from portero_client import DeadlineExceeded, PorteroError, Unauthenticated, Unavailable

ItemT = TypeVar("ItemT")

# With these the next one would fail like this one; each would wait for its deadline first.
_OF_EVERY_CALL = (Unavailable, DeadlineExceeded, Unauthenticated)


@dataclass(frozen=True, slots=True)
class Failed:
    """A resource, as it was named on the command line, with which it could not be done."""

    name: str
    error: Problem


@dataclass(frozen=True, slots=True)
class Outcomes(Generic[ItemT]):
    """What was done and what failed, in the order of the command line, and the exit code: that of the first failure."""

    done: tuple[ItemT, ...]
    failed: tuple[Failed, ...]
    code: ExitCode


async def each_of(
    given: Sequence[str],
    name_of: Callable[[str], str],
    act: Callable[[str], Awaitable[ItemT]],
    output: Output,
    done: str = "",
) -> Outcomes[ItemT]:
    """Does something to each resource, and prints a line or a document on stderr for each as it goes.

    A server that does not answer, or that does not know the caller, ends it: the rest fails with reason NOT_TRIED.

    Args:
        given: Names or ids as on the command line; the same twice counts once.
        name_of: Returns the resource name. Raises InvalidArgument.
        act: Does it to the resource of a name, and returns what to report.
        output: Where the command prints.
        done: What is said of one when it is done, such as "removed"; empty: nothing.
    """
    results: list[ItemT] = []
    failed: list[Failed] = []
    code = ExitCode.OK
    waiting = list(dict.fromkeys(given))
    seen: set[str] = set()
    while waiting:
        each = waiting.pop(0)
        try:
            name = name_of(each)
            if name in seen:
                continue
            seen.add(name)
            results.append(await act(name))
        except PorteroError as error:
            failed.append(Failed(each, Problem(error.reason, error.message)))
            its_code = exit_code_of(error)
            output.error(
                error.message if each in error.message else f"{each}: {error.message}",
                error_document(its_code, error.message, error, name=each),
            )
            code = code or its_code
            if isinstance(error, _OF_EVERY_CALL):
                break
        else:
            if done:
                output.note(f"{name} {done}")
    if waiting:
        output.note(f"not tried: {', '.join(waiting)}")
        failed += [Failed(each, Problem("NOT_TRIED", "not tried, since the server failed")) for each in waiting]
    return Outcomes(tuple(results), tuple(failed), code)


async def done_to_each(
    given: Sequence[str],
    name_of: Callable[[str], str],
    act: Callable[[str], Awaitable[object]],
    output: Output,
    done: str,
) -> ExitCode:
    """Does something to each resource as `each_of`, and prints the document: the names, by what was done to them."""

    async def named(name: str) -> str:
        await act(name)
        return name

    outcomes = await each_of(given, name_of, named, output, done)
    output.show({done: outcomes.done, "failed": outcomes.failed})
    return outcomes.code
