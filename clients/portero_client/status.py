"""Converts gRPC statuses to the SDK's errors; the only module that reads google.rpc details."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import grpc
from google.protobuf.message import DecodeError

# Their package carries no types.
from google.rpc.error_details_pb2 import (  # type: ignore[import-untyped]
    BadRequest,
    ErrorInfo,
    ResourceInfo,
    RetryInfo,
)
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

from portero_client.errors import (
    Aborted,
    AlreadyExists,
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    PorteroError,
    ResourceExhausted,
    ServerFault,
    Unauthenticated,
    Unavailable,
    Unimplemented,
    Unreachable,
)

_DETAILS_KEY = "grpc-status-details-bin"
# What gRPC says when the connection broke under a call, whatever the code it then chose.
_BROKEN = re.compile(r"RST_STREAM|stream removed|socket closed|connection reset|GOAWAY|transport", re.IGNORECASE)
_CAUSES = (
    (re.compile(r"certificate has expired"), "its certificate has expired"),
    (
        re.compile(r"CERTIFICATE_VERIFY_FAILED"),
        "its certificate is signed by nobody whom this client trusts; name the authority's file (PORTERO_CA_FILE)",
    ),
    (
        re.compile(r"Hostname Verification"),
        "its certificate is for another name; name it (PORTERO_SERVER_NAME) if that is as it should be",
    ),
    (
        re.compile(r"WRONG_VERSION_NUMBER"),
        "it speaks no TLS; PORTERO_TLS=off allows that, where something else protects the way there",
    ),
    (re.compile(r"create security handshaker"), "this client's certificate and key cannot be used"),
    (
        re.compile(r"failed to connect.*Socket closed", re.DOTALL),
        "it hangs up at once; perhaps it speaks TLS (PORTERO_TLS=on, PORTERO_CA_FILE) or wants a certificate of this "
        "client (PORTERO_CLIENT_CERTIFICATE, PORTERO_CLIENT_KEY)",
    ),
    (re.compile(r"connection refused", re.IGNORECASE), "connection refused"),
    (re.compile(r"errors resolving|DNS resolution|name not found", re.IGNORECASE), "the host's name is not known"),
    (re.compile(r"timed? ?out|timer", re.IGNORECASE), "it does not answer"),
    (re.compile(r"http1\.x server|http2 header with status|SETTINGS frame", re.IGNORECASE), "it does not speak gRPC"),
    (re.compile(r"unreachable|no route", re.IGNORECASE), "there is no route to it"),
)


class Failure(Protocol):
    """What both gRPC libraries, async and blocking, report about a failed call."""

    def code(self) -> grpc.StatusCode:
        """Returns the status code."""
        ...

    def details(self) -> str | None:
        """Returns the status message."""
        ...

    def trailing_metadata(self) -> Iterable[Any] | None:
        """Returns the trailing metadata, which carries the rich details."""
        ...


class Details:
    """The google.rpc details of a failure; missing or unreadable ones are empty messages."""

    def __init__(self, failure: Failure) -> None:
        self.info = ErrorInfo()
        self.bad_request = BadRequest()
        self.retry = RetryInfo()
        self.resource = ResourceInfo()
        for key, value in failure.trailing_metadata() or ():
            if key == _DETAILS_KEY and isinstance(value, bytes):
                self._take(value)

    @property
    def field(self) -> str:
        """Path of the first offending field, or empty."""
        violations = self.bad_request.field_violations
        return str(violations[0].field) if violations else ""

    @property
    def resource_name(self) -> str:
        """Name of the resource in question, or empty."""
        return str(self.resource.resource_name or self.info.metadata.get("resource", ""))

    @property
    def retry_after(self) -> float | None:
        """Seconds after which to try again, or None."""
        if not self.retry.HasField("retry_delay"):
            return None
        return float(self.retry.retry_delay.ToTimedelta().total_seconds())

    def _take(self, value: bytes) -> None:
        try:
            status = Status.FromString(value)
            for detail in status.details:
                for known in (self.info, self.bad_request, self.retry, self.resource):
                    if detail.Is(known.DESCRIPTOR):
                        detail.Unpack(known)
        except DecodeError:
            # Something between us and the server damaged the details; the plain status still says what it can.
            return


def error_from(failure: Failure, server: str) -> PorteroError:
    """Returns the SDK's error for a failed call.

    Args:
        failure: The call.
        server: Address that was asked, for the message of a failed connection.
    """
    details = Details(failure)
    message = failure.details() or failure.code().name.replace("_", " ").lower()
    reason = details.info.reason
    if not reason and _connection_failed(failure.code(), message):
        return Unreachable(f"no Portero server answers at {server}: {_cause(message)}")
    build = _BUILDERS.get(failure.code())
    return build(message, reason, details) if build else ServerFault(message, reason=reason)


def _connection_failed(code: grpc.StatusCode, message: str) -> bool:
    if code is grpc.StatusCode.UNAVAILABLE:
        return True
    return code in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.CANCELLED) and bool(
        _BROKEN.search(message)
    )


def _cause(message: str) -> str:
    return next((words for pattern, words in _CAUSES if pattern.search(message)), "the connection was lost")


_Builder = Callable[[str, str, Details], PorteroError]
_BUILDERS: dict[grpc.StatusCode, _Builder] = {
    grpc.StatusCode.INVALID_ARGUMENT: lambda message, reason, details: InvalidArgument(
        message, field=details.field, reason=reason
    ),
    grpc.StatusCode.OUT_OF_RANGE: lambda message, reason, details: InvalidArgument(
        message, field=details.field, reason=reason or "OUT_OF_RANGE"
    ),
    grpc.StatusCode.NOT_FOUND: lambda message, reason, details: NotFound(
        message, resource=details.resource_name, reason=reason
    ),
    grpc.StatusCode.ALREADY_EXISTS: lambda message, reason, details: AlreadyExists(
        message, resource=details.resource_name, reason=reason
    ),
    grpc.StatusCode.RESOURCE_EXHAUSTED: lambda message, reason, details: ResourceExhausted(
        message, retry_after=details.retry_after, reason=reason
    ),
    grpc.StatusCode.UNAVAILABLE: lambda message, reason, details: Unavailable(
        message, retry_after=details.retry_after, reason=reason
    ),
    grpc.StatusCode.FAILED_PRECONDITION: lambda message, reason, _: FailedPrecondition(message, reason=reason),
    grpc.StatusCode.ABORTED: lambda message, reason, _: Aborted(message, reason=reason),
    grpc.StatusCode.UNAUTHENTICATED: lambda message, reason, _: Unauthenticated(message, reason=reason),
    grpc.StatusCode.PERMISSION_DENIED: lambda message, reason, _: PermissionDenied(message, reason=reason),
    # gRPC's own words for a deadline are about sockets; a server that gives a reason has better ones.
    grpc.StatusCode.DEADLINE_EXCEEDED: lambda message, reason, _: DeadlineExceeded(
        message if reason else "the server did not answer in time", reason=reason
    ),
    grpc.StatusCode.UNIMPLEMENTED: lambda _, reason, __: Unimplemented(
        "the server does not offer this call: it is older than this client, or not a Portero server", reason=reason
    ),
}
