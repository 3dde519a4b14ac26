"""Exit codes of `portero`, and errors as documents; the only place that defines their meaning."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from portero_client import (
    Aborted,
    AlreadyExists,
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    PorteroError,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
)


class ExitCode(IntEnum):
    """The exit codes for scripts; `meaning` appears on the reference page."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> ExitCode:
        """Creates a member with a number and a meaning."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    OK = 0, "success"
    FAILED = 1, "something else went wrong, `doctor` found something missing, or `checkin` did not accept"
    USAGE = 2, "the command line was invalid"
    NOT_FOUND = 3, "a person, camera, sighting, visitor, check-in or subscription does not exist"
    INVALID_INPUT = 4, "an input cannot be used, such as a photo without a face; with several photos: at least one"
    UNREACHABLE = 5, "the server does not answer, or is unavailable"
    DENIED = 6, "the server refused: not authenticated, or not allowed"
    CONFLICT = 7, "it exists already, or the current state does not allow it"
    LIMIT = 8, "a quota or rate is used up; try again later"
    INTERRUPTED = 130, "stopped with Ctrl-C"


_CODES: tuple[tuple[type[PorteroError], ExitCode], ...] = (
    (NotFound, ExitCode.NOT_FOUND),
    (InvalidArgument, ExitCode.INVALID_INPUT),
    (Unavailable, ExitCode.UNREACHABLE),
    (DeadlineExceeded, ExitCode.UNREACHABLE),
    (Unauthenticated, ExitCode.DENIED),
    (PermissionDenied, ExitCode.DENIED),
    (AlreadyExists, ExitCode.CONFLICT),
    (FailedPrecondition, ExitCode.CONFLICT),
    (Aborted, ExitCode.CONFLICT),
    (ResourceExhausted, ExitCode.LIMIT),
)


def exit_code_of(error: PorteroError) -> ExitCode:
    """Returns the exit code of an error."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), ExitCode.FAILED)


def error_document(
    code: ExitCode, message: str, error: PorteroError | None = None, *, name: str = ""
) -> dict[str, Any]:
    """Returns an error for programs; what is not known is left out.

    Args:
        code: The exit code; its name in lower case is `kind`.
        message: One sentence for people.
        error: What the SDK raised, if it was that.
        name: Which of many that were named on the command line it is about, as it was given.
    """
    said: dict[str, Any] = {"kind": code.name.lower(), "exit_code": int(code), "message": message}
    if name:
        said["name"] = name
    if error is not None:
        said |= {"reason": error.reason, "retryable": error.retryable}
        said |= {name: value for name in ("field", "resource") if (value := getattr(error, name, ""))}
        if (after := getattr(error, "retry_after", None)) is not None:
            said["retry_after"] = f"{after:g}s"
    return {"error": said}
