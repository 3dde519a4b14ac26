"""A collector of traces that keeps what it is sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as pb2_grpc
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.support.time.timeouts import PATIENCE


@dataclass(slots=True)
class Collector(pb2_grpc.TraceServiceServicer):
    """Takes spans.

    Attributes:
        url: Where it listens.
        spans: Those that came.
    """

    url: str = ""
    spans: list[Span] = field(default_factory=list)
    _came: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def Export(  # noqa: N802 - named as in the proto
        self, request: pb2.ExportTraceServiceRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> pb2.ExportTraceServiceResponse:
        """Keeps spans."""
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                self.spans += scope.spans
        async with self._came:
            self._came.notify_all()
        return pb2.ExportTraceServiceResponse()

    async def until(self, enough: Callable[[], bool]) -> None:
        """Waits for spans."""
        async with asyncio.timeout(PATIENCE), self._came:
            await self._came.wait_for(enough)

    def named(self, name: str) -> list[Span]:
        """Returns the spans of a name."""
        return [span for span in self.spans if span.name == name]


@asynccontextmanager
async def running_collector() -> AsyncIterator[Collector]:
    """Runs a collector on a free port."""
    collector = Collector()
    server = grpc.aio.server()
    pb2_grpc.add_TraceServiceServicer_to_server(collector, server)  # type: ignore[no-untyped-call]  # the package's
    collector.url = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        yield collector
    finally:
        await server.stop(None)
