"""A trace leads from a face over its batch and the engine's call to the commit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast

import pytest
import structlog
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.openmetrics.exposition import generate_latest

from portero_server.engines.base import Engine, FaceCrop, Identification
from portero_server.recognition.batcher import Batcher
from portero_server.telemetry.metrics import Metrics
from portero_server.telemetry.open_telemetry import OpenTelemetryTraces
from portero_server.telemetry.traces import NO_TRACES, Traces, tracing
from tests.support.server.stream_harness import TRAITS, StreamHarness, face, looked, named, stream_harness
from tests.support.time.virtual_time import in_virtual_time, running_clock


class _Engine:
    """Knows everybody as Ana."""

    traits = TRAITS

    async def identify(self, crops: Sequence[FaceCrop]) -> Sequence[Identification]:
        return [named("ana") for _ in crops]


async def _seen(traces: Traces) -> tuple[StreamHarness, list[str]]:
    """Shows a face until it is named; gives the house and the trace ids that log lines would carry."""
    clock = running_clock()
    metrics = Metrics(version="0", engine="scripted")
    batcher = Batcher(
        cast("Engine", _Engine()),
        clock,
        metrics.recognition,
        delay=0.0,
        capacity=4,
        concurrency=1,
        traces=traces,
    )
    logged: list[str] = []

    async def identify(crop: FaceCrop) -> Identification:
        answer = await batcher.identify(crop)
        logged.append(structlog.contextvars.get_contextvars().get("trace_id", ""))
        return answer

    running = asyncio.ensure_future(batcher.run())
    async with stream_harness({n: looked(face()) for n in range(1, 6)}, identify, traces=traces, clock=clock) as at:
        session = await at.open()
        at.send(session, 1, 2, 3, 4, 5)
        session.finish()
        async with asyncio.TaskGroup() as group:
            group.create_task(at.listen(session))
            await session.run()
    running.cancel()
    await asyncio.wait({running})
    return at, logged


def _scrape(at: StreamHarness) -> str:
    # The library has no types for OpenMetrics, which alone has exemplars.
    return str(generate_latest(at.metrics.registry).decode())  # type: ignore[no-untyped-call]


@in_virtual_time
async def test_a_recognition_is_found_in_its_batch_and_its_commit() -> None:
    """Batch and commit link to the recognition, which tells the frame; the engine's call is within the batch."""
    exporter = InMemorySpanExporter()
    traces = OpenTelemetryTraces(SimpleSpanProcessor(exporter), share=1.0, version="1")
    at, logged = await _seen(traces)
    spans = {span.name: span for span in exporter.get_finished_spans() if span.name != "commit" or span.links}
    recognition, batch, engine, commit = (spans[name] for name in ("recognition", "batch", "engine", "commit"))
    assert recognition.context is not None
    assert batch.context is not None
    assert [link.context for link in batch.links] == [recognition.context]
    assert [link.context for link in commit.links] == [recognition.context]
    assert engine.parent is not None
    assert engine.parent.span_id == batch.context.span_id
    assert dict(recognition.attributes or {}) == {
        "portero.camera": "door",
        "portero.track": "door.e1.1.0",
        "portero.sequence": 1,
        "portero.outcome": "match",
    }
    trace_id = f"{recognition.context.trace_id:032x}"
    assert logged == [trace_id]
    assert f'# {{trace_id="{trace_id}"}}' in _scrape(at)
    traces.close()


@pytest.mark.parametrize("share", [0.0, None])
@in_virtual_time
async def test_what_is_not_traced_leaves_no_mark(share: float | None) -> None:
    """Outside the share, or without tracing, no recognition, log line or metric knows of a trace."""
    exporter = InMemorySpanExporter()
    traces: Traces = NO_TRACES
    if share is not None:
        traces = OpenTelemetryTraces(SimpleSpanProcessor(exporter), share=share, version="1")
    at, logged = await _seen(traces)
    assert exporter.get_finished_spans() == ()
    assert logged == [""]
    assert "trace_id" not in _scrape(at)


def test_without_an_endpoint_nothing_is_traced() -> None:
    """Tracing is off by default, and OpenTelemetry is not needed then."""
    with tracing(None, share=1.0, version="1") as traces:
        assert traces is NO_TRACES
