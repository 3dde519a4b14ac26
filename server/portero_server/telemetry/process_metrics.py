"""Metrics of the process: memory, event loop, threads, and the served certificate."""

from __future__ import annotations

import multiprocessing
import os
import platform
from datetime import datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.platform_collector import PlatformCollector

from portero_server.telemetry import instruments


class ProcessMetrics:
    """Measures the event loop's delay by a timer, and asks the operating system before each scrape."""

    def __init__(self, registry: CollectorRegistry, *, version: str, engine: str) -> None:
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self.build_info = Gauge(
            "portero_build_info", "Always 1; says what runs.", ("version", "engine", "python"), registry=registry
        )
        self.build_info.labels(version, engine, platform.python_version()).set(1)
        self.loop_lag = Histogram(
            "portero_event_loop_lag_seconds",
            "How late the event loop was for a timer that comes ten times a second.",
            buckets=instruments.FAST,
            registry=registry,
        )
        self.workers = Gauge("portero_worker_processes", "Worker processes that live.", registry=registry)
        self.worker_memory = Gauge(
            "portero_worker_resident_memory_bytes", "Resident memory of all worker processes.", registry=registry
        )

    def loop_late(self, seconds: float) -> None:
        """Records by how many seconds the event loop was late."""
        self.loop_lag.observe(seconds)

    def refresh(self) -> None:
        """Updates the number of worker processes and their memory."""
        workers = [child.pid for child in multiprocessing.active_children() if child.pid is not None]
        self.workers.set(len(workers))
        self.worker_memory.set(sum(resident_memory(pid) for pid in workers))


def resident_memory(pid: int) -> int:
    """Returns a process's resident memory in bytes; 0 if it ended, or if there is no /proc."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


class TlsMetrics:
    """Metrics of the certificates; called from any thread."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.not_after = Gauge(
            "portero_tls_not_after_timestamp_seconds",
            "When a certificate expires, Unix time: server (the certificate in use, or an intermediate of it), "
            "client_ca (the first of the client authorities). Only where there is one.",
            ("certificate",),
            registry=registry,
        )
        self.reloads = Counter(
            "portero_tls_reloads",
            "Changed certificate files: taken up, or refused because they cannot be served (the log says why).",
            ("outcome",),
            registry=registry,
        )
        for outcome in ("taken", "refused"):
            self.reloads.labels(outcome)
        self._loads = 0

    def certificate_loaded(self, not_after: datetime, client_ca_not_after: datetime | None) -> None:
        """Sets the expiry times of the certificates now served."""
        self.not_after.labels("server").set(not_after.timestamp())
        if client_ca_not_after is not None:
            self.not_after.labels("client_ca").set(client_ca_not_after.timestamp())
        if self._loads:
            self.reloads.labels("taken").inc()
        self._loads += 1

    def certificate_refused(self) -> None:
        """Counts changed files that cannot be served."""
        self.reloads.labels("refused").inc()
