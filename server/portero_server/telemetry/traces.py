"""Traces of recognitions: the interface, and a version that traces nothing.

A trace covers one recognition, not one stream, which may last for weeks: it starts when a face is to be identified and
ends when the answer was acted on. Batches and commits are shared, so they are separate spans that link to the
recognitions they carry.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from portero_server.errors import StartupProblem
from portero_server.telemetry.marks import Attribute, Mark


class Traces(Protocol):
    """Creates traces of recognitions."""

    def recognition(self, camera_id: str | None) -> Mark | None:
        """Starts the trace of a recognition in the current task.

        Returns the existing mark if the task already has one.
        """
        ...

    def step(
        self, name: str, marks: Sequence[Mark] = (), **attributes: Attribute
    ) -> AbstractContextManager[object, bool | None]:
        """Traces a step, possibly within another step, for these recognitions."""
        ...


_NOTHING = nullcontext()


class NoTraces:
    """Traces nothing, at no cost."""

    def recognition(self, camera_id: str | None) -> Mark | None:
        """Returns None: no trace is started."""
        return None

    def step(
        self, name: str, marks: Sequence[Mark] = (), **attributes: Attribute
    ) -> AbstractContextManager[object, bool | None]:
        """Does nothing around the step."""
        return _NOTHING


NO_TRACES = NoTraces()


@contextmanager
def tracing(endpoint: str | None, *, share: float, version: str) -> Iterator[Traces]:
    """Yields traces that are sent to an OTLP endpoint, or to nowhere if there is none.

    Args:
        endpoint: http://HOST:PORT of a collector, or None.
        share: Share of the recognitions that are traced, 0..1.
        version: Version of the server.

    Raises:
        StartupProblem: OpenTelemetry is not installed.
    """
    if endpoint is None:
        yield NO_TRACES
        return
    try:
        from portero_server.telemetry.open_telemetry import OpenTelemetryTraces, open_exporter
    except ModuleNotFoundError as missing:
        raise StartupProblem(
            f"{missing.name} is not installed; PORTERO_TRACE_ENDPOINT needs it: pip install 'portero[trace]'"
        ) from None
    traces = OpenTelemetryTraces(open_exporter(endpoint), share=share, version=version)
    try:
        yield traces
    finally:
        traces.close()
