"""What every service of the fake server needs: refusals with google.rpc details, pages, method tables."""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message

# Their package carries no types.
from google.rpc.code_pb2 import Code  # type: ignore[import-untyped]
from google.rpc.error_details_pb2 import (  # type: ignore[import-untyped]
    BadRequest,
    ErrorInfo,
    ResourceInfo,
    RetryInfo,
)
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from grpc_status import rpc_status

Context = grpc.aio.ServicerContext[Any, Any]
UnaryMethod = Callable[[Any], Awaitable[Message]]
StreamMethod = Callable[[Any], AsyncIterator[Message]]
ItemT = TypeVar("ItemT")


@dataclass
class Refusal(Exception):
    """An error answer; `bare` leaves the google.rpc details out, as a proxy's own answers do."""

    code: grpc.StatusCode
    message: str
    reason: str = ""
    field: str = ""
    resource: str = ""
    retry_after: float | None = None
    bare: bool = False

    def status(self) -> Status:
        """Returns the google.rpc status."""
        details: list[Message] = [ErrorInfo(reason=self.reason, domain="portero")]
        if self.field:
            details.append(
                BadRequest(field_violations=[BadRequest.FieldViolation(field=self.field, description=self.message)])
            )
        if self.resource:
            details.append(ResourceInfo(resource_name=self.resource))
        if self.retry_after is not None:
            retry = RetryInfo()
            retry.retry_delay.FromTimedelta(timedelta(seconds=self.retry_after))
            details.append(retry)
        status = Status(code=Code.Value(self.code.name), message=self.message)
        for detail in details:
            packed = AnyMessage()
            packed.Pack(detail)
            status.details.append(packed)
        return status

    async def send(self, context: Context) -> None:
        """Ends a call with this answer."""
        if self.bare:
            await context.abort(self.code, self.message)
        await context.abort_with_status(rpc_status.to_status(self.status()))


def not_found(resource: str) -> Refusal:
    """Returns the answer for a resource that does not exist."""
    return Refusal(grpc.StatusCode.NOT_FOUND, f"{resource} does not exist", reason="NOT_FOUND", resource=resource)


def already_exists(resource: str) -> Refusal:
    """Returns the answer for a name that is taken."""
    return Refusal(
        grpc.StatusCode.ALREADY_EXISTS, f"{resource} exists already", reason="ALREADY_EXISTS", resource=resource
    )


def invalid(field: str, message: str, reason: str = "INVALID_INPUT") -> Refusal:
    """Returns the answer for an unusable field."""
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, message, reason=reason, field=field)


def page_of(items: Sequence[ItemT], page_size: int, page_token: str) -> tuple[Sequence[ItemT], str]:
    """Returns one page and the token of the next, with the limits that the contract names."""
    if not 0 <= page_size <= 1000:
        raise invalid("page_size", "page_size must be 0..1000", "PAGE_SIZE_OUT_OF_RANGE")
    start = 0
    if page_token:
        try:
            start = int(base64.urlsafe_b64decode(page_token).decode("ascii").removeprefix("from:"))
        except (ValueError, binascii.Error):
            message = "page_token is not one that this server gave"
            raise invalid("page_token", message, "MALFORMED_PAGE_TOKEN") from None
    end = start + (page_size or 100)
    token = base64.urlsafe_b64encode(f"from:{end}".encode()).decode("ascii") if end < len(items) else ""
    return items[start:end], token
