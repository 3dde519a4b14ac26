"""Errors of the SDK as problem documents."""

from __future__ import annotations

import pytest

from portero_client import (
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    PorteroError,
    ResourceExhausted,
    ServerFault,
    Unauthenticated,
    Unimplemented,
    Unreachable,
)
from portero_console.problems import problem_from


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidArgument("x"), 400),
        (Unauthenticated("x"), 401),
        (PermissionDenied("x"), 403),
        (NotFound("x"), 404),
        (FailedPrecondition("x"), 409),
        (ResourceExhausted("x"), 429),
        (Unimplemented("x"), 501),
        (ServerFault("x"), 502),
        (Unreachable("x"), 503),
        (DeadlineExceeded("x"), 504),
    ],
)
def test_each_error_has_its_status(error: PorteroError, status: int) -> None:
    """What the server says becomes the HTTP status of the same meaning."""
    assert problem_from(error).document.status == status


def test_a_problem_says_what_the_server_said() -> None:
    """Reason, sentence and field are passed on, and what is not known is left out."""
    problem = problem_from(
        InvalidArgument("a name has 1 to 200 characters", field="person.display_name", reason="LONG")
    )
    assert problem.content == {
        "status": 400,
        "title": "Bad Request",
        "detail": "a name has 1 to 200 characters",
        "reason": "LONG",
        "violations": [{"field": "person.display_name", "message": "a name has 1 to 200 characters"}],
    }


def test_when_to_try_again_is_a_header_too() -> None:
    """Retry-After is in whole seconds, and never earlier than the server said."""
    problem = problem_from(ResourceExhausted("x", retry_after=1.2))
    assert (problem.content["retry_after"], problem.headers["retry-after"]) == (1.2, "2")
    assert problem_from(Unauthenticated("x")).headers["www-authenticate"] == "Bearer"
