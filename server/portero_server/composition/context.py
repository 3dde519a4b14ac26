"""What all parts of a server are built from."""

from __future__ import annotations

from dataclasses import dataclass

from portero_server.clock import SystemClock
from portero_server.settings import Settings
from portero_server.telemetry.metrics import Metrics
from portero_server.telemetry.traces import Traces


@dataclass(frozen=True, slots=True)
class BuildContext:
    """The settings, and what every part may use."""

    settings: Settings
    clock: SystemClock
    metrics: Metrics
    traces: Traces
