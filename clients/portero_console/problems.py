"""Errors as documents for programs (problem+json, RFC 9457): the server's own, and the console's."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Annotated, Any

from pydantic import BaseModel, Field

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
    Unimplemented,
)

MEDIA_TYPE = "application/problem+json"

_STATUSES: tuple[tuple[type[PorteroError], HTTPStatus], ...] = (
    (InvalidArgument, HTTPStatus.BAD_REQUEST),
    (Unauthenticated, HTTPStatus.UNAUTHORIZED),
    (PermissionDenied, HTTPStatus.FORBIDDEN),
    (NotFound, HTTPStatus.NOT_FOUND),
    (AlreadyExists, HTTPStatus.CONFLICT),
    (FailedPrecondition, HTTPStatus.CONFLICT),
    (Aborted, HTTPStatus.CONFLICT),
    (ResourceExhausted, HTTPStatus.TOO_MANY_REQUESTS),
    (Unimplemented, HTTPStatus.NOT_IMPLEMENTED),
    (Unavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (DeadlineExceeded, HTTPStatus.GATEWAY_TIMEOUT),
)


class Violation(BaseModel):
    """A field of the request that cannot be used."""

    field: Annotated[str, Field(description="Its path, as `display_name`.")]
    message: Annotated[str, Field(description="What is wrong with it.")]


class ProblemDocument(BaseModel):
    """What went wrong."""

    status: Annotated[int, Field(description="The HTTP status.")]
    title: Annotated[str, Field(description="The status in words.")]
    detail: Annotated[str, Field(description="One sentence for people.")]
    reason: Annotated[str, Field(description="UPPER_SNAKE_CASE word for programs, the server's where it named one.")]
    violations: Annotated[list[Violation], Field(description="Fields that cannot be used.")] = []
    resource: Annotated[str, Field(description="The resource in question, or empty.")] = ""
    retry_after: Annotated[float | None, Field(description="Seconds after which to try again, if that helps.")] = None


class Problem(Exception):
    """An answer other than what was asked for."""

    def __init__(
        self,
        status: HTTPStatus,
        reason: str,
        detail: str,
        *,
        violations: list[Violation] | None = None,
        resource: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.document = ProblemDocument(
            status=status,
            title=status.phrase,
            detail=detail,
            reason=reason,
            violations=violations or [],
            resource=resource,
            retry_after=retry_after,
        )

    @property
    def content(self) -> dict[str, Any]:
        """The document, without what is not known."""
        return self.document.model_dump(exclude_defaults=True)

    @property
    def headers(self) -> dict[str, str]:
        """The headers that go with it."""
        headers = {"cache-control": "no-store"}
        if self.document.retry_after is not None:
            headers["retry-after"] = str(math.ceil(self.document.retry_after))
        if self.document.status == HTTPStatus.UNAUTHORIZED:
            headers["www-authenticate"] = "Bearer"
        return headers


def login_needed() -> Problem:
    """Returns the answer to who is not let in, or not any more."""
    return Problem(
        HTTPStatus.UNAUTHORIZED, "LOGIN_NEEDED", "log in, or show a key with the request (Authorization: Bearer)"
    )


def problem_from(error: PorteroError) -> Problem:
    """Returns the answer for what the SDK raised."""
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), HTTPStatus.BAD_GATEWAY)
    field = getattr(error, "field", "")
    return Problem(
        status,
        error.reason,
        error.message,
        violations=[Violation(field=field, message=error.message)] if field else None,
        resource=getattr(error, "resource", ""),
        retry_after=getattr(error, "retry_after", None),
    )
