"""Both sides of the gRPC edge in tests: an observer that remembers, and error details taken apart."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2  # type: ignore[import-untyped]  # ships stubs but no py.typed
from grpc_status import rpc_status


class RecordingObserver:
    """Remembers every call that began and ended."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, str, str]] = []
        self._ended: list[tuple[str, str, str, str]] = []
        self.refusals: list[str] = []
        self._news = asyncio.Event()

    def rpc_known(self, service: str, method: str, kind: str) -> None:
        """Notes nothing: what is offered is not a call."""

    def rpc_begun(self, service: str, method: str, kind: str) -> None:
        """A call began."""
        self.begun.append((service, method, kind))

    def rpc_ended(self, service: str, method: str, kind: str, code: str, seconds: float) -> None:
        """A call ended."""
        self._ended.append((service, method, kind, code))
        self._news.set()

    def call_refused(self, reason: str) -> None:
        """A call was refused or ended for the place it takes."""
        self.refusals.append(reason)

    async def ended(self, calls: int) -> list[tuple[str, str, str, str]]:
        """Waits until so many calls have ended; a client has its status before the server's side is done with it."""
        while len(self._ended) < calls:
            self._news.clear()
            await self._news.wait()
        return self._ended


def servicer(base: type, **methods: Callable[..., object]) -> object:
    """Makes a servicer of which only these methods do something; they take the request and the context."""
    return type(base.__name__, (base,), {name: staticmethod(method) for name, method in methods.items()})()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A status as a client sees it, with its google.rpc details taken apart; what is absent is empty or None."""

    code: grpc.StatusCode
    message: str
    reason: str = ""
    domain: str = ""
    fields: tuple[str, ...] = ()
    resource: tuple[str, str] = ("", "")
    retry_after: float | None = None
    request_id: str = ""
    details: list[str] = field(default_factory=list)


async def refused(call: Awaitable[object]) -> Refusal:
    """Makes a call that must be refused and takes apart how."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return refusal_of(caught.value)


def refusal_of(error: grpc.aio.AioRpcError) -> Refusal:
    """Takes apart what a call ended with."""
    rich = rpc_status.from_call(error)
    if rich is None:
        return Refusal(error.code(), error.details() or "")
    info = _unpacked(rich, error_details_pb2.ErrorInfo)
    bad = _unpacked(rich, error_details_pb2.BadRequest)
    resource = _unpacked(rich, error_details_pb2.ResourceInfo)
    retry = _unpacked(rich, error_details_pb2.RetryInfo)
    request = _unpacked(rich, error_details_pb2.RequestInfo)
    return Refusal(
        code=error.code(),
        message=error.details() or "",
        reason=info.reason if info else "",
        domain=info.domain if info else "",
        fields=tuple(violation.field for violation in bad.field_violations) if bad else (),
        resource=(resource.resource_type, resource.resource_name) if resource else ("", ""),
        retry_after=retry.retry_delay.ToMicroseconds() / 1_000_000 if retry else None,
        request_id=request.request_id if request else "",
        details=[detail.TypeName() for detail in rich.details],
    )


def _unpacked(rich: Any, kind: Any) -> Any:
    for detail in rich.details:
        if detail.Is(kind.DESCRIPTOR):
            message = kind()
            detail.Unpack(message)
            return message
    return None
