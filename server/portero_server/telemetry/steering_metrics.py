"""Metrics of what bridges are asked for, and of which bridges there are."""

from __future__ import annotations

import re
from collections import Counter as Tally
from collections.abc import Collection, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge

from portero_server.domain.steering.policy import SteeringCause
from portero_server.domain.streams.messages import Advice, Directive

_MOST_AGENTS = 20
_AGENT = re.compile(r"[A-Za-z0-9._/ +-]{1,64}")
_KINDS = ("max_rate", "max_side", "pause", *(advice.value for advice in Advice))


class SteeringMetrics:
    """Counts Directives, and the open streams by what is asked of them and by their bridges' names."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._directives = Counter(
            "portero_directives",
            "Directives sent to bridges, by what they ask for: max_rate, max_side or pause (lifting one counts too), "
            "or the advice they give. One that asks for two things counts twice.",
            ("kind",),
            registry=registry,
        )
        self._steered = Gauge(
            "portero_streams_steered",
            "Open streams whose bridge is asked for a lower rate (overloaded, idle), smaller pictures (large_faces) or "
            "a pause (closed, budget_spent) at present.",
            ("cause",),
            registry=registry,
        )
        self._bridges = Gauge(
            "portero_bridge_streams",
            f"Open streams by name and version of the bridge: the {_MOST_AGENTS} most frequent, and other; unnamed for "
            "one that gives none.",
            ("agent",),
            registry=registry,
        )
        for kind in _KINDS:
            self._directives.labels(kind)
        for cause in SteeringCause:
            self._steered.labels(cause.value)

    def directive_sent(self, directive: Directive) -> None:
        """Counts a Directive."""
        for kind in directive.kinds:
            self._directives.labels(kind).inc()

    def streams_are(self, streams: Iterable[tuple[str, Collection[SteeringCause]]]) -> None:
        """Sets the state of the open streams at a scrape: the bridge's name of each, and why it is asked for less."""
        agents, causes = Tally[str](), Tally[SteeringCause]()
        for agent, why in streams:
            agents[_label(agent)] += 1
            causes.update(why)
        for cause in SteeringCause:
            self._steered.labels(cause.value).set(causes[cause])
        self._bridges.clear()
        for agent, count in _bounded(agents).items():
            self._bridges.labels(agent).set(count)


def _label(agent: str) -> str:
    if not agent:
        return "unnamed"
    return agent if _AGENT.fullmatch(agent) else "other"


def _bounded(agents: Tally[str]) -> Tally[str]:
    """Returns the counts of the most frequent agents, and those of all others together."""
    ranked = sorted(agents.items(), key=lambda item: (-item[1], item[0]))
    bounded = Tally(dict(ranked[:_MOST_AGENTS]))
    if rest := sum(count for _, count in ranked[_MOST_AGENTS:]):
        bounded["other"] += rest
    return bounded
