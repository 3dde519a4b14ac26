"""Traces sent to an OpenTelemetry collector over OTLP. The only module that imports it; an extra, `portero[trace]`."""

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
"""Seconds for one export: a server that stops waits no longer for an unreachable collector."""


def open_exporter(endpoint: str) -> SpanProcessor:
    """Returns an exporter that sends spans to http://HOST:PORT (plain) or https://HOST:PORT from its own thread."""
    return BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=_TIMEOUT))


class SpanMark:
    """The OpenTelemetry span of one recognition."""

    __slots__ = ("span",)

    def __init__(self, span: Span) -> None:
        self.span = span

    @property
    def trace_id(self) -> str:
        """The trace id, 32 hexadecimal digits."""
        return format_trace_id(self.span.get_span_context().trace_id)

    def finish(self, **attributes: Attribute) -> None:
        """Ends the span of the recognition."""
        self.span.set_attributes({f"portero.{name}": value for name, value in attributes.items()})
        self.span.end()


class OpenTelemetryTraces:
    """Creates spans for a share of the recognitions; the others cost almost nothing."""

    def __init__(self, processor: SpanProcessor, *, share: float, version: str) -> None:
        """Sets up a tracer provider with this processor.

        Args:
            processor: Where spans go.
            share: Share of the recognitions that are traced, 0..1.
            version: Version of the server.
        """
        self._provider = TracerProvider(
            sampler=TraceIdRatioBased(share),
            resource=Resource.create({SERVICE_NAME: "portero-server", SERVICE_VERSION: version}),
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("portero")

    def recognition(self, camera_id: str | None) -> Mark | None:
        """Starts a trace, and adds its id to the task's log lines."""
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
        """Creates a span around a step, linked to the recognitions."""
        return self._step(name, [mark.span for mark in marks if isinstance(mark, SpanMark)], attributes)

    def close(self) -> None:
        """Sends the remaining spans."""
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
