"""The error hierarchy of the SDK. A message is written for people; `reason` is for programs."""

from __future__ import annotations

__all__ = [
    "Aborted",
    "AlreadyExists",
    "DeadlineExceeded",
    "FailedPrecondition",
    "InvalidArgument",
    "NotFound",
    "PermissionDenied",
    "PorteroError",
    "ResourceExhausted",
    "ServerFault",
    "SpoolDamaged",
    "SpoolFault",
    "Unauthenticated",
    "Unavailable",
    "Unimplemented",
    "Unreachable",
]


class PorteroError(Exception):
    """Base class of every error that the SDK raises on purpose.

    Attributes:
        message: One sentence for people, naming the field and the limit where there are some.
        reason: UPPER_SNAKE_CASE word for programs, stable across releases.
        retryable: Whether the same call may succeed later without being changed.
    """

    default_reason = "UNKNOWN"
    retryable = False

    def __init__(self, message: str, *, reason: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason or self.default_reason


class InvalidArgument(PorteroError):
    """The request is invalid and can never succeed unchanged.

    Attributes:
        field: Path of the offending field, as in the proto ("person.display_name"); empty if unknown.
    """

    default_reason = "INVALID_ARGUMENT"

    def __init__(self, message: str, *, field: str = "", reason: str = "") -> None:
        super().__init__(message, reason=reason)
        self.field = field


class NotFound(PorteroError):
    """A resource does not exist.

    Attributes:
        resource: Its resource name ("people/ana"); empty if unknown.
    """

    default_reason = "NOT_FOUND"

    def __init__(self, message: str, *, resource: str = "", reason: str = "") -> None:
        super().__init__(message, reason=reason)
        self.resource = resource


class AlreadyExists(PorteroError):
    """A resource with this name exists.

    Attributes:
        resource: Its resource name; empty if unknown.
    """

    default_reason = "ALREADY_EXISTS"

    def __init__(self, message: str, *, resource: str = "", reason: str = "") -> None:
        super().__init__(message, reason=reason)
        self.resource = resource


class FailedPrecondition(PorteroError):
    """The call is valid, but not in the current state."""

    default_reason = "FAILED_PRECONDITION"


class Aborted(PorteroError):
    """A concurrent change interfered; trying again may succeed."""

    default_reason = "ABORTED"
    retryable = True


class Unauthenticated(PorteroError):
    """The server could not identify the caller."""

    default_reason = "UNAUTHENTICATED"


class PermissionDenied(PorteroError):
    """The server identified the caller, who may not do this."""

    default_reason = "PERMISSION_DENIED"


class ResourceExhausted(PorteroError):
    """A quota, a rate or a queue is full.

    Attributes:
        retry_after: Seconds after which asking again makes sense; None if unknown.
    """

    default_reason = "RESOURCE_EXHAUSTED"
    retryable = True

    def __init__(self, message: str, *, retry_after: float | None = None, reason: str = "") -> None:
        super().__init__(message, reason=reason)
        self.retry_after = retry_after


class Unavailable(PorteroError):
    """The server, or something that it needs, is unavailable now.

    Attributes:
        retry_after: Seconds after which asking again makes sense; None if unknown.
    """

    default_reason = "UNAVAILABLE"
    retryable = True

    def __init__(self, message: str, *, retry_after: float | None = None, reason: str = "") -> None:
        super().__init__(message, reason=reason)
        self.retry_after = retry_after


class Unreachable(Unavailable):
    """The server could not be reached, or the connection was lost."""

    default_reason = "UNREACHABLE"


class DeadlineExceeded(PorteroError):
    """The answer did not arrive in time. Whether the call was executed is unknown."""

    default_reason = "DEADLINE_EXCEEDED"
    retryable = True


class Unimplemented(PorteroError):
    """The server does not offer this call; it is older than this client, or not a Portero server."""

    default_reason = "UNIMPLEMENTED"


class ServerFault(PorteroError):
    """The server failed unexpectedly; the message contains an id for its operator."""

    default_reason = "INTERNAL"


class SpoolFault(PorteroError):
    """The spool's disk refused to read or write."""

    default_reason = "SPOOL_FAULT"
    retryable = True


class SpoolDamaged(PorteroError):
    """The spool's file is not a spool, or is corrupt."""

    default_reason = "SPOOL_DAMAGED"
