"""Errors as CompreFace tells them."""

from __future__ import annotations

import pytest

from portero_client import (
    AlreadyExists,
    DeadlineExceeded,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    PorteroError,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
)
from portero_console.compreface.errors import error_from


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InvalidArgument("x", reason="NO_FACE"), 400, 28),
        (InvalidArgument("x", reason="SEVERAL_FACES"), 400, 31),
        (InvalidArgument("x", reason="LOW_QUALITY"), 400, 36),
        (InvalidArgument("x", reason="MALFORMED_TOKEN"), 401, 10),
        (Unauthenticated("x"), 401, 10),
        (PermissionDenied("x"), 403, 0),
        (NotFound("x", resource="people/ana"), 404, 42),
        (NotFound("x", resource="people/ana/faces/f"), 404, 44),
        (AlreadyExists("x"), 400, 43),
        (ResourceExhausted("x", retry_after=2.0), 429, 0),
        (Unavailable("x"), 503, 41),
        (DeadlineExceeded("x"), 504, 41),
    ],
)
def test_each_error_has_its_status_and_code(error: PorteroError, status: int, code: int) -> None:
    """The sentence is CompreFace's where programs look for it, else the server's own."""
    told = error_from(error)
    assert (told.status, told.code) == (status, code)
    assert told.retry_after == getattr(error, "retry_after", None)
    assert told.message
