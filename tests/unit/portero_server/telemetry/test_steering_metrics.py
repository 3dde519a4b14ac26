"""Metrics of steering: every kind from zero, and no more names of bridges than are bounded."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from portero_server.domain.steering.policy import SteeringCause
from portero_server.domain.streams.messages import Advice, Directive
from portero_server.telemetry.steering_metrics import SteeringMetrics


def _made() -> tuple[SteeringMetrics, CollectorRegistry]:
    registry = CollectorRegistry()
    return SteeringMetrics(registry), registry


def _agents(registry: CollectorRegistry) -> dict[str, float]:
    (family,) = [family for family in registry.collect() if family.name == "portero_bridge_streams"]
    return {sample.labels["agent"]: sample.value for sample in family.samples}


def test_a_directive_counts_once_for_each_thing_it_asks_for() -> None:
    """A rate and a pause in one Directive are two; every kind is there before the first."""
    metrics, registry = _made()
    assert registry.get_sample_value("portero_directives_total", {"kind": "max_side"}) == 0
    metrics.directive_sent(Directive(Advice.TOO_DARK, max_rate=2.0, pause=0.0))
    counted = [registry.get_sample_value("portero_directives_total", {"kind": kind}) for kind in ("max_rate", "pause")]
    assert counted == [1, 1]
    assert registry.get_sample_value("portero_directives_total", {"kind": "too_dark"}) == 1
    assert registry.get_sample_value("portero_directives_total", {"kind": "max_side"}) == 0


def test_streams_are_counted_by_why_they_are_steered() -> None:
    """A stream with two causes counts in both, and one that is left alone in none."""
    metrics, registry = _made()
    metrics.streams_are([("b/1", (SteeringCause.IDLE, SteeringCause.OVERLOADED)), ("b/1", ())])
    assert registry.get_sample_value("portero_streams_steered", {"cause": "idle"}) == 1
    metrics.streams_are([])
    assert registry.get_sample_value("portero_streams_steered", {"cause": "idle"}) == 0


def test_names_of_bridges_are_bounded() -> None:
    """The most frequent names are told, the rest together, and whoever gives none or an odd one is not a label."""
    metrics, registry = _made()
    streams = [(f"bridge/{number}", ()) for number in range(30) for _ in range(number + 1)]
    metrics.streams_are([*streams, ("", ()), ('x"\u00e9', ())])
    agents = _agents(registry)
    assert len(agents) == 21
    assert agents["bridge/29"] == 30
    assert sum(agents.values()) == len(streams) + 2
    metrics.streams_are([("", ()), ("\u00e9", ())])
    assert _agents(registry) == {"unnamed": 1, "other": 1}
