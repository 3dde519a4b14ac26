"""The table from errors to statuses."""

from __future__ import annotations

import grpc
import pytest

from portero_server import errors
from portero_server.engines.base import PhotoRefused
from portero_server.rpc.status import code_of

_CODE = grpc.StatusCode


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.PorteroError("x"), _CODE.INTERNAL),
        (errors.InvalidInput("a", "x"), _CODE.INVALID_ARGUMENT),
        (PhotoRefused("image", "x", reason="NO_FACE"), _CODE.INVALID_ARGUMENT),
        (errors.NotFound("people/a"), _CODE.NOT_FOUND),
        (errors.AlreadyExists("people/a"), _CODE.ALREADY_EXISTS),
        (errors.FailedPrecondition("x"), _CODE.FAILED_PRECONDITION),
        (errors.Unauthenticated("x"), _CODE.UNAUTHENTICATED),
        (errors.PermissionDenied("x"), _CODE.PERMISSION_DENIED),
        (errors.LimitReached("x"), _CODE.RESOURCE_EXHAUSTED),
        (errors.Unavailable("x"), _CODE.UNAVAILABLE),
        (errors.StoreUnavailable("x"), _CODE.UNAVAILABLE),
        (errors.SessionSuperseded("x"), _CODE.ABORTED),
        (errors.EngineError("x"), _CODE.INTERNAL),
        (errors.EngineThrottled("x"), _CODE.RESOURCE_EXHAUSTED),
        (errors.EngineUnavailable("x"), _CODE.UNAVAILABLE),
        (errors.EngineDenied("x"), _CODE.FAILED_PRECONDITION),
        (errors.Expired("x"), _CODE.DEADLINE_EXCEEDED),
        (errors.StartupProblem("x"), _CODE.INTERNAL),
    ],
)
def test_each_error_has_its_code(error: errors.PorteroError, code: grpc.StatusCode) -> None:
    """Every class of the tree, and every class derived from one, has one code."""
    assert code_of(error) is code
