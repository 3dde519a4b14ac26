"""Traces by OpenTelemetry, sent to a collector over OTLP. The only file that knows it; an extra, `portero[trace]`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

import structlog
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.trace import Link, Span, format_trace_id

from portero_server.telemetry.marks import CURRENT, Attribute, Mark

_TIMEOUT = 2.0
"""Seconds for one export: a server that stops waits no longer for a collector that is away."""


def open_exporter(endpoint: str) -> SpanProcessor:
    """Returns what sends spans to http://HOST:PORT (plain) or https://HOST:PORT, from a thread of its own."""
    return BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=_TIMEOUT))


class SpanMark:
    """A recognition's span."""

    __slots__ = ("span",)

    def __init__(self, span: Span) -> None:
        self.span = span

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits."""
        return format_trace_id(self.span.get_span_context().trace_id)

    def finish(self, **attributes: Attribute) -> None:
        """Ends the span."""
        self.span.set_attributes({f"portero.{name}": value for name, value in attributes.items()})
        self.span.end()


class OpenTelemetryTraces:
    """Makes spans. A share of the recognitions is traced; the others cost next to nothing."""

    def __init__(self, processor: SpanProcessor, *, share: float, version: str) -> None:
        """Begins to trace.

        Args:
            processor: Where spans go.
            share: Of the recognitions that are traced, 0..1.
            version: Of the server.
        """
        self._provider = TracerProvider(
            sampler=TraceIdRatioBased(share),
            resource=Resource.create({SERVICE_NAME: "portero-server", SERVICE_VERSION: version}),
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("portero")

    def recognition(self, camera_id: str | None) -> Mark | None:
        """Begins a trace, and has the task's log lines carry its id."""
        if (mark := CURRENT.get()) is not None:
            return mark
        span = self._tracer.start_span("recognition", attributes={"portero.camera": camera_id or ""})
        if not span.is_recording():
            return None
        mark = SpanMark(span)
        CURRENT.set(mark)
        structlog.contextvars.bind_contextvars(trace_id=mark.trace_id)
        return mark

    def step(
        self, name: str, marks: Sequence[Mark] = (), **attributes: Attribute
    ) -> AbstractContextManager[object, bool | None]:
        """Makes a span around the step, linked to the recognitions."""
        return self._step(name, [mark.span for mark in marks if isinstance(mark, SpanMark)], attributes)

    def close(self) -> None:
        """Sends what is left."""
        self._provider.shutdown()

    @contextmanager
    def _step(self, name: str, spans: Sequence[Span], attributes: dict[str, Attribute]) -> Iterator[None]:
        links = [Link(span.get_span_context()) for span in spans]
        named = {f"portero.{key}": value for key, value in attributes.items()}
        # An exception's text may quote names; that it happened is enough.
        with self._tracer.start_as_current_span(
            name, links=links, attributes=named, record_exception=False, set_status_on_exception=True
        ):
            yield
