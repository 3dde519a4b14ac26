"""What a call ended with, in the server's own words."""

from collections.abc import Coroutine
from typing import Any, TypeVar

import grpc

_T = TypeVar("_T")


class Ending:
    """Keeps the first status that a call ended with.

    A write that is under way when the server ends the call fails, and grpc.aio then puts an INTERNAL of its own in the
    place of the server's status (grpc/grpc#36066). A bridge is writing nearly always, and what it does next depends on
    that status: one that was superseded and does not hear it would throw its successor out in turn.

    Args:
        call: The call; not ended yet.
    """

    def __init__(self, call: grpc.aio.Call) -> None:
        self._error: grpc.aio.AioRpcError | None = None
        self._is_over = False
        call.add_done_callback(self._note)

    def instead_of(self, error: grpc.aio.AioRpcError) -> grpc.aio.AioRpcError | None:
        """Returns the error of the call's first status in the place of a later one; None when that status was OK."""
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
    """Returns what a coroutine returns that does not have to wait, as none about the status of a finished call has."""
    try:
        answer.send(None)
    except StopIteration as returned:
        value: _T = returned.value
        return value
    answer.close()
    raise RuntimeError("the call is not over yet")
