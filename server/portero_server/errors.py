"""The error hierarchy.

What a driver or library raises is translated into these where it is called (`store`, `engines`), and these into gRPC
statuses in `rpc/status.py`. A message is written for the caller: it names the field and the limit, never internals of
the server.
"""

from __future__ import annotations


class PorteroError(Exception):
    """Base class of every error that the server raises on purpose.

    Attributes:
        reason: UPPER_SNAKE_CASE identifier for programs, stable across releases: that of the class, unless the
            constructor is given a narrower one.
        message: One sentence for people.
    """

    reason = "INTERNAL"

    def __init__(self, message: str, *, reason: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if reason is not None:
            self.reason = reason


class InvalidInput(PorteroError):
    """The caller sent something unusable; the same call can never succeed.

    Attributes:
        field: Path of the offending field, as in the proto ("person.display_name").
    """

    reason = "INVALID_INPUT"

    def __init__(self, field: str, message: str, *, reason: str | None = None) -> None:
        super().__init__(message, reason=reason)
        self.field = field


def reused_request_id() -> InvalidInput:
    """Returns the refusal of a request id that belongs to another request."""
    return InvalidInput(
        "request_id",
        "request_id was used before, for a request that asked for something else: make a new UUID for each request",
        reason="REQUEST_ID_REUSED",
    )


class NotFound(PorteroError):
    """A resource does not exist.

    Attributes:
        resource: Its resource name ("people/ana").
    """

    reason = "NOT_FOUND"

    def __init__(self, resource: str, *, reason: str | None = None) -> None:
        super().__init__(f"{resource} does not exist", reason=reason)
        self.resource = resource


class AlreadyExists(PorteroError):
    """A resource with this name exists.

    Attributes:
        resource: Its resource name.
    """

    reason = "ALREADY_EXISTS"

    def __init__(self, resource: str, *, reason: str | None = None) -> None:
        super().__init__(f"{resource} exists already", reason=reason)
        self.resource = resource


class FailedPrecondition(PorteroError):
    """The call is valid, but what it concerns is not in a state that allows it."""

    reason = "FAILED_PRECONDITION"


class Unauthenticated(PorteroError):
    """The credential is missing or invalid; retrying with another credential may succeed.

    The message never says more than the reason, so that it does not help an attacker who guesses.

    Attributes:
        retry_after: Seconds to wait before the next attempt, set by whoever counts failed ones; None: no need to wait.
    """

    reason = "UNAUTHENTICATED"
    retry_after: float | None = None


class PermissionDenied(PorteroError):
    """The authenticated caller may not do this, or not for this camera.

    Attributes:
        resource: Resource name of what the caller may not touch ("cameras/door"); empty: it is the method itself.
    """

    reason = "PERMISSION_DENIED"

    def __init__(self, message: str, *, resource: str = "", reason: str | None = None) -> None:
        super().__init__(message, reason=reason)
        self.resource = resource


class LimitReached(PorteroError):
    """A quota is used up, a rate is exceeded, or a queue is full.

    Attributes:
        retry_after: Seconds after which the same call may succeed; None: waiting does not help.
    """

    reason = "LIMIT_REACHED"

    def __init__(self, message: str, *, retry_after: float | None = None, reason: str | None = None) -> None:
        super().__init__(message, reason=reason)
        self.retry_after = retry_after


class TooSlow(PorteroError):
    """The caller took longer than allowed to send its message, or to read the answer."""

    reason = "TOO_SLOW"


class Unavailable(PorteroError):
    """Something the server needs is unavailable; the same call may succeed later.

    Attributes:
        retry_after: Seconds after which the same call may succeed.
    """

    reason = "UNAVAILABLE"

    def __init__(self, message: str, *, retry_after: float = 1.0, reason: str | None = None) -> None:
        super().__init__(message, reason=reason)
        self.retry_after = retry_after


class StoreUnavailable(Unavailable):
    """The database does not answer, or answered too late."""

    reason = "DATABASE_UNAVAILABLE"


class SessionSuperseded(PorteroError):
    """A later session of the same camera owns the stream; this one can no longer commit."""

    reason = "SESSION_SUPERSEDED"


class EngineError(PorteroError):
    """An engine could not answer.

    Attributes:
        retryable: Whether the same request may succeed later.
    """

    reason = "ENGINE_FAILED"
    retryable = False


class EngineThrottled(EngineError):
    """The engine's quota is used up for the moment."""

    reason = "ENGINE_THROTTLED"
    retryable = True


class EngineUnavailable(EngineError):
    """The engine does not answer, or failed on its side."""

    reason = "ENGINE_UNAVAILABLE"
    retryable = True


class EngineDenied(EngineError):
    """The engine refuses the server's credentials, or its collection of faces is missing; an operator must act."""

    reason = "ENGINE_DENIED"


class Expired(EngineError):
    """The deadline passed, or would have before the answer: the engine was not asked, or its answer was dropped."""

    reason = "EXPIRED"


class StartupProblem(PorteroError):
    """The server cannot start.

    It reaches no caller: the command line prints the message, one line that says what is wrong and what to do.
    """

    reason = "STARTUP"
