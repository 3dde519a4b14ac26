from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import grpc
import pytest

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
    ServerFault,
    Unauthenticated,
    Unavailable,
    Unimplemented,
    Unreachable,
)
from portero_client.status import error_from
from tests.support.client.wire import Refusal

SERVER = "127.0.0.1:50051"


@dataclass(frozen=True)
class Failed:
    """A failed call as gRPC tells it."""

    status: grpc.StatusCode
    message: str | None
    metadata: tuple[tuple[str, str | bytes], ...] | None = ()

    def code(self) -> grpc.StatusCode:
        """Returns the status code."""
        return self.status

    def details(self) -> str | None:
        """Returns the message."""
        return self.message

    def trailing_metadata(self) -> Iterable[Any] | None:
        """Returns the rich details."""
        return self.metadata


def told(refusal: Refusal) -> PorteroError:
    """Returns the error of a refusal with its google.rpc details."""
    details = refusal.status().SerializeToString()
    return error_from(Failed(refusal.code, refusal.message, (("grpc-status-details-bin", details),)), SERVER)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, InvalidArgument),
        (grpc.StatusCode.OUT_OF_RANGE, InvalidArgument),
        (grpc.StatusCode.NOT_FOUND, NotFound),
        (grpc.StatusCode.ALREADY_EXISTS, AlreadyExists),
        (grpc.StatusCode.FAILED_PRECONDITION, FailedPrecondition),
        (grpc.StatusCode.ABORTED, Aborted),
        (grpc.StatusCode.UNAUTHENTICATED, Unauthenticated),
        (grpc.StatusCode.PERMISSION_DENIED, PermissionDenied),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, ResourceExhausted),
        (grpc.StatusCode.UNAVAILABLE, Unavailable),
        (grpc.StatusCode.DEADLINE_EXCEEDED, DeadlineExceeded),
        (grpc.StatusCode.UNIMPLEMENTED, Unimplemented),
        (grpc.StatusCode.INTERNAL, ServerFault),
        (grpc.StatusCode.DATA_LOSS, ServerFault),
        (grpc.StatusCode.UNKNOWN, ServerFault),
    ],
)
def test_each_status_has_its_error(code: grpc.StatusCode, kind: type[PorteroError]) -> None:
    """The class of the error follows from the status, the reason from ErrorInfo."""
    error = told(Refusal(code, "words", reason="WHY"))
    assert type(error) is kind
    assert error.reason == "WHY"


def test_the_offending_field_is_named() -> None:
    """BadRequest's first violation becomes the error's field."""
    error = told(Refusal(grpc.StatusCode.INVALID_ARGUMENT, "too long", reason="X", field="person.display_name"))
    assert isinstance(error, InvalidArgument)
    assert error.field == "person.display_name"
    assert error.message == "too long"


def test_the_missing_resource_is_named() -> None:
    """ResourceInfo becomes the error's resource."""
    error = told(Refusal(grpc.StatusCode.NOT_FOUND, "gone", reason="NOT_FOUND", resource="people/ana"))
    assert isinstance(error, NotFound)
    assert error.resource == "people/ana"


def test_when_to_ask_again_is_told_in_seconds() -> None:
    """RetryInfo becomes seconds; without it nothing is made up."""
    exhausted = told(Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "full", reason="X", retry_after=2.5))
    assert isinstance(exhausted, ResourceExhausted)
    assert exhausted.retry_after == 2.5
    quiet = told(Refusal(grpc.StatusCode.UNAVAILABLE, "full", reason="X"))
    assert isinstance(quiet, Unavailable)
    assert quiet.retry_after is None


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        (
            "failed to connect to all addresses; Failed to connect to remote host: Connection refused",
            "connection refused",
        ),
        ("Trying to connect an http1.x server", "it does not speak gRPC"),
        ("errors resolving nowhere:1: [address lookup failed: Domain name not found]", "the host's name is not known"),
        ("connection attempt timed out before receiving SETTINGS frame", "it does not answer"),
        ("Network is unreachable", "there is no route to it"),
        ("Socket closed", "the connection was lost"),
    ],
)
def test_a_failed_connection_is_told_in_words(message: str, cause: str) -> None:
    """The inner prose of gRPC becomes one sentence with the address and the cause."""
    error = error_from(Failed(grpc.StatusCode.UNAVAILABLE, message), SERVER)
    assert type(error) is Unreachable
    assert error.message == f"no Portero server answers at {SERVER}: {cause}"


def test_a_broken_connection_counts_as_unreachable_whatever_its_code() -> None:
    """Some cuts are told as INTERNAL or UNKNOWN; without a reason of the server they may be retried."""
    error = error_from(Failed(grpc.StatusCode.INTERNAL, "Received RST_STREAM with error code 2"), SERVER)
    assert isinstance(error, Unreachable)
    assert error.retryable
    assert not error_from(Failed(grpc.StatusCode.INTERNAL, "fault 17"), SERVER).retryable


@pytest.mark.parametrize("details", [b"\xff\xff\xff", b"", "text"])
def test_damaged_details_do_not_hide_the_status(details: bytes | str) -> None:
    """When a proxy damaged the details, the plain status still becomes its error."""
    metadata = (("grpc-status-details-bin", details),)
    error = error_from(Failed(grpc.StatusCode.NOT_FOUND, "people/ana does not exist", metadata), SERVER)
    assert isinstance(error, NotFound)
    assert error.message == "people/ana does not exist"


def test_a_status_without_a_message_still_says_something() -> None:
    """An empty status message is replaced by the code in words."""
    error = error_from(Failed(grpc.StatusCode.PERMISSION_DENIED, None, None), SERVER)
    assert error.message == "permission denied"
    assert error.reason == "PERMISSION_DENIED"
