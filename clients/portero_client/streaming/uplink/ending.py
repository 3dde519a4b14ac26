"""Keeps the status with which the server ended a call."""

from collections.abc import Coroutine
from typing import Any, TypeVar

import grpc

_T = TypeVar("_T")


class Ending:
    """Keeps the first status that a call ended with.

    If the server ends the call during a write, the write fails, and grpc.aio replaces the server's status with its own
    INTERNAL (grpc/grpc#36066). A client is almost always writing, and its next step depends on that status: a
    superseded client that does not see it would supersede its successor in turn.

    Args:
        call: The call; not ended yet.
    """

    def __init__(self, call: grpc.aio.Call) -> None:
        self._error: grpc.aio.AioRpcError | None = None
        self._is_over = False
        call.add_done_callback(self._note)

    def instead_of(self, error: grpc.aio.AioRpcError) -> grpc.aio.AioRpcError | None:
        """Returns the error of the call's first status, to replace a later one; None if that status was OK."""
        return self._error if self._is_over else error

    def _note(self, call: grpc.aio.Call) -> None:
        if self._is_over:
            return
        self._is_over = True
        # A task that waited for these would run too late, after the failed write's.
        code = _at_once(call.code())
        if code is not grpc.StatusCode.OK:
            self._error = grpc.aio.AioRpcError(
                code,
                grpc.aio.Metadata(),
                _at_once(call.trailing_metadata()),
                _at_once(call.details()),
            )


def _at_once(answer: Coroutine[Any, Any, _T]) -> _T:
    """Returns the result of a coroutine that does not have to wait, such as the status of a finished call."""
    try:
        answer.send(None)
    except StopIteration as returned:
        value: _T = returned.value
        return value
    answer.close()
    raise RuntimeError("the call is not over yet")
