"""The state that operations work on, and the type of operations."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from portero_server.clock import Clock
from portero_simulator.liveness import LivenessSessions
from portero_simulator.model import Document
from portero_simulator.processors import StreamProcessors
from portero_simulator.recognizer import Recognizer
from portero_simulator.store import Collections


@dataclass(frozen=True, slots=True)
class Service:
    """Rekognition behind its protocol, in the simulated `region`: collections, recognizer, sessions, processors."""

    collections: Collections
    recognizer: Recognizer
    clock: Clock
    region: str
    sessions: LivenessSessions = field(default_factory=LivenessSessions)
    processors: StreamProcessors = field(default_factory=StreamProcessors)


Operation = Callable[[Service, Document], Awaitable[Document]]
"""Answers a request; raises ApiProblem."""
