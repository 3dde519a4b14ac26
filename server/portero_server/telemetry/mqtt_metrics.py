"""Metrics of what is published to the MQTT broker, and of commands from it."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

_KINDS = ("state", "discovery", "removal")
_DROPS = ("failed", "leftover", "command")
_RESULTS = ("done", "unchanged", "refused", "failed")


class MqttMetrics:
    """Counts publications and commands, and shows whether the broker is connected."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.connection = Gauge(
            "portero_mqtt_connected",
            "1 while this server is connected to the MQTT broker; of several servers one is.",
            registry=registry,
        )
        self.publications = Counter(
            "portero_mqtt_published",
            "Publications that the MQTT broker confirmed: of a state, a discovery message, or the removal of either.",
            ("kind",),
            registry=registry,
        )
        self.drops = Counter(
            "portero_mqtt_dropped",
            "What was dropped: publications that the broker refused or did not confirm (failed; what holds after a new "
            "connection is published then), names of retained topics to remove beyond the bound (leftover), and "
            "commands that came while too many waited (command).",
            ("what",),
            registry=registry,
        )
        self.failures = Counter(
            "portero_mqtt_connections_failed",
            "Connections to the MQTT broker that were not made, or broke.",
            registry=registry,
        )
        self.commands = Counter(
            "portero_mqtt_commands",
            "Commands that came by MQTT: done, unchanged (it was so already), refused (another payload, or no camera "
            "of this server's sites) or failed.",
            ("result",),
            registry=registry,
        )
        for kind in _KINDS:
            self.publications.labels(kind)
        for what in _DROPS:
            self.drops.labels(what)
        for result in _RESULTS:
            self.commands.labels(result)

    def is_connected(self, *, connected: bool) -> None:
        """Sets whether the broker is connected."""
        self.connection.set(connected)

    def connection_failed(self) -> None:
        """Counts a connection that was not made, or broke."""
        self.failures.inc()

    def published(self, kind: str) -> None:
        """Counts a publication by what it was of."""
        self.publications.labels(kind).inc()

    def dropped(self, what: str) -> None:
        """Counts what was dropped."""
        self.drops.labels(what).inc()

    def commanded(self, result: str) -> None:
        """Counts a command by what became of it."""
        self.commands.labels(result).inc()
