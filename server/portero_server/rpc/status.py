"""Maps errors to gRPC statuses and their google.rpc details; the only such table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]  # ships stubs but no py.typed
from grpc_status import rpc_status

from portero_server import errors
from portero_server.rpc.resource_names import type_of

ERROR_DOMAIN = "portero"
"""Domain of every google.rpc.ErrorInfo."""

_CODES: dict[type[errors.PorteroError], grpc.StatusCode] = {
    errors.PorteroError: grpc.StatusCode.INTERNAL,
    errors.InvalidInput: grpc.StatusCode.INVALID_ARGUMENT,
    errors.NotFound: grpc.StatusCode.NOT_FOUND,
    errors.AlreadyExists: grpc.StatusCode.ALREADY_EXISTS,
    errors.FailedPrecondition: grpc.StatusCode.FAILED_PRECONDITION,
    errors.Unauthenticated: grpc.StatusCode.UNAUTHENTICATED,
    errors.PermissionDenied: grpc.StatusCode.PERMISSION_DENIED,
    errors.TooSlow: grpc.StatusCode.DEADLINE_EXCEEDED,
    errors.LimitReached: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.Unavailable: grpc.StatusCode.UNAVAILABLE,
    errors.SessionSuperseded: grpc.StatusCode.ABORTED,
    errors.EngineError: grpc.StatusCode.INTERNAL,
    errors.EngineThrottled: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.EngineUnavailable: grpc.StatusCode.UNAVAILABLE,
    errors.EngineDenied: grpc.StatusCode.FAILED_PRECONDITION,
    errors.Expired: grpc.StatusCode.DEADLINE_EXCEEDED,
}
_ENGINE_RETRY = 1.0


def code_of(error: errors.PorteroError) -> grpc.StatusCode:
    """Returns the status code of an error's class or, if it has none, of its nearest base class."""
    return next(_CODES[base] for base in type(error).__mro__ if base in _CODES)


def status_of(error: errors.PorteroError, request_id: str) -> grpc.Status:
    """Returns the full status: code, message and details.

    Args:
        error: An error of `errors.py`; its message is written for the caller.
        request_id: Under which the server's log knows the call.
    """
    details: list[Message] = [
        error_details_pb2.ErrorInfo(reason=error.reason, domain=ERROR_DOMAIN),
        *_details(error),
        error_details_pb2.RequestInfo(request_id=request_id),
    ]
    status = status_pb2.Status(code=code_of(error).value[0], message=error.message)
    for detail in details:
        status.details.add().Pack(detail)
    return cast("grpc.Status", rpc_status.to_status(status))


def unknown_fault(request_id: str) -> errors.PorteroError:
    """Returns the error for an unexpected exception: the caller gets an id to quote, and no internal details."""
    return errors.PorteroError(f"internal error; the server's log has it under id {request_id}")


def interrupted(request_id: str) -> errors.PorteroError:
    """Returns the error for work that the server itself canceled; the call may be repeated."""
    return errors.Unavailable(
        f"the server gave this call up; its log has it under id {request_id}", reason="INTERRUPTED"
    )


def _details(error: errors.PorteroError) -> Iterator[Message]:
    if isinstance(error, errors.InvalidInput):
        violation = error_details_pb2.BadRequest.FieldViolation(field=error.field, description=error.message)
        yield error_details_pb2.BadRequest(field_violations=[violation])
    if isinstance(error, (errors.NotFound, errors.AlreadyExists)):
        yield error_details_pb2.ResourceInfo(
            resource_type=type_of(error.resource), resource_name=error.resource, description=error.message
        )
    retry_after = _retry_after(error)
    if retry_after is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMicroseconds(round(retry_after * 1_000_000))
        yield retry


def _retry_after(error: errors.PorteroError) -> float | None:
    if isinstance(error, (errors.LimitReached, errors.Unavailable, errors.Unauthenticated)):
        return error.retry_after
    if isinstance(error, errors.EngineError) and error.retryable:
        return _ENGINE_RETRY
    return None
