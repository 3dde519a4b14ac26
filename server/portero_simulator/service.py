"""The state that operations work on, and the type of operations."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from portero_server.clock import Clock
from portero_simulator.liveness import LivenessSessions
from portero_simulator.model import Document
from portero_simulator.recognizer import Recognizer
from portero_simulator.store import Collections


@dataclass(frozen=True, slots=True)
class Service:
    """Rekognition behind its protocol: collections, recognizer and liveness sessions, in the simulated `region`."""

    collections: Collections
    recognizer: Recognizer
    clock: Clock
    region: str
    sessions: LivenessSessions = field(default_factory=LivenessSessions)


Operation = Callable[[Service, Document], Awaitable[Document]]
"""Answers a request; raises ApiProblem."""
