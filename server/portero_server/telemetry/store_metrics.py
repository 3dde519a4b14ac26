"""Metrics of the database."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from portero_server.telemetry import instruments
from portero_server.telemetry.instruments import Durations

_OUTCOMES = ("committed", "read", "failed", "unavailable", "unknown", "cancelled")


class StoreMetrics:
    """Metrics of commits and of units of work."""

    def __init__(self, registry: CollectorRegistry, stages: Durations) -> None:
        self.commit_streams = Histogram(
            "portero_commit_streams", "Streams in one commit.", buckets=instruments.BATCH, registry=registry
        )
        self.commit_retries = Counter("portero_commit_retries", "Commits tried again.", registry=registry)
        self.commit_refusals = Counter(
            "portero_commit_refusals",
            "Commits of one stream that the database will never take as they are; what it takes of them is written.",
            registry=registry,
        )
        self.units = Counter(
            "portero_database_units", "Units of work in the database, by outcome.", ("outcome",), registry=registry
        )
        self.retries = Counter(
            "portero_database_retries", "Units of work tried again inside the database layer.", registry=registry
        )
        self.seconds = Histogram(
            "portero_database_unit_seconds",
            "Time of a unit of work, waiting and retries included.",
            buckets=instruments.FAST,
            registry=registry,
        )
        self.connections = Gauge(
            "portero_database_connections", "Connections to the database in use.", registry=registry
        )
        self.connections_limit = Gauge(
            "portero_database_connections_limit", "Most connections to the database.", registry=registry
        )
        self.storage = Gauge(
            "portero_database_storage_bytes",
            "Size of the file system that holds the database file; 0 with a database server, which watches its own.",
            registry=registry,
        )
        self.storage_free = Gauge(
            "portero_database_storage_free_bytes", "What is free of that file system.", registry=registry
        )
        self.writable = Gauge(
            "portero_database_writable",
            "Whether the database takes commits, as last found; 0: its file is gone, its disk full, or it is locked.",
            registry=registry,
        )
        self._commit = stages.series("commit")
        for outcome in _OUTCOMES:
            self.units.labels(outcome)

    def commit_done(self, streams: int, seconds: float) -> None:
        """Counts a successful group commit, with its number of streams and duration."""
        self.commit_streams.observe(streams)
        self._commit.observe(seconds)

    def commit_retried(self) -> None:
        """Counts a retry of a group commit."""
        self.commit_retries.inc()

    def commit_refused(self) -> None:
        """Counts a refused commit of one stream."""
        self.commit_refusals.inc()

    def observe_unit(self, seconds: float, retries: int, outcome: str) -> None:
        """Records a finished unit of work."""
        self.units.labels(outcome).inc()
        self.retries.inc(retries)
        self.seconds.observe(seconds)

    def database_is(self, *, in_use: int, limit: int, storage: int, storage_free: int) -> None:
        """Sets the number of connections in use, and the bytes free."""
        self.connections.set(in_use)
        self.connections_limit.set(limit)
        self.storage.set(storage)
        self.storage_free.set(storage_free)

    def database_is_writable(self, writable: bool) -> None:
        """Sets whether the database accepts commits."""
        self.writable.set(writable)
